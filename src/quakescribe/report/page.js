(function () {
  "use strict";
  const root = document.documentElement;
  const toDark = JSON.parse(document.getElementById("to-dark").textContent);
  const button = document.getElementById("theme");
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 600px)");
  const LIVE = 6; // figures with WebGL at a time: each holds two contexts, and a browser grants about sixteen
  const SLIM = 420; // pixels; figures below have smaller type
  const PRINTED = 3000; // points of a cloud on paper
  const drawn = new Set();
  const live = new Set();
  const near = new Set();
  let webgl = null;
  let printing = false;

  function hasWebGL() {
    if (webgl === null) webgl = Boolean(document.createElement("canvas").getContext("webgl"));
    return webgl;
  }

  function isDark() { return root.dataset.theme === "dark"; }

  // Exchange every light colour for its dark partner; long arrays hold data, not colours.
  function darkened(node) {
    if (typeof node === "string") return toDark[node] || node;
    if (Array.isArray(node)) return node.length > 64 ? node : node.map(darkened);
    if (node && typeof node === "object") {
      const copy = {};
      for (const key of Object.keys(node)) copy[key] = key === "bdata" ? node[key] : darkened(node[key]);
      return copy;
    }
    return node;
  }

  // On a phone and in narrow columns: smaller type, fewer labels along x, none of them turned.
  function slimmed(layout) {
    layout.font.size = 11;
    for (const name of ["xaxis", "xaxis2"]) {
      const axis = layout[name];
      if (axis && axis.type !== "category" && !axis.tickvals) Object.assign(axis, { nticks: 5, tickangle: 0 });
    }
    for (const name of ["xaxis", "yaxis", "xaxis2", "yaxis2"]) {
      const axis = layout[name];
      if (axis && axis.title && axis.title.font) axis.title.font.size = 12;
    }
  }

  const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array,
    i1: Int8Array, u1: Uint8Array };

  function listOf(values) {
    if (!values || !values.bdata) return values;
    const bytes = Uint8Array.from(atob(values.bdata), function (c) { return c.charCodeAt(0); });
    return Array.from(new KINDS[values.dtype](bytes.buffer));
  }

  // The same trace as SVG with at most so many points, taken evenly.
  function asSvg(trace, most) {
    trace.type = "scatter";
    const x = listOf(trace.x);
    const step = x ? Math.ceil(x.length / most) : 1;
    if (step <= 1) return;
    const every = function (values) {
      const list = listOf(values);
      return Array.isArray(list) && list.length === x.length
        ? list.filter(function (_, i) { return i % step === 0; }) : values;
    };
    for (const name of ["x", "y", "text", "customdata"]) if (trace[name]) trace[name] = every(trace[name]);
    for (const name of ["size", "color"]) if (trace.marker && trace.marker[name]) trace.marker[name] = every(trace.marker[name]);
  }

  function isWebGL(figure) { return figure.data.some(function (trace) { return trace.type === "scattergl"; }); }

  // Contexts are given back at once: left to the garbage collector they would count on.
  function release(plot) {
    const canvases = Array.from(plot.querySelectorAll(".gl-canvas"));
    live.delete(plot);
    drawn.delete(plot);
    Plotly.purge(plot);
    plot.replaceChildren();
    for (const canvas of canvases) {
      const context = canvas.getContext("webgl");
      const end = context && context.getExtension("WEBGL_lose_context");
      if (end) end.loseContext();
    }
  }

  // Whether one more figure may hold WebGL contexts; one that is out of sight gives up its own.
  function room(plot) {
    if (live.has(plot) || live.size < LIVE) return true;
    for (const other of live) if (!near.has(other)) { release(other); return true; }
    return false;
  }

  function prepared(plot) {
    let figure = JSON.parse(document.getElementById("data-" + plot.id.slice("plot-".length)).textContent);
    if (isDark()) figure = darkened(figure);
    if (isWebGL(figure)) {
      const clouds = figure.data.filter(function (trace) { return trace.type === "scattergl"; });
      if (printing) clouds.forEach(function (trace) { asSvg(trace, PRINTED); });
      else if (!hasWebGL() || !room(plot)) clouds.forEach(function (trace) { asSvg(trace, Infinity); });
      else live.add(plot);
    }
    if (window.matchMedia("(pointer: coarse)").matches) figure.layout.dragmode = false;
    if (plot.clientWidth < SLIM) slimmed(figure.layout);
    return figure;
  }

  const config = {
    responsive: true,
    displaylogo: false,
    displayModeBar: window.matchMedia("(hover: hover)").matches ? "hover" : false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };

  function draw(plot) {
    const figure = prepared(plot);
    drawn.add(plot);
    return Plotly.react(plot, figure.data, figure.layout, config);
  }

  function show(theme) {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(theme === "dark"));
    drawn.forEach(later);
  }

  function remembered() {
    try { return window.localStorage.getItem("quakescribe-theme"); } catch (error) { return null; }
  }

  // Figures are drawn one by one when they come near the window, those in sight first; the page answers in between.
  const waiting = new Set();
  let busy = false;

  function later(plot) {
    waiting.add(plot);
    if (!busy) { busy = true; window.setTimeout(next); }
  }

  function away(plot) {
    const box = plot.getBoundingClientRect();
    return box.bottom < 0 ? window.innerHeight - box.bottom : box.top;
  }

  function next() {
    let first = null;
    let least = Infinity;
    waiting.forEach(function (plot) {
      const distance = away(plot);
      if (distance < least) { least = distance; first = plot; }
    });
    if (!first || least > window.innerHeight) tellDrawn();
    if (!first) { busy = false; return; }
    waiting.delete(first);
    draw(first);
    window.setTimeout(next);
  }

  // For measurements: milliseconds from opening the page until all figures in sight were drawn for the first time.
  function tellDrawn() {
    if (!root.dataset.firstScreenMs) root.dataset.firstScreenMs = String(Math.round(performance.now()));
  }

  show(remembered() || (prefersDark.matches ? "dark" : "light"));
  prefersDark.addEventListener("change", function (event) {
    if (!remembered()) show(event.matches ? "dark" : "light");
  });
  button.addEventListener("click", function () {
    const theme = isDark() ? "light" : "dark";
    try { window.localStorage.setItem("quakescribe-theme", theme); } catch (error) { /* private window */ }
    show(theme);
  });

  const plots = Array.from(document.querySelectorAll(".plot"));

  function watch() {
    if (!("IntersectionObserver" in window)) {
      plots.forEach(function (plot) { near.add(plot); later(plot); });
      return;
    }
    const watcher = new IntersectionObserver(function (entries) {
      for (const entry of entries) {
        if (entry.isIntersecting) near.add(entry.target); else near.delete(entry.target);
        if (entry.isIntersecting && !drawn.has(entry.target)) later(entry.target);
      }
    }, { rootMargin: "800px" });
    plots.forEach(function (plot) { watcher.observe(plot); });
  }

  // Plotly is read only after the words and tables stand on the screen.
  function loadPlotly() {
    if (window.Plotly) return;
    const script = document.createElement("script");
    script.textContent = document.getElementById("plotly").textContent;
    document.body.append(script);
  }

  let begun = false;

  function begin() {
    if (begun) return;
    begun = true;
    if (plots.every(function (plot) { return away(plot) > window.innerHeight; })) tellDrawn();
    if (!plots.length) return;
    loadPlotly();
    watch();
  }

  // After the first frame; a page that nobody looks at yet has no frames.
  window.requestAnimationFrame(function () {
    window.requestAnimationFrame(function () { window.setTimeout(begin); });
  });
  window.setTimeout(begin, 1000);

  narrow.addEventListener("change", function () { drawn.forEach(later); });

  // Only the verdicts that are asked for; with none chosen, all.
  const filters = Array.from(document.querySelectorAll(".filter"));
  filters.forEach(function (filter) {
    filter.addEventListener("click", function () {
      filter.setAttribute("aria-pressed", String(filter.getAttribute("aria-pressed") !== "true"));
      const chosen = filters.filter(function (one) { return one.getAttribute("aria-pressed") === "true"; })
        .map(function (one) { return one.dataset.verdict; });
      document.querySelectorAll("tr[data-verdict]").forEach(function (row) {
        row.hidden = chosen.length > 0 && !chosen.includes(row.dataset.verdict);
      });
      document.querySelectorAll("#verdicts .panel").forEach(function (panel) {
        const some = panel.querySelector("tr[data-verdict]:not([hidden])") !== null;
        panel.classList.toggle("nothing-left", !some);
        if (chosen.length && some && panel.id !== "verdicts-single") panel.open = true;
      });
      document.querySelectorAll("#verdicts .rest").forEach(function (rest) {
        rest.open = chosen.length > 0 && rest.querySelector("tr[data-verdict]:not([hidden])") !== null;
      });
    });
  });

  // A table of the page as a file: base64, then gzip; where the browser cannot unpack, the packed file is given.
  async function unpacked(id) {
    const text = document.getElementById(id).textContent;
    const packed = new Blob([Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); })]);
    if (!("DecompressionStream" in window)) return { blob: packed, ending: ".gz" };
    const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return { blob: new Blob([await new Response(stream).arrayBuffer()], { type: "text/csv" }), ending: "" };
  }

  document.querySelectorAll(".download").forEach(function (one) {
    one.addEventListener("click", async function () {
      const file = await unpacked(one.dataset.from);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file.blob);
      link.download = one.dataset.name + file.ending;
      link.click();
      window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
    });
  });

  // On paper: light, as wide as the sheet, every figure drawn, all text unfolded.
  const UNFOLDED = "details.told:not([open]), #verdicts details:not([open], #verdicts-single)";
  let before = null;
  window.addEventListener("beforeprint", function () {
    before = { theme: root.dataset.theme, folded: Array.from(document.querySelectorAll(UNFOLDED)) };
    printing = true;
    root.dataset.theme = "light";
    root.classList.add("printing");
    before.folded.forEach(function (one) { one.open = true; });
    loadPlotly();
    drawn.forEach(release); // a drawn figure keeps its size
    plots.forEach(draw);
  });
  window.addEventListener("afterprint", function () {
    if (!before) return;
    printing = false;
    root.classList.remove("printing");
    before.folded.forEach(function (one) { one.open = false; });
    const theme = before.theme;
    before = null;
    drawn.forEach(release);
    show(theme);
    near.forEach(later);
  });
})();

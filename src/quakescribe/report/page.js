(function () {
  "use strict";
  const root = document.documentElement;
  const toDark = JSON.parse(document.getElementById("to-dark").textContent);
  const button = document.getElementById("theme");
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Set();
  let webgl = null;

  function hasWebGL() {
    if (webgl === null) webgl = Boolean(document.createElement("canvas").getContext("webgl"));
    return webgl;
  }

  const narrow = window.matchMedia("(max-width: 600px)");

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

  // On a phone: smaller type, fewer labels along x, none of them turned.
  function slimmed(layout) {
    layout.font.size = 11;
    Object.assign(layout.xaxis, { nticks: 5, tickangle: 0 });
    for (const axis of [layout.xaxis, layout.yaxis, layout.yaxis2]) if (axis) axis.title.font.size = 12;
  }

  function prepared(key) {
    let figure = JSON.parse(document.getElementById("data-" + key).textContent);
    if (isDark()) figure = darkened(figure);
    for (const trace of figure.data) if (trace.type === "scattergl" && !hasWebGL()) trace.type = "scatter";
    if (window.matchMedia("(pointer: coarse)").matches) figure.layout.dragmode = false;
    if (narrow.matches) slimmed(figure.layout);
    return figure;
  }

  const config = {
    responsive: true,
    displaylogo: false,
    displayModeBar: window.matchMedia("(hover: hover)").matches ? "hover" : false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };

  function draw(plot) {
    const key = plot.id.slice("plot-".length);
    const figure = prepared(key);
    drawn.add(plot);
    return Plotly.react(plot, figure.data, figure.layout, config);
  }

  function show(theme) {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(theme === "dark"));
    drawn.forEach(draw);
  }

  function remembered() {
    try { return window.localStorage.getItem("quakescribe-theme"); } catch (error) { return null; }
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

  // Figures are drawn when they come near the window, so that a long report opens at once.
  const plots = Array.from(document.querySelectorAll(".plot"));
  if ("IntersectionObserver" in window) {
    const watcher = new IntersectionObserver(function (entries) {
      for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
    }, { rootMargin: "800px" });
    plots.forEach(function (plot) { watcher.observe(plot); });
  } else {
    plots.forEach(draw);
  }

  narrow.addEventListener("change", function () { drawn.forEach(draw); });

  let before = null;
  window.addEventListener("beforeprint", function () {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    plots.forEach(draw);
  });
  window.addEventListener("afterprint", function () { if (before) show(before); });
})();

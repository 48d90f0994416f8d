import re
import sys
from pathlib import Path

import numpy as np
import pytest
from made_audit import CHECKS, made_audit
from matplotlib.colors import to_rgba

from quakescribe.audit import audit, make_case
from quakescribe.report import style
from quakescribe.report.coordinates import Axis, colour, numbers, plain, stepped, values
from quakescribe.report.page import sections
from quakescribe.report.panel import Panel
from quakescribe.report.print_figure import drawn
from quakescribe.report.publish import DOUBLE_MM, SINGLE_MM, figures, publish, size_mm
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import gather


def made(traces, x=None, y=None, **layout):
    """A drawn figure of traces that went through plotly and its JSON, as those of the report do."""
    tree = style.figure(traces, style.layout(x or style.axis("x"), y or style.axis("y"), **layout))
    return drawn(tree, SINGLE_MM, 60.0)


def axes(figure, k=0):
    return figure.axes[k]


@pytest.fixture(scope="module")
def files(run_tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    return figures(run_tables, {}, folder, ReportSettings(), made_audit(), CHECKS, formats=("pdf",))


def test_every_figure_of_the_report_is_written_with_its_caption(files, run_tables):
    facts = gather(run_tables, {})
    panels = [p for one in sections(facts, {}, ReportSettings(), made_audit(), CHECKS) for p in one.panels if p.figure]
    assert [path.name for path in files] == [*(f"{p.key}.pdf" for p in panels), "captions.md"]
    told = files[-1].read_text(encoding="utf-8")
    for panel in panels:
        assert f"**{panel.title}** ({panel.key}.pdf). {panel.caption}" in told
    assert all(path.read_bytes().startswith(b"%PDF") for path in files[:-1])


def test_all_figures_of_a_whole_audit_have_a_printed_form():
    sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
    from made_catalogue import MODEL, catalogue, reference_picks

    tables = catalogue(300, 12.0)
    found = audit(make_case(tables, AuditSettings(resamples=60), MODEL, reference=reference_picks(tables)))
    panels = [p for one in sections(gather(tables, {}), {}, ReportSettings(), found) for p in one.panels]
    assert len({panel.key for panel in panels}) == len(panels)
    for panel in panels:
        assert panel.figure is None or drawn(panel.figure, *size_mm(panel)).axes, panel.key


def test_a_cloud_is_an_image_inside_the_pdf_and_everything_else_is_not(files, tmp_path):
    found = {path.stem: path.read_bytes() for path in files if path.suffix == ".pdf"}
    assert b"/Subtype /Image" not in found["residuals"]
    cloud = [{"type": "scattergl", "mode": "markers", "x": np.arange(50_000.0), "y": np.sin(np.arange(50_000.0))}]
    tree = style.figure(cloud, style.layout(style.axis("x"), style.axis("y")))
    made_of = publish([Panel("cloud", "Cloud", "", tree)], tmp_path, ("pdf",), dpi=100)[0].read_bytes()
    assert b"/Subtype /Image" in made_of
    assert len(made_of) < 400_000


def test_letters_stay_letters_in_the_pdf(files):
    assert b"/Subtype /Type0" in next(path for path in files if path.stem == "residuals").read_bytes()


def test_the_same_panel_gives_the_same_bytes(tmp_path):
    tree = style.figure([{"type": "scatter", "x": [1, 2], "y": [3, 4]}], style.layout(style.axis("x"), style.axis("y")))
    panel = Panel("one", "One", "Two.", tree)
    first = [path.read_bytes() for path in publish([panel], tmp_path / "a", ("png", "pdf", "svg"))]
    assert first == [path.read_bytes() for path in publish([panel], tmp_path / "b", ("png", "pdf", "svg"))]


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="docx"):
        publish([], tmp_path / "no", ("docx",))
    assert not (tmp_path / "no").exists()


def test_panels_without_a_figure_are_left_out(tmp_path):
    assert [path.name for path in publish([Panel("a", "A", "Nothing to show.")], tmp_path)] == ["captions.md"]


@pytest.mark.parametrize(("size", "width"), [("half", SINGLE_MM), ("third", SINGLE_MM), ("wide", DOUBLE_MM)])
def test_widths_are_those_of_journals_and_no_figure_is_higher_than_a_page(size, width):
    for aspect, least in ((0.5, 250), (3.0, 250), (0.5, 9000)):
        found = size_mm(Panel("a", "A", "", {}, size=size, aspect=aspect, least=least))
        assert found[0] == width
        assert 45 <= found[1] <= 240


def test_letters_are_eight_points():
    figure = made([{"type": "bar", "x": ["a", "b"], "y": [1, 2], "text": ["1", "2"], "name": "n"}], showlegend=True)
    texts = figure.findobj(lambda one: hasattr(one, "get_fontsize"))
    sizes = {text.get_fontsize() for text in texts if text.get_text()}
    assert sizes == {8.0}


def test_packed_arrays_are_read_as_numpy_packed_them():
    packed = style.figure([{"type": "scatter", "x": np.arange(3.0), "y": np.array([1, 5, 300], dtype=np.int32)}],
                          style.layout(style.axis("x"), style.axis("y")))["data"][0]
    assert "bdata" in packed["x"]
    assert values(packed["x"]) == [0.0, 1.0, 2.0]
    assert values(packed["y"]) == [1, 5, 300]
    heat = style.figure([{"type": "heatmap", "z": np.arange(6.0).reshape(2, 3)}], {})["data"][0]
    assert numbers(heat["z"]).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_points_and_lines_stand_where_the_data_are():
    figure = made([{"type": "scattergl", "mode": "lines+markers", "x": [1, 2, None], "y": [5, 7, 9], "name": "a",
                    "line": {"color": "#d55e00", "dash": "dash", "width": 2}, "marker": {"size": 10}}])
    line = axes(figure).lines[0]
    assert line.get_xdata()[:2].tolist() == [1, 2]
    assert line.get_ydata().tolist() == [5, 7, 9]
    assert to_rgba(line.get_color()) == to_rgba("#d55e00")
    assert line.get_linewidth() == pytest.approx(1.2)
    assert axes(figure).collections[0].get_offsets()[:2].tolist() == [[1, 5], [2, 7]]
    assert axes(figure).collections[0].get_sizes().tolist() == [36.0]


def test_a_large_cloud_is_an_image_and_a_small_one_is_not():
    for n, image in ((100, False), (5000, True)):
        figure = made([{"type": "scattergl", "mode": "markers", "x": np.arange(n), "y": np.arange(n)}])
        assert bool(axes(figure).collections[0].get_rasterized()) is image


def test_each_point_may_have_its_own_size_and_shade_with_a_bar_of_colours():
    marker = {"size": [5, 10], "color": [1.0, 3.0], "colorscale": [[0, "#000000"], [1, "#ffffff"]], "cmin": 1.0,
              "cmax": 3.0, "colorbar": {"title": {"text": "Depth (km)"}}}
    figure = made([{"type": "scatter", "mode": "markers", "x": [1, 2], "y": [1, 2], "marker": marker}])
    found = axes(figure).collections[0]
    assert found.get_sizes().tolist() == [9.0, 36.0]
    assert np.allclose(found.get_facecolors()[:, :3], [[0, 0, 0], [1, 1, 1]])
    assert figure.axes[1].get_ylabel() == "Depth (km)"


@pytest.mark.parametrize(("shape", "x", "y"), [
    ("hv", [0, 2, 2, 4, 4], [1, 1, 3, 3, 5]), ("vh", [0, 0, 2, 2, 4], [1, 3, 3, 5, 5]),
    ("hvh", [0, 1, 1, 3, 3, 4], [1, 1, 3, 3, 5, 5]), ("vhv", [0, 0, 2, 2, 4, 4], [1, 2, 2, 4, 4, 5]),
    ("linear", [0, 2, 4], [1, 3, 5])])  # fmt: skip
def test_steps_turn_where_plotly_turns_them(shape, x, y):
    found = stepped(np.array([0.0, 2, 4]), np.array([1.0, 3, 5]), shape)
    assert found[0].tolist() == x
    assert found[1].tolist() == y


def bars(figure):
    return [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in axes(figure).patches]


def test_stacked_bars_stand_on_each_other_those_below_zero_apart():
    traces = [{"type": "bar", "x": [0, 1], "y": y, "width": 1.0, "name": str(y)} for y in ([1, -2], [3, 4], [5, -6])]
    found = bars(made(traces, barmode="relative"))
    assert [(y, h) for _, y, _, h in found] == [(0, 1), (0, -2), (1, 3), (0, 4), (4, 5), (-2, -6)]


def test_lying_bars_of_categories_stand_in_the_order_of_the_axis():
    found = bars(made([{"type": "bar", "orientation": "h", "y": ["b", "a"], "x": [2, 1]}],
                      y=style.axis("", type="category", categoryorder="array", categoryarray=["a", "b"]), bargap=0.2))
    assert [round(y + h / 2, 6) for _, y, _, h in found] == [1, 0]
    assert [w for _, _, w, _ in found] == [2, 1]
    assert all(h == pytest.approx(0.8) for *_, h in found)


def test_bars_of_two_traces_stand_side_by_side():
    found = bars(made([{"type": "bar", "x": ["a"], "y": [1], "name": n} for n in "pq"], barmode="group", bargap=0.2))
    assert [(round(x, 6), round(w, 6)) for x, _, w, _ in found] == [(-0.4, 0.4), (0.0, 0.4)]


def test_error_bars_reach_as_far_as_they_say():
    figure = made([{"type": "scatter", "mode": "markers", "x": [1.0], "y": [5.0],
                    "error_y": {"type": "data", "array": [2.0], "arrayminus": [1.0], "symmetric": False}}])
    reach = next(c for c in axes(figure).collections if hasattr(c, "get_segments") and len(c.get_segments()))
    assert reach.get_segments()[0].tolist() == [[1, 4], [1, 7]]


def test_boxes_have_the_quartiles_that_they_are_given():
    trace = {"type": "box", "orientation": "h", "y": ["s"], "q1": [1], "median": [2], "q3": [4], "lowerfence": [0],
             "upperfence": [9], "name": "P"}
    figure = made([trace], y=style.axis("", type="category"))
    box = axes(figure).patches[0].get_path().vertices
    assert (box[:, 0].min(), box[:, 0].max()) == (1, 4)
    ends = sorted(x for line in axes(figure).lines for x in line.get_xdata())
    assert ends == [0, 1, 2, 2, 4, 9]


def test_a_heatmap_has_its_cells_around_their_middles():
    figure = made([{"type": "heatmap", "x": [1, 2, 3], "y": [10, 20], "z": [[1, 2, 3], [4, None, 6]], "zmin": 0,
                    "zmax": 6, "colorscale": "Viridis"}])
    found = axes(figure).collections[0]
    assert found.get_coordinates()[0, :, 0].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert found.get_coordinates()[:, 0, 1].tolist() == [5, 15, 25]
    assert found.get_array().mask.sum() == 1
    assert found.get_clim() == (0, 6)


def test_dates_are_dates_whether_as_numbers_or_as_text():
    axis = style.axis("Time (UTC)", type="date", range=["2024-03-01 00:00:00", "2024-03-02 00:00:00"])
    figure = made([{"type": "scatter", "x": [1709251200000.0, "2024-03-01T12:00:00"], "y": [1, 2]}], x=axis)
    assert np.diff(axes(figure).lines[0].get_xdata()).tolist() == [0.5]
    assert np.diff(axes(figure).get_xlim()).tolist() == [1.0]


def test_a_logarithmic_axis_takes_its_range_in_powers_of_ten_and_draws_nothing_at_zero():
    figure = made([{"type": "scatter", "x": [1, 2, 3], "y": [0, 10, 100]}], y=style.axis("n", type="log", range=[0, 3]))
    assert axes(figure).get_ylim() == (1.0, 1000.0)
    assert np.isnan(axes(figure).lines[0].get_ydata()[0])


def test_axes_that_point_down_do_so():
    for y in (style.axis("z", autorange="reversed"), style.axis("z", range=[5, 0])):
        low, high = axes(made([{"type": "scatter", "x": [1, 2], "y": [1, 2]}], y=y)).get_ylim()
        assert low > high


def test_the_map_has_equal_scales(files, run_tables):
    facts = gather(run_tables, {})
    panel = next(p for one in sections(facts, {}, ReportSettings()) for p in one.panels if p.key == "map")
    figure = drawn(panel.figure, *size_mm(panel))
    assert axes(figure).get_aspect() == pytest.approx(1 / np.cos(np.radians(40.0)), rel=0.01)
    assert list(axes(figure).get_xlim()) == pytest.approx(panel.figure["layout"]["xaxis"]["range"])


def test_a_second_axis_lies_under_the_first_where_the_first_overlays_it():
    traces = [{"type": "bar", "x": [1], "y": [1], "yaxis": "y2", "name": "b"}, {"type": "scatter", "x": [1], "y": [9]}]
    figure = made(traces, y=style.axis("line", overlaying="y2"), yaxis2=style.axis("bars", side="right"))
    first, second = figure.axes
    assert first.get_zorder() > second.get_zorder()
    assert second.get_ylabel() == "bars"
    assert second.yaxis.get_label_position() == "right"


def test_shapes_and_words_stand_in_data_or_on_paper():
    shapes = [{"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": "#d55e00"}},
              {"type": "rect", "x0": 1, "x1": 3, "y0": 2, "y1": 4, "fillcolor": "rgba(0,114,178,0.5)",
               "line": {"width": 0}}]
    words = [{"text": "a<br><b>b</b>", "x": 2, "y": 3, "showarrow": False}]
    figure = made([{"type": "scatter", "x": [0, 4], "y": [0, 5]}], shapes=shapes, annotations=words)
    ax = axes(figure)
    line, area = ax.artists if len(ax.artists) == 2 else (ax.lines[-1], ax.patches[-1])
    ends = line.get_transform().transform(line.get_xydata())
    box = ax.get_window_extent()
    assert ends[:, 1].tolist() == pytest.approx([box.y0, box.y1])
    assert (area.get_xy(), area.get_width(), area.get_height()) == ((1, 2), 2, 2)
    assert area.get_facecolor()[3] == pytest.approx(0.5)
    assert ax.texts[0].get_text() == "a\nb"


def test_the_legend_names_what_asks_for_it_in_the_order_of_rank():
    traces = [{"type": "scatter", "x": [1], "y": [1], "name": "second", "legendrank": 2},
              {"type": "scatter", "x": [1], "y": [1], "name": "no", "showlegend": False},
              {"type": "scatter", "x": [1], "y": [1], "name": "first", "legendrank": 1}]
    legend = made(traces).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["first", "second"]
    assert not made(traces[:1]).legends


def test_a_band_between_two_lines_is_filled():
    traces = [{"type": "scatter", "mode": "lines", "x": [0, 1], "y": [1, 1]},
              {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [3, 3], "fill": "tonexty"}]
    band = axes(made(traces)).patches[0].get_path().vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (1, 3)


def test_shares_are_percent_where_the_axis_says_so():
    figure = made([{"type": "scatter", "x": [0, 1], "y": [0, 1]}], y=style.axis("Share", tickformat=".0%"))
    assert "100%" in [label.get_text() for label in axes(figure).get_yticklabels()]


def test_a_title_is_not_read_as_a_formula():
    assert plain("5 $ & 3<sup>2</sup>") == r"5 \$ & 3$^{2}$"
    assert plain("a &lt; b") == "a < b"


def test_colours_are_read_in_all_ways_plotly_writes_them():
    assert colour("rgba(255, 0, 0, 0.5)") == (1.0, 0.0, 0.0, 0.5)
    assert colour("rgb(0,0,255)")[:3] == (0.0, 0.0, 1.0)
    assert colour("#ffffff", 0.2) == (1.0, 1.0, 1.0, 0.2)


@pytest.mark.parametrize(("given", "kind"), [([1, 2], "linear"), (["2024-03-01", None], "date"), (["a"], "category"),
                                             (["1", "2.5"], "linear"), ([], "linear")])  # fmt: skip
def test_an_axis_without_a_type_is_what_its_values_look_like(given, kind):
    assert Axis.of({}, given).kind == kind


def test_what_has_no_printed_form_is_refused():
    with pytest.raises(ValueError, match="pie"):
        drawn({"data": [{"type": "pie"}], "layout": {}}, SINGLE_MM, 60.0)
    with pytest.raises(ValueError, match="circle"):
        made([{"type": "scatter", "x": [1], "y": [1]}],
             shapes=[{"type": "circle", "x0": 0, "x1": 1, "y0": 0, "y1": 1}])


def test_figures_without_a_single_point_are_drawn_empty():
    for trace in ({"type": "scatter", "x": [], "y": []}, {"type": "bar", "x": [], "y": []},
                  {"type": "box", "x": [], "q1": [], "median": [], "q3": []},
                  {"type": "scatter", "mode": "markers", "x": [None], "y": [None]}):
        assert made([trace]).axes


def test_captions_carry_no_markup(files):
    assert not re.search(r"<[a-z]+>", files[-1].read_text(encoding="utf-8"))

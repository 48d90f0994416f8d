"""The page in a real browser, where there is one."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_audit import CHECKS, made_audit

from quakescribe.report import style, write
from quakescribe.report.page import render
from quakescribe.report.panel import Panel, Section
from quakescribe.settings.report import ReportSettings

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from browser_peer import PROGRAM, Browser

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Chromium or Chrome is installed")
DRAWN = "document.querySelectorAll('.plot:has(.main-svg)').length"
PLOTS = "document.querySelectorAll('.plot').length"
WIDE = "document.documentElement.scrollWidth"
VISIBLE = "Array.from(document.querySelectorAll('#verdicts tr[data-verdict]')).filter(r => !r.hidden).length"


async def until(browser, expression, most_s=60.0):
    """Wait until an expression is true in the page."""
    for _ in range(int(most_s / 0.05)):
        if found := await browser.value(expression):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"never true: {expression}")


async def read_to_the_end(browser):
    """Scroll through the page; every figure is drawn once."""
    height = await browser.value("document.documentElement.scrollHeight")
    for top in range(0, height + 1, 800):
        await browser.value(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")
        await asyncio.sleep(0.1)
        await until(browser, "Array.from(document.querySelectorAll('.plot')).every(p => { const r = "
                             "p.getBoundingClientRect(); return r.bottom < 0 || r.top > innerHeight || "
                             "p.querySelector('.main-svg'); })")


def in_browser(page, work=None, width=1280, height=900, mobile=False):
    """Open a page, read it to its end, do some work in it, and return its answer; nothing may reach the console."""

    async def go():
        async with Browser(width, height) as browser:
            if mobile:
                await browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                                  deviceScaleFactor=1, mobile=True)
            await browser.open(page)
            await read_to_the_end(browser)
            answer = await work(browser) if work else None
            assert browser.console == []
            return answer

    return asyncio.run(go())


@pytest.fixture(scope="module")
def report(run_tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    return write(run_tables, {"name": "first"}, path, audit=made_audit(), checks=CHECKS)


LETTERS = "getComputedStyle(document.querySelector('#plot-residuals .xtitle')).fill"
THEME = "document.documentElement.dataset.theme"
RIGHT = ("Math.max(...Array.from(document.querySelectorAll('.plot .main-svg')).map(s => "
         "s.getBoundingClientRect().right))")


@pytest.fixture(scope="module")
def seen(report, tmp_path_factory):
    """What there is to see in the report, in one visit: at first, after a change of theme, by verdict, on paper."""
    folder = tmp_path_factory.mktemp("downloads")

    async def work(browser):
        found = {"drawn": await browser.value(DRAWN), "plots": await browser.value(PLOTS),
                 "wide": await browser.value(WIDE), "verdicts": [await browser.value(VISIBLE)],
                 "letters": [await browser.value(LETTERS)]}
        await browser.value("document.getElementById('theme').click()")
        await until(browser, f"{LETTERS} !== '{found['letters'][0]}'")
        found["letters"].append(await browser.value(LETTERS))
        for verdict in ("bad", "watch", "bad", "watch"):
            await browser.value(f"document.querySelector('.filter[data-verdict={verdict}]').click()")
            found["verdicts"].append(await browser.value(VISIBLE))
        await browser.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        await browser.value("document.querySelector('.download[data-name=\"stations.csv\"]').click()")
        for _ in range(200):
            if not (folder / "stations.csv").exists():
                await asyncio.sleep(0.05)
        found["file"] = folder / "stations.csv"
        await browser.value("window.dispatchEvent(new Event('beforeprint'))")
        found["paper"] = [await browser.value(one) for one in (
            DRAWN, THEME, RIGHT, "document.querySelectorAll('details.told:not([open])').length",
            "document.querySelectorAll('#verdicts details:not([open], #verdicts-single)').length")]
        await browser.value("window.dispatchEvent(new Event('afterprint'))")
        await until(browser, f"{RIGHT} > 703")
        found["after"] = await browser.value(THEME)
        return found

    return in_browser(report, work)


def test_every_figure_is_drawn_the_console_stays_silent_and_nothing_is_wider_than_the_page(seen):
    assert seen["drawn"] == seen["plots"] >= 20
    assert seen["wide"] == 1280


def test_the_theme_changes_all_figures(seen):
    assert seen["letters"] == ["rgb(27, 36, 48)", "rgb(231, 235, 240)"]


def test_verdicts_can_be_chosen(seen):
    assert seen["verdicts"] == [19, 5, 8, 3, 19]


def test_a_download_is_the_table_as_csv(seen):
    assert len(pd.read_csv(seen["file"])) == 8


def test_on_paper_every_figure_is_drawn_light_and_within_the_sheet_and_afterwards_all_is_as_before(seen):
    drawn, theme, right, *folded = seen["paper"]
    assert drawn == seen["plots"]
    assert theme == "light"
    assert right <= 703
    assert folded == [0, 0]
    assert seen["after"] == "dark"


LABELS = ("Array.from(document.querySelectorAll('.plot .xaxislayer-above, .plot .yaxislayer-above')).map(one => "
          "Array.from(one.querySelectorAll('.xtick text, .ytick text, .x2tick text, .y2tick text')).map(t => "
          "t.textContent))")


@pytest.mark.parametrize("width", [1280, 390])
def test_no_two_ticks_of_an_axis_have_the_same_label(run_tables, tmp_path, width):
    three = {"latitude": [35.69, 35.69, 35.6925], "longitude": [-117.47, -117.4675, -117.4725]}
    origins = run_tables["origins"].head(3).assign(**three)
    page = write({"origins": origins}, {}, tmp_path / "report.html")

    async def work(browser):
        return await browser.value(LABELS)

    axes = [labels for labels in in_browser(page, work, width) if len(labels) > 1]
    assert len(axes) > 6
    for labels in axes:
        assert len(set(labels)) == len(labels), labels


def test_an_axis_laid_over_another_has_round_ticks_of_its_own(tmp_path):
    arranged = style.layout(style.axis("Rate"), style.axis("Share", range=[0, 100]),
                            yaxis2=style.axis("Number", overlaying="y", side="right", range=[0, 21_380]))
    traces = [{"type": "scatter", "x": [0, 1], "y": [10, 90]},
              {"type": "scatter", "x": [0, 1], "y": [10, 20_000], "yaxis": "y2"}]
    panel = Panel("two", "Two", "Both.", style.figure(traces, arranged))
    page = render(tmp_path / "a.html", name="axes", kicker="page", head=[], sections=[Section("s", "S", "", [panel])])
    told = "Array.from(document.querySelectorAll('.y2tick text')).map(t => t.textContent)"

    async def work(browser):
        return await browser.value(told)

    assert in_browser(page, work) == ["0", "5k", "10k", "15k", "20k"]


def test_on_a_phone_too(report):
    async def work(browser):
        return await browser.value(DRAWN), await browser.value(PLOTS), await browser.value(WIDE)

    drawn, plots, wide = in_browser(report, work, 390, 844, mobile=True)
    assert drawn == plots
    assert wide == 390


def test_many_clouds_share_the_few_webgl_contexts_and_all_are_drawn(tmp_path):
    x = np.arange(4000.0)
    cloud = style.figure([{"type": "scattergl", "mode": "markers", "x": x, "y": x % 7}],
                         style.layout(style.axis("x"), style.axis("y")))
    panels = [Panel(f"cloud-{i}", f"Cloud {i}", "Points.", cloud, size="third") for i in range(24)]
    page = render(tmp_path / "a.html", name="clouds", kicker="page", head=[],
                  sections=[Section("one", "One", "", panels)])
    counted = "document.querySelectorAll('.gl-canvas').length"

    async def work(browser):
        low = await browser.value(counted)
        await browser.value("window.scrollTo({top: 0, behavior: 'instant'})")
        await until(browser, "document.querySelector('#plot-cloud-0 .main-svg')")
        return low, await browser.value(counted)

    assert all(0 < count <= 3 * 6 for count in in_browser(page, work, height=1400))


@pytest.mark.parametrize("kind", ["nothing", "no sections"])
def test_a_page_of_nothing_is_silent(kind, tmp_path):
    path = tmp_path / "report.html"
    if kind == "nothing":
        write({}, {}, path)
    else:
        render(path, name="none", kicker="page", head=[], sections=[Section("one", "One", "Nothing.")])
    in_browser(path)


@pytest.mark.slow
def test_a_hundred_thousand_events_are_silent(tmp_path):
    sys.path.append(str(Path(__file__).parents[1] / "reference"))
    import report as benchmark

    tables = benchmark.large(100_000)
    page = write(tables, {}, tmp_path / "report.html", ReportSettings(embed_most_mb=1.0))
    assert page.stat().st_size < 15e6
    in_browser(page)

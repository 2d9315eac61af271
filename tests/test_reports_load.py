"""A load in words, as JSON, and as a page that a real browser draws with the network off."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eventsim import Options, Scenario, registry
from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.simulation.loading import Loading

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
REPORTS = ("load", "load_json", "load_html")
BUILD = Path(__file__).parent.parent / "build" / "pages"
MARKUP = "<img src=x onerror=alert(1)>"
SIZE: Any = {"width": 1200, "height": 900}


def entries_of(**values: Any) -> list[Entry]:
    sink = MemorySink()
    document = {
        "name": "load",
        "functions": {"f": {"run_in": "model", "duration": "50ms", "init_duration": "0ms"}},
        **values,
    }
    Loading(Scenario.of(document), Options(sinks=[sink], detail="off")).run()
    return sink.entries


def written(report: str, entries: list[Entry]) -> str:
    out = io.StringIO()
    registry.load("reports", report).write(iter(entries), out)
    return out.getvalue()


@pytest.fixture(scope="module")
def story() -> list[Entry]:
    """A load with a fault in its middle, a warm-up, and a threshold that is not kept."""
    return entries_of(
        name=f"orders {MARKUP}",
        timeline=[{"at": "10s", "throttle": "f", "for": "5s"}],
        load={
            "rate": "10/s to 50/s for 20s, 50/s for 10s",
            "warm_up": "3s",
            "thresholds": ["p99 < 250ms", "errors < 1%"],
        },
    )


@pytest.mark.parametrize("report", REPORTS)
def test_a_journal_without_a_load_says_so(report: str) -> None:
    text = written(report, [])

    assert text == "null\n" if report == "load_json" else "no load was measured" in text


@pytest.mark.parametrize("report", REPORTS)
def test_a_load_that_is_none_is_an_error_of_the_journal(report: str, story: list[Entry]) -> None:
    broken = [
        entry._replace(fields=entry.fields | {"measured": {"seconds": 1}})
        if entry.kind == "load_measured"
        else entry
        for entry in story
    ]

    with pytest.raises(JournalError, match="'measured' is no load's"):
        written(report, broken)


def test_what_went_wrong_is_told_in_words(story: list[Entry]) -> None:
    text = written("load", story)

    assert "the first 3 s not counted" in text.replace("\n", " ")
    assert "TooManyRequestsException" in text
    assert "kept    p99 < 250ms" in text
    assert "FAILED  errors < 1%" in text
    assert text.endswith("\nfailed\n")
    assert max(map(len, text.splitlines())) <= 80


def test_a_page_holds_what_the_json_holds(story: list[Entry]) -> None:
    document = json.loads(written("load_json", story))
    page = written("load_html", story)

    data = page.partition('class="load">')[2].partition("</script>")[0]
    assert json.loads(data)["series"] == document["series"]
    assert MARKUP not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "The MIT License" in page  # uPlot's, beside it


@pytest.fixture(scope="module")
def browser(story: list[Entry]) -> Iterator[Browser]:
    """A browser; *story* runs before it, as playwright keeps this thread's event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    assert story
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_draws_the_curves_and_complains_of_nothing(
    browser: Browser, story: list[Entry], tmp_path: Path, scheme: Any
) -> None:
    complaints, asked = list[str](), list[str]()
    path = tmp_path / "load.html"
    path.write_text(written("load_html", story))
    context = browser.new_context(color_scheme=scheme, viewport=SIZE, offline=True)
    page: Page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(path.as_uri())

    document = json.loads(written("load_json", story))
    assert complaints == []
    assert asked == [path.as_uri()]
    assert page.locator("h1").inner_text() == f"orders {MARKUP}"
    assert page.locator(".u-over").count() == 3
    assert page.evaluate("plots[1].data[3].slice(0, 5)") == document["series"]["p99"][:5]
    assert page.evaluate("plots[0].series.map((line) => line.label)") == [
        *("second", "sent", "answered", "errors")
    ]
    cells = page.locator("tr[data-time=latency] td").all_inner_texts()
    assert cells[1] == f"{document['latency']['count']:,}"
    assert cells[3] == "50ms"
    assert page.locator("td.bad").all_inner_texts() == ["FAILED"]
    # The legend tells the numbers under the pointer, here at the middle of the load.
    box = page.locator(".u-over").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    middle = page.locator(".u-legend").first.inner_text()
    index = page.evaluate("plots[0].cursor.idx")
    assert f"{document['series']['sent'][index]:g}" in middle
    assert page.evaluate("plots[2].cursor.idx") == index  # all three point at one second
    BUILD.mkdir(parents=True, exist_ok=True)
    picture = page.screenshot(path=BUILD / f"load-{scheme}.png", full_page=True)
    assert len(picture) > 20_000
    assert inked(page)
    context.close()


def inked(page: Page) -> bool:
    """Whether each canvas has more than one colour on it."""
    script = """() => plots.every((plot) => {
      const {width, height} = plot.ctx.canvas;
      const pixels = new Uint32Array(plot.ctx.getImageData(0, 0, width, height).data.buffer);
      return new Set(pixels).size > 8;
    })"""
    return bool(page.evaluate(script))

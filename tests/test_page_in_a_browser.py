"""The page of a run in a real browser with the network off, used as a person would use it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eventsim.journal import Entry
from eventsim.journal.reading import read
from eventsim.reports.html import Feed
from tests.commands import eventsim
from tests.pages import Story, page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

BUILD = Path(__file__).parent.parent / "build/pages"
MARKUP = '<img src=x onerror="window.ran=1"></script ><script>window.ran=1</script>'
COUNT = "page.runs[{}].bars.outcome.map((n) => page.names.outcomes[n])"
SIZE: Any = {"width": 1360, "height": 900}


@pytest.fixture(scope="module")
def poison(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """The entries of a run with a record that fails, payloads included."""
    journal = tmp_path_factory.mktemp("run") / "run.jsonl"
    ran = eventsim("run", "poison-record", "--detail", "payload", "--journal", journal)
    assert ran.code == 0, ran.stderr
    return list(read(journal))


@pytest.fixture(scope="module")
def browser(poison: list[Entry]) -> Iterator[Browser]:
    """A browser; *poison* runs before it, as playwright keeps this thread's event loop."""
    assert poison
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A tab with the network off, and all that its page complains of or asks for."""

    def __init__(self, browser: Browser) -> None:
        self.page: Page = browser.new_page(color_scheme="light", viewport=SIZE, offline=True)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.clock.install()

    def show(self, html: str, folder: Path) -> Page:
        """Open a page from a file; nothing else is asked for."""
        path = folder / "page.html"
        path.write_text(html)
        self.requests.clear()
        self.page.goto(path.as_uri())
        self.settle()
        assert self.requests == [path.as_uri()]
        return self.page

    def settle(self) -> None:
        """Let what waits for a frame be drawn."""
        self.page.clock.run_for(50)

    def span(self) -> float:
        return float(self.page.evaluate("page.view.span"))


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Opened:
    return Opened(browser)


@pytest.fixture
def empty(tab: Opened) -> Iterator[Opened]:
    """The tab, for a page of the test's own."""
    yield tab
    assert tab.complaints == []


@pytest.fixture
def opened(empty: Opened, poison: list[Entry], tmp_path: Path) -> Opened:
    """The tab with the page of the run."""
    empty.show(page_of(poison), tmp_path)
    return empty


def middle_of_bar(page: Page, outcome: str) -> tuple[float, float]:
    """Where on the screen the first bar of this outcome is."""
    box = page.locator(".lanes canvas").bounding_box()
    assert box is not None
    x, y, width, height = page.evaluate(
        f"page.lanes[0].boxOf({COUNT.format(0)}.indexOf('{outcome}'))"
    )
    return box["x"] + x + width / 2, box["y"] + y + height / 2


def test_the_page_shows_every_batch_with_its_outcome(opened: Opened) -> None:
    page = opened.page

    assert Counter(page.evaluate(COUNT.format(0))) == {
        outcome: number
        for number, outcomes in {
            1: ["discarded"],
            2: ["failed", "delivered", "waiting", "init", "done", "alive"],
            3: ["error"],
        }.items()
        for outcome in outcomes
    }
    lesson = "One record that fails holds up its shard, and only its shard, "
    assert page.locator("h1").inner_text() == lesson + "until its retries are used up."
    assert page.locator(".labels .lane").all_inner_texts() == [
        *("changes", "orders/0", "orders/1", "consumer")
    ]
    assert page.locator(".plot-title").all_inner_texts() == ["iterator age", "concurrency"]
    assert "batch discarded" in page.locator("#legend").inner_text()


def test_the_page_can_ask_for_nothing(opened: Opened) -> None:
    asked = "fetch('https://example.com').then(() => 'came', (error) => error.name)"

    assert opened.page.evaluate(asked) == "TypeError"
    assert any("Content Security Policy" in text for text in opened.complaints)
    opened.complaints.clear()


def test_buttons_wheel_and_keys_zoom_and_drag_moves(opened: Opened) -> None:
    page = opened.page
    whole = opened.span()
    x, y = middle_of_bar(page, "delivered")

    page.click("#in")
    opened.settle()
    assert opened.span() == pytest.approx(whole / 1.6)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    page.wait_for_function(f"page.view.span < {whole / 4}")
    before, span = page.evaluate("page.view.from"), opened.span()
    page.mouse.down()
    page.mouse.move(x + 120, y)
    page.mouse.up()
    opened.settle()
    assert page.evaluate("page.view.from") < before
    assert opened.span() == pytest.approx(span)
    page.keyboard.press("0")
    opened.settle()
    assert opened.span() == pytest.approx(whole)


def test_play_takes_the_run_from_its_start_to_its_end(opened: Opened) -> None:
    page = opened.page
    assert page.locator("#now").inner_text() == "1.930 s"

    page.select_option("#pace", label="fast")
    page.click("#play")
    page.clock.run_for(2_000)
    middle = float(page.locator("#now").inner_text().removesuffix(" s"))
    page.clock.run_for(3_000)

    assert 0.8 < middle < 1.2
    assert page.locator("#now").inner_text() == "1.930 s"
    assert page.locator("#play").inner_text() == "Play"


def test_the_scrubber_goes_to_a_time_and_says_what_happened_last(opened: Opened) -> None:
    page = opened.page

    page.locator("#scrubber").fill("0")
    opened.settle()
    assert page.locator("#now").inner_text() == "0.000 s"
    page.locator("#scrubber").focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    opened.settle()
    assert page.locator("#scrubber").get_attribute("aria-valuetext") == "0.596 s"
    assert "orders/1: put 1 record" in page.locator("#telling").inner_text()


def test_hovering_a_batch_says_which_records_and_why(opened: Opened) -> None:
    page = opened.page

    page.mouse.move(*middle_of_bar(page, "failed"))

    assert page.locator("#hover").inner_text().splitlines() == [
        "batch failed, sent again",
        "2 records, attempt 1",
        "49590176722560000000000000000000000000100000000000000001",
        "49590176722560000000000000000000000000100000000000000002",
        "formed: BatchSize 2 reached",
        "function error",
        "2 records again in 250 ms, attempt 2: function error: retry 1 of 2",
        "1.000 s to 1.120 s: 120 ms",
    ]


def test_a_click_opens_the_event_and_the_log_of_the_function(opened: Opened) -> None:
    page = opened.page

    page.mouse.click(*middle_of_bar(page, "discarded"))
    opened.settle()

    details = page.locator("#details")
    assert details.locator("h2").inner_text() == "batch discarded"
    event, log = (details.locator("pre").nth(n).inner_text() for n in (0, 2))
    assert page.locator("#hover").is_hidden()
    assert '"eventSource": "aws:kinesis"' in event
    assert "ValueError: cannot take this order" in log
    page.keyboard.press("Escape")
    assert details.is_hidden()


def test_everything_can_be_reached_by_keys(opened: Opened) -> None:
    page = opened.page
    page.focus(".lanes")

    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator("#details h2").inner_text() == "batch failed, sent again"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Close the details"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "lanes"
    page.keyboard.press("n")
    assert page.locator("#details h2").inner_text() == "batch failed, sent again"
    for _ in range(5):
        page.keyboard.press("n")
    assert page.locator("#details .where").inner_text().startswith("orders/0 \u00b7 1.910 s")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_strangers_text_shows_as_text_however_long(empty: Opened, tmp_path: Path) -> None:
    hostile = MARKUP + "\x1b[2J\u202e\u2028"
    payload = '{"key": "' + MARKUP.replace('"', "'") + "x" * 1_000_000 + '"}'
    story = Story(lesson=hostile, scenario=hostile)
    story.tell(0.0, "payload_kept", hash="h", content=payload)
    asked = {"function": hostile, "request_id": hostile, "payload": "h"}
    story.tell(1.0, "invocation_requested", type="RequestResponse", **asked)
    story.batch(2.0, "batch_delivered", hostile, because=hostile, source=hostile, age=1.0)
    page = empty.show(page_of(story.finish(2.0)), tmp_path)

    page.mouse.click(*middle_of_bar(page, "delivered"))
    empty.settle()
    page.click("button.more")

    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert page.locator("h1").inner_text() == MARKUP + "\\u001b[2J\\u202e\\u2028"
    assert MARKUP in page.locator(".labels .lane").first.inner_text()
    assert page.locator("pre").first.inner_text() == '{\n  "key": ' + payload[8:-1] + "\n}"


def test_two_runs_stand_one_above_the_other_on_one_axis_with_what_changed(
    empty: Opened, poison: list[Entry], tmp_path: Path
) -> None:
    story = Story()
    story.asked(1.0, "r")
    story.batch(4.0, "batch_delivered", "r", age=1.0)
    other = story.finish(4.0)
    changed = ["the second run is another"]
    html = page_of(poison, other, names=("as it is", "another"), changed=changed)
    page = empty.show(html, tmp_path)

    assert page.locator(".run h2").all_inner_texts() == ["as it is", "another"]
    assert page.evaluate(COUNT.format(1)) == ["delivered"]
    assert page.evaluate("page.view.end") == 4.0
    assert page.locator("#changed li").all_inner_texts() == changed
    rows = [row.split() for row in page.locator("#changed tr").all_inner_texts()]
    assert ["invocations", "5", "0"] in rows
    assert ["took", "1.93", "s", "4", "s"] in rows
    assert len(page.locator("#footer code").all_inner_texts()) == 2


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_nothing_is_wider_than_the_window(
    empty: Opened, poison: list[Entry], tmp_path: Path, width: int
) -> None:
    names = ("as it is", f"with consumer.{'BisectBatchOnFunctionError' * 3}=false")
    empty.page.set_viewport_size({"width": width, "height": 900})
    page = empty.show(page_of(poison, poison, names=names, changed=["  " + "x" * 500]), tmp_path)
    widest = page.evaluate("document.documentElement.scrollWidth")
    titles = page.locator(".plot-title")
    cut = titles.evaluate_all("(all) => all.filter((one) => one.scrollWidth > one.offsetWidth)")
    empty.page.set_viewport_size(SIZE)

    assert widest <= width
    assert titles.all_inner_texts() == ["iterator age", "concurrency"]
    assert cut == []


def test_a_page_takes_more_of_a_run_while_it_is_shown(empty: Opened, tmp_path: Path) -> None:
    story = Story()
    story.asked(1.0, "r")
    story.batch(2.0, "batch_delivered", "r", age=1.0)
    page = empty.show(page_of(story.entries), tmp_path)
    feed = Feed()
    for told in story.entries:
        feed.add(told)
    feed.portion()
    begun = len(story.entries)
    story.batch(9.0, "batch_delivered", "s", first="3", last="4", age=1.0, source="more")
    for told in story.finish(9.0)[begun:]:
        feed.add(told)

    page.evaluate("(portion) => { page.add(portion); page.refresh(); }", feed.ending())
    empty.settle()

    assert page.evaluate(COUNT.format(0)) == ["delivered", "delivered"]
    assert page.locator(".labels .lane").all_inner_texts() == [*("more/0", "orders/0", "consumer")]
    assert page.evaluate("page.view.isWhole() && page.view.end") == 9.0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_in_light_and_dark(
    tab: Opened, poison: list[Entry], tmp_path: Path, scheme: Any
) -> None:
    tab.page.emulate_media(color_scheme=scheme)
    page = tab.show(page_of(poison), tmp_path)
    ratio = page.evaluate(CONTRAST)
    BUILD.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=BUILD / f"{scheme}.png")  # kept to be looked at
    tab.page.emulate_media(color_scheme="light")

    assert min(ratio.values()) >= 4.5, ratio


# https://www.w3.org/TR/WCAG22/#contrast-minimum
CONTRAST = """() => {
  const light = (colour) => {
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const linear = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const style = getComputedStyle(document.documentElement);
  const of = (name) => light(style.getPropertyValue(`--${name}`).trim());
  const ratio = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const pairs = [
    ...["text", "muted", "accent", "good", "bad"].flatMap((ink) => [[ink, "back"], [ink, "panel"]]),
    ...["delivered", "partly", "failed", "discarded", "refused", "done", "error", "init", "running"]
      .map((bar) => ["on-bars", bar]),
  ];
  const measured = ([ink, back]) => [`${ink} on ${back}`, ratio(of(ink), of(back))];
  return Object.fromEntries(pairs.map(measured));
}"""

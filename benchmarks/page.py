"""The page of a run with 50,000 entries against one with 500: making, first paint, a zoom step."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.timing import Figure, compare
from eventsim.journal import Entry
from eventsim.reports import html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

START = datetime(2026, 1, 1, tzinfo=UTC)
SHARDS = 16
STEPS = 20
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
ZOOM = (
    "() => { page.view.fit(); for (let n = 0; n < %d; n++) { page.view.zoom(1.2); page.draw(); } }"
)


def entries(number: int) -> Iterator[Entry]:
    """About *number* entries of batches on 16 shards, every 50th of which fails at first."""
    start = {"scenario": "page", "start": "2026-01-01T00:00:00Z", "detail": "batch", "schema": 1}
    yield _entry(1, 0.0, "run_started", start)
    seq = 1
    for first in range(0, number // 6, SHARDS):
        told = [one for batch in range(first, first + SHARDS) for one in _batch(batch)]
        for time, kind, fields in sorted(told, key=lambda one: one[0]):
            seq += 1
            yield _entry(seq, time, kind, fields)


def figures(number: int = 50_000, few: int = 500, pairs: int = 5) -> Iterator[Figure]:
    """Making the page, and in a browser, where there is one, showing and zooming it."""
    pages = {count: _made(count) for count in (number, few)}
    size = f"{len(pages[number]) / 1e6:.1f} MB beside {len(pages[few]) / 1e6:.2f} MB"
    yield compare(
        f"a page of {number:,} entries made",
        lambda: _made(number),
        f"one of {few:,}",
        lambda: _made(few),
        reach=150,
        pairs=pairs,
        note=size,
    )
    if possible():
        with _browser() as browser, tempfile.TemporaryDirectory() as folder:
            yield from _shown(browser, Path(folder), pages, pairs)


def possible() -> bool:
    """Whether there is a browser and what drives it."""
    return CHROMIUM is not None and find_spec("playwright") is not None


def _shown(browser: Browser, folder: Path, pages: dict[int, str], pairs: int) -> Iterator[Figure]:
    (number, few), opened = pages, {}
    for count, text in pages.items():
        (folder / f"{count}.html").write_text(text)
        opened[count] = browser.new_page()

    def paint(count: int) -> Callable[[], object]:
        return lambda: _open(opened[count], folder / f"{count}.html")

    def zoom(count: int) -> Callable[[], object]:
        return lambda: opened[count].evaluate(ZOOM % STEPS)

    for name, work, reach in (("painted first", paint, 10), (f"zoomed {STEPS} times", zoom, 10)):
        yield compare(
            f"a page of {number:,} entries {name}",
            work(number),
            f"one of {few:,}",
            work(few),
            reach=reach,
            pairs=pairs,
        )


def _open(page: Page, path: Path) -> None:
    page.goto(path.as_uri())
    page.evaluate(PAINTED)


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _made(number: int) -> str:
    out = io.StringIO()
    html.write(entries(number), out)
    return out.getvalue()


def _batch(number: int) -> Iterator[tuple[float, str, dict[str, Any]]]:
    shard, request = f"shardId-{number % SHARDS:012}", f"00000000-0000-4000-8000-{number:012}"
    place = {"mapping": "consumer.Orders", "source": "orders", "shard": shard}
    call = {"function": "consumer", "request_id": request, "environment": f"{number % SHARDS:012}"}
    span = {"first": f"{number:056}", "last": f"{number + 9:056}", "records": 10}
    sent = {**place, **call, **span, "attempt": 1}
    time, failed = number // SHARDS * 0.25, number % 50 == 0
    yield time, "records_put", {**place, **span, "since": time, "until": time}
    yield time, "batch_formed", {**place, **span}
    yield time, "invocation_requested", {**call, "type": "RequestResponse"}
    yield time, "invocation_started", call
    error = {"error": "Unhandled", "error_type": "ValueError"} if failed else {}
    done = time + 0.05 + number % SHARDS * 0.01
    yield done, "invocation_finished", {**call, "duration": 0.05, "billed": 0.05, **error}
    if failed:
        yield done, "batch_failed", {**sent, "delivered": 0, "invoked": True}
    else:
        yield done, "batch_delivered", {**sent, "age": 0.1}


def _entry(seq: int, time: float, kind: str, fields: dict[str, Any]) -> Entry:
    at = (START + timedelta(seconds=time)).isoformat(timespec="milliseconds")
    return Entry(seq, round(time, 6), at.replace("+00:00", "Z"), kind, None, fields)

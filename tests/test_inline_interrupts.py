"""Laws of inline handlers that will not end, and of those that end what they do not own."""

from __future__ import annotations

import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from eventsim.clock import Clock, VirtualClock, run
from eventsim.journal.reading import read
from tests.commands import SCENARIO, command
from tests.functions import function, local

START = datetime(2026, 1, 1, tzinfo=UTC)
HANDLERS = {
    "loops": "say('in')\n    while True: pass",
    "sleeps": "say('in')\n    time.sleep(10_000)",
    "waits in a loop of its own": "asyncio.run(wait())",  # in only once that loop runs
    "returns when it is interrupted": (
        "try:\n        say('in')\n        time.sleep(10_000)\n"
        "    except BaseException:\n        return 'fine'"
    ),
}


def handler(body: str) -> str:
    return (
        "import asyncio, time\n"
        "def say(what): print(what, flush=True)\n"
        "async def wait():\n    say('in')\n    await asyncio.sleep(10_000)\n"
        f"def handler(event, context):\n    {body}\n"
    )


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A command that has come to the point where the handler says that it is in."""
    running = subprocess.Popen(
        command(*words), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "in\n"
    return running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "s.yaml").write_text(SCENARIO)
    return tmp_path


@pytest.mark.parametrize("body", HANDLERS.values(), ids=HANDLERS.keys())
def test_one_ctrl_c_in_virtual_time_ends_the_handler_and_the_run(folder: Path, body: str) -> None:
    (folder / "app.py").write_text(handler(body))
    running = started(folder, "run", "s.yaml", "--debug", "--journal", "j.jsonl")
    running.send_signal(signal.SIGINT)
    try:
        stdout, stderr = running.communicate(timeout=10)
    finally:
        running.kill()

    assert running.returncode == 130
    entries = list(read(folder / "j.jsonl"))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert (entries[-1].kind, entries[-1].fields["outcome"]) == ("run_finished", "interrupted")
    assert [entry.kind for entry in entries].count("invocation_started") == 1
    assert "INTERRUPTED after" in stdout
    assert stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in stderr


def test_a_handler_that_catches_the_first_ctrl_c_is_ended_by_the_second(folder: Path) -> None:
    body = (
        "try:\n        say('in')\n        time.sleep(10_000)\n"
        "    except BaseException:\n        say('no')\n        time.sleep(10_000)"
    )
    (folder / "app.py").write_text(handler(body))
    running = started(folder, "run", "s.yaml", "--debug", "--journal", "j.jsonl")
    assert running.stderr is not None
    try:
        running.send_signal(signal.SIGINT)
        assert running.stderr.readline() == "no\n"
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=10)
    finally:
        running.kill()
    assert running.returncode == 130
    assert list(read(folder / "j.jsonl"))[-1].fields["outcome"] == "interrupted"


def test_who_handles_ctrl_c_is_who_did_when_the_run_ends() -> None:
    before = signal.getsignal(signal.SIGINT)
    inside: list[object] = []

    def handler(event: object, context: object) -> None:
        inside.append(signal.getsignal(signal.SIGINT))

    async def main() -> None:
        inside.append(signal.getsignal(signal.SIGINT))
        with local(VirtualClock(START), function(handler)) as running:
            await running.invoke()
        inside.append(signal.getsignal(signal.SIGINT))

    run(main, virtual=True)
    first, called, last = inside
    assert first is last is not called
    assert signal.getsignal(signal.SIGINT) is before


def test_a_program_that_handles_ctrl_c_itself_hears_it_and_the_handler_goes_on() -> None:
    def handler(event: object, context: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return "went on"

    async def main() -> list[object]:
        with (
            anyio.open_signal_receiver(signal.SIGINT) as signals,
            local(VirtualClock(START), function(handler)) as running,
        ):
            answer = await running.answer()
            async for number in signals:
                return [answer, number]
        return []

    assert run(main, virtual=True) == ["went on", signal.SIGINT]


@pytest.mark.parametrize(
    "statement",
    [
        "sys.stdout.close()",
        "sys.stdout.buffer.close()",
        "sys.stdout.detach()",
        "sys.stdout.detach().close()",
        "with sys.stdout: pass",
        "sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding='utf-8')",
    ],
)
async def test_no_function_can_close_what_all_of_them_write_to(
    clock: Clock, tmp_path: Path, statement: str
) -> None:
    for stream in ("stdout", "stderr"):
        (tmp_path / "closing.py").write_text(
            f"import io, sys\ndef handler(event, context):\n"
            f"    {statement.replace('stdout', stream)}\n"
        )
        (tmp_path / "printing.py").write_text(
            f"import sys\ndef handler(event, context):\n"
            f"    print('still there', file=sys.{stream})\n"
        )
        closing = function("closing.handler", code_uri=str(tmp_path))
        printing = function("printing.handler", "g", code_uri=str(tmp_path))
        with local(clock, closing, printing) as running:
            assert (await running.invoke()).function_error is None
            assert (await running.invoke(name="g")).function_error is None
        assert [name for name, line in running.logged if "still there" in line] == ["g"]


def test_one_ctrl_c_ends_a_module_that_is_never_imported(folder: Path) -> None:
    (folder / "app.py").write_text("print('in', flush=True)\nwhile True: pass\n")
    running = started(folder, "run", "s.yaml", "--debug", "--journal", "j.jsonl")
    running.send_signal(signal.SIGINT)
    try:
        running.communicate(timeout=10)
    finally:
        running.kill()
    assert running.returncode == 130
    assert list(read(folder / "j.jsonl"))[-1].fields["outcome"] == "interrupted"

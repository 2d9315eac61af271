"""What only a process of its own can show: signals, pipes, terminals, what is imported."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventsim.journal.reading import read
from tests.commands import APP, SCENARIO, command, process

SLOW = SCENARIO.replace(
    "expect:", "  - {at: 1h, put: orders, records: [{key: c, data: 3}]}\nexpect:"
).replace("seed: 7", "seed: 7\ntime: real")
MANY = SCENARIO.replace(
    "- {at: 0s, put: orders, records: [{key: a, data: 1}, {key: b, data: 2}]}",
    "\n".join(
        f"  - {{at: {n}s, put: orders, records: [{{key: a, data: {n}}}]}}" for n in range(60)
    ).lstrip(),
)

# What is in a buffer when its reader leaves must not come up at the end.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "slow.yaml").write_text(SLOW)
    (tmp_path / "many.yaml").write_text(MANY)
    return tmp_path


@pytest.mark.parametrize("journal", ["j.jsonl", "j.jsonl.gz"])
def test_ctrl_c_is_130_and_the_journal_is_whole_up_to_there(folder: Path, journal: str) -> None:
    running = subprocess.Popen(
        command("run", "slow.yaml", "--journal", journal),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "app | got a b\n"  # now it waits for an hour
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=20)

    assert running.returncode == 130
    entries = list(read(folder / journal))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert (entries[-1].kind, entries[-1].fields["outcome"]) == ("run_finished", "interrupted")
    assert "INTERRUPTED after" in stdout
    assert stderr.splitlines()[-2:] == [
        "seed 7; repeat the run with: eventsim run slow.yaml --seed 7",
        "interrupted",
    ]


def test_ctrl_c_ends_a_handler_that_never_returns(folder: Path) -> None:
    (folder / "app.py").write_text(
        "def handler(event, context):\n    print('in', flush=True)\n    while True: pass\n"
    )
    (folder / "s.yaml").write_text(SCENARIO.replace("app.handler", "app.handler\n    Timeout: 60"))
    running = subprocess.Popen(
        command("run", "s.yaml", "--debug", "--time", "real", "--journal", "j.jsonl"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "in\n"
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)

    assert running.returncode == 130
    assert [*read(folder / "j.jsonl")][-1].fields["outcome"] == "interrupted"


def test_ctrl_c_ends_the_wait_for_the_retry_of_an_event(folder: Path) -> None:
    (folder / "fails.py").write_text("def handler(event, context):\n    raise ValueError('no')\n")
    running = subprocess.Popen(
        command("invoke", "fails.handler", "--type", "Event"),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    said = iter(running.stderr.readline, "")
    told = next(line for line in said if line.startswith("function error"))
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=20)

    assert told == "function error: ValueError: no; tried again in 60 s, Ctrl-C ends it\n"
    assert (running.returncode, stdout, stderr) == (130, "", "interrupted\n")


def piped_to_head(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and stderr of a command whose reader left before it wrote anything."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command(*words),
            cwd=folder,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env=BUFFERED,
            timeout=30,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr


def test_a_broken_pipe_ends_quietly(folder: Path) -> None:
    process("run", "s.yaml", "--journal", "j.jsonl", folder=folder)

    for words in (
        ("report", "j.jsonl", "--as", "timeline"),
        ("list", "reports"),
        ("invoke", "app.handler", "--type", "DryRun", "--json"),
        ("run", "many.yaml", "--journal", "-", "--quiet"),
    ):
        assert piped_to_head(folder, *words) == (141, ""), words


def test_a_run_whose_reader_has_left_ends_as_it_would_have(folder: Path) -> None:
    assert piped_to_head(folder, "run", "s.yaml", "--quiet") == (0, "")
    (folder / "s.yaml").write_text(SCENARIO.replace("min: 2", "min: 3"))
    code, stderr = piped_to_head(folder, "run", "s.yaml", "--quiet")
    assert (code, stderr.startswith("seed 7; repeat")) == (1, True)


def test_a_reader_of_stderr_that_leaves_ends_nothing(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("run", "s.yaml"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=writing,
        env=BUFFERED,
        timeout=30,
        check=False,
    )
    os.close(writing)

    assert done.returncode == 0
    assert b"delivered 2" in done.stdout


def test_stages_pipe(folder: Path) -> None:
    journal = process("run", "s.yaml", "--journal", "-", folder=folder)
    piped = process("report", "-", "--as", "json", folder=folder, stdin=journal.stdout)

    assert piped == process("run", "s.yaml", "--json", "--quiet", folder=folder)


def on_a_terminal(folder: Path, *words: str) -> str:
    """What a command writes to stderr when that is a terminal."""
    ours, its = pty.openpty()
    running = subprocess.Popen(
        command(*words),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=its,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"},
    )
    os.close(its)
    written = b"".join(_until_closed(ours))
    os.close(ours)
    running.wait(timeout=30)
    return written.decode()


def _until_closed(descriptor: int) -> Iterator[bytes]:
    try:
        while got := os.read(descriptor, 65_536):
            yield got
    except OSError:  # Linux's way to say that the other side is closed
        return


PAUSING = """\
import time
def handler(event, context):
    if not globals().setdefault("seen", 0) and len(event["Records"]):
        time.sleep(1.2)
    globals()["seen"] += 1
    print("\\x1b[31mred\\x07")
"""


def test_progress_shows_on_a_terminal_after_a_second(folder: Path) -> None:
    (folder / "app.py").write_text(PAUSING)

    written = on_a_terminal(folder, "run", "s.yaml")

    assert "2 records delivered  " in written
    assert "/s" in written


def test_progress_is_silent_with_quiet_and_elsewhere(folder: Path) -> None:
    (folder / "app.py").write_text(PAUSING)

    assert on_a_terminal(folder, "run", "s.yaml", "--quiet") == ""
    piped = process("run", "s.yaml", folder=folder).stderr
    assert piped.splitlines()[0] == "app | \x1b[31mred\x07"
    assert "\r" not in piped


def test_a_short_run_shows_no_progress_and_no_control_character_of_a_handler(
    folder: Path,
) -> None:
    (folder / "app.py").write_text(PAUSING.replace("1.2", "0"))

    written = on_a_terminal(folder, "run", "s.yaml")

    assert written.splitlines()[0] == r"app | \x1b[31mred\x07"
    assert "\x1b" not in written


def test_debug_talks_to_pdb_and_has_no_timeout(folder: Path) -> None:
    (folder / "app.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    answer = 6 * 7\n"
        "    breakpoint()\n"
        "    time.sleep(1.2)\n"
        "    return answer\n"
    )
    (folder / "e.json").write_text("{}")

    ended = process(
        *("invoke", "app.handler", "--event", "e.json", "--timeout", "1", "--debug"),
        folder=folder,
        stdin="p answer\nc\n",
    )

    assert (ended.code, ended.stdout) == (0, "42\n")
    assert "(Pdb) 42" in ended.stderr


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(folder: Path, words: list[str]) -> None:
    script = (
        "import sys\n"
        "from eventsim.cli import app\n"
        f"app({words!r}, standalone_mode=False)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )

    heavy = {"aiobotocore", "aiohttp", "anyio", "asyncio", "botocore", "hdrh", "moto", "orjson"}
    heavy |= {"rich", "structlog", "yaml"}
    if words[0] != "run":  # typer itself reads a verb's options by pydantic
        heavy |= {"pydantic", "pydantic_core"}
    assert heavy & set(done.stderr.split()) == set()

"""Laws of the stage: environments keep to themselves, and the process gets back what it had."""

from __future__ import annotations

import asyncio
import ctypes
import io
import logging
import os
import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import HandlerStuck
from tests.functions import HANDLERS, function, local, request

VARIABLE = ContextVar("VARIABLE", default=0)


def process_state() -> dict[str, Any]:
    """Everything that the inline runtime touches in a process."""
    root = logging.root
    loggers = {
        name: (logger.level, list(logger.handlers), logger.disabled, logger.propagate)
        for name, logger in root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    return {
        "environ": dict(os.environ),
        "putenv": child_environ(),
        "cwd": Path.cwd(),
        "path": list(sys.path),
        "modules": {
            name for name in sys.modules if name.startswith(("answers", "counting", "app"))
        },
        "streams": (sys.stdout, sys.stderr),
        "root": (root.level, list(root.handlers), root.manager.disable),
        "loggers": loggers,
    }


def child_environ() -> list[bytes]:
    return sorted(subprocess.run(["env"], capture_output=True, check=True).stdout.splitlines())


async def test_a_process_has_its_own_state_back_when_the_run_ends(clock: Clock) -> None:
    logging.getLogger("eventsim.test").setLevel(logging.INFO)
    import boto3

    boto3.DEFAULT_SESSION = session = object()
    before = process_state()
    with local(clock, function("answers.spoils"), function("answers.raises", "g")) as running:
        assert await running.answer() == "colorsys"
        await running.answer(name="g")
        await running.answer()
    assert process_state() == before
    assert boto3.DEFAULT_SESSION is session
    boto3.DEFAULT_SESSION = None


async def test_and_also_when_the_run_is_broken_off(clock: Clock) -> None:
    def broken(event: Any, context: Any) -> None:
        os.environ["BROKEN"] = "yes"
        raise KeyboardInterrupt

    before = process_state()
    with local(clock, function(broken, code_uri=HANDLERS)) as running:
        with pytest.raises(KeyboardInterrupt):
            await running.invoke()
        assert process_state() == before


async def test_output_between_calls_is_the_processs_own(
    clock: Clock, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with local(clock, function("answers.prints")) as running:
        await running.invoke()
        print("between")
        logging.getLogger("between").warning("logged between")
        await running.invoke()
    assert capsys.readouterr() == ("between\n", "")
    assert caplog.messages == ["logged between"]
    assert len(running.logged) == 2 * 5


async def test_a_stream_that_a_handler_kept_writes_for_the_process_between_calls(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[io.TextIOBase] = []

    def handler(event: Any, context: Any) -> None:
        kept.append(sys.stdout)  # type: ignore[arg-type]  # what stands in for it is one

    with local(clock, function(handler)) as running:
        await running.invoke()
        kept[0].write("late\n")
    assert capsys.readouterr().out == "late\n"


async def test_two_functions_of_one_module_do_not_share_its_globals(clock: Clock) -> None:
    both = function("counting.handler"), function("counting.handler", "g")
    with local(clock, *both) as running:
        counted = [(await running.answer(name=name))["calls"] for name in "ffgfgg"]
    assert counted == [1, 2, 1, 3, 2, 3]


async def test_modules_of_the_same_name_in_two_folders_are_two(
    clock: Clock, tmp_path: Path
) -> None:
    functions = []
    for name in "fg":
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("import part\ndef handler(e, c): return part.NAME")
        (tmp_path / name / "part.py").write_text(f"NAME = '{name}'")
        functions.append(function("app.handler", name, code_uri=str(tmp_path / name)))
    with local(clock, *functions) as running:
        assert [await running.answer(name=name) for name in "fgf"] == ["f", "g", "f"]


async def test_a_module_of_the_process_never_stands_in_for_the_functions_own(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impostor = type(sys)("app")
    monkeypatch.setitem(sys.modules, "app", impostor)
    (tmp_path / "app.py").write_text("n = 0\ndef handler(e, c):\n global n\n n += 1\n return n")
    with local(clock, function("app.handler", code_uri=str(tmp_path))) as running:
        assert [await running.answer() for _ in range(3)] == [1, 2, 3]
        assert sys.modules["app"] is impostor
    assert sys.modules["app"] is impostor


async def test_modules_from_elsewhere_are_shared(clock: Clock, tmp_path: Path) -> None:
    source = "import json, eventsim.errors as e\ndef handler(ev, c): return [id(json), id(e)]"
    (tmp_path / "app.py").write_text(source)
    import json

    import eventsim.errors

    with local(clock, function("app.handler", code_uri=str(tmp_path))) as running:
        assert await running.answer() == [id(json), id(eventsim.errors)]


async def test_what_an_environment_changes_of_its_variables_and_its_folder_lasts(
    clock: Clock,
) -> None:
    def handler(event: Any, context: Any) -> list[str | None]:
        seen = [os.environ.get("MINE"), os.getcwd(), os.environ["OWN"]]  # noqa: PTH109  # text
        os.environ["MINE"] = context.function_name
        os.chdir(event)
        return seen

    own = {"code_uri": HANDLERS}
    f = function(handler, environment=(("OWN", "1"),), **own)
    g = function(handler, "g", environment=(("OWN", "2"),), **own)
    with local(clock, f, g) as running:
        answers = [await running.answer("/usr", name=name) for name in "fgfg"]
    assert answers == [
        [None, HANDLERS, "1"],
        [None, HANDLERS, "2"],
        ["f", "/usr", "1"],
        ["g", "/usr", "2"],
    ]


async def test_code_is_found_in_its_folder_and_that_is_where_it_runs(clock: Clock) -> None:
    with local(clock, function("answers.place")) as running:
        assert await running.answer() == {
            "cwd": HANDLERS,
            "path": HANDLERS,
            "file": f"{HANDLERS}/answers.py",
        }


async def test_the_level_of_the_root_logger_belongs_to_an_environment(clock: Clock) -> None:
    def verbose(event: Any, context: Any) -> None:
        logging.getLogger().setLevel(logging.INFO)
        logging.info("verbose")  # noqa: LOG015  # as handlers do

    def quiet(event: Any, context: Any) -> None:
        logging.info("quiet")  # noqa: LOG015  # as handlers do

    with local(clock, function(verbose), function(quiet, "g")) as running:
        for name in "fgfg":
            await running.invoke(name=name)
    assert [line.split("\t")[-1] for _, line in running.logged] == ["verbose", "verbose"]


async def test_the_loggers_that_an_environment_makes_are_its_own(clock: Clock) -> None:
    def handler(event: Any, context: Any) -> int:
        logger = logging.getLogger("of.the.function")
        logger.addHandler(logging.NullHandler())
        return len(logger.handlers)

    with local(clock, function(handler), function(handler, "g")) as running:
        assert [await running.answer(name=name) for name in "fgf"] == [1, 1, 2]
    assert "of.the.function" not in logging.root.manager.loggerDict


async def test_a_reset_takes_an_environment_off_the_stage(clock: Clock) -> None:
    with local(clock, function("answers.exits")) as running:
        await running.invoke({"status": 1})
        assert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ


async def test_a_handler_finds_a_current_loop_whatever_the_others_do_to_theirs(
    clock: Clock,
) -> None:
    asks, runs = function("answers.asks_for_the_loop"), function("answers.runs_a_loop", "g")
    before = asyncio.get_event_loop_policy()
    with local(clock, asks, runs) as running:
        answers = [await running.answer(1, name=name) for name in "gfgf"]
    assert answers == [True, [True, 1], True, [True, 1]]
    assert asyncio.get_event_loop_policy() is before


async def test_context_variables_last_as_long_as_globals(clock: Clock) -> None:
    def handler(event: Any, context: Any) -> int:
        VARIABLE.set(VARIABLE.get() + 1)
        return VARIABLE.get()

    VARIABLE.set(7)
    with local(clock, function(handler), function(handler, "g")) as running:
        assert [await running.answer(name=name) for name in "ffg"] == [1, 2, 1]
    assert VARIABLE.get() == 7


async def test_a_handler_cannot_call_an_inline_function_in_the_middle_of_its_call(
    clock: Clock,
) -> None:
    def handler(event: Any, context: Any) -> None:
        running.invoker.invoke(request(name="g")).send(None)

    with local(clock, function(handler), function("counting.handler", "g")) as running:
        answer = await running.answer()
    assert (answer["errorType"], answer["errorMessage"]) == (
        "RuntimeError",
        "a handler that runs inline cannot call an inline function itself",
    )


@pytest.mark.parametrize("body", ["while True: pass", "time.sleep(1000)", "forgiving()"])
def test_a_handler_that_never_returns_ends_the_run_and_is_named(body: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import time\n"
        "def forgiving():\n"
        "    while True:\n"
        "        try: time.sleep(0.01)\n"
        "        except Exception: pass\n"
        f"def handler(event, context):\n    {body}\n"
    )
    script = (
        "import sys, threading\n"
        "from datetime import UTC, datetime\n"
        "from eventsim import clock\n"
        "from eventsim.errors import HandlerStuck\n"
        "from tests.functions import function, local\n"
        "async def main():\n"
        "    now = clock.VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))\n"
        f"    f = function('app.handler', 'stuck', code_uri={str(tmp_path)!r})\n"
        "    with local(now, f, watchdog_seconds=0.25) as running:\n"
        "        await running.invoke(name='stuck')\n"
        "def run():\n"
        "    try: clock.run(main, virtual=True)\n"
        "    except HandlerStuck as stuck: print(stuck)\n"
        "run()\n"
        "if 'sleep(1000)' not in sys.argv[1]:\n"
        "    thread = threading.Thread(target=run); thread.start(); thread.join()\n"
    )
    command = [sys.executable, "-c", script, body]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    message = str(HandlerStuck("stuck", 0.25)) + "\n"
    assert (done.stdout, done.stderr) == (message * (1 if "1000" in body else 2), "")


async def test_the_watchdog_leaves_alone_what_returns(clock: Clock) -> None:
    import signal

    former = signal.getsignal(signal.SIGURG)
    with local(clock, function("counting.handler"), watchdog_seconds=0.01) as running:
        assert [(await running.answer())["calls"] for _ in range(100)][-1] == 100
    assert signal.getsignal(signal.SIGURG) is former


async def test_one_watchdog_serves_all_environments_that_follow_each_other(clock: Clock) -> None:
    for _ in range(20):
        with local(clock, function("counting.handler")) as running:
            await running.answer()

    names = [thread.name for thread in threading.enumerate()]
    assert names.count("eventsim watchdog") == 1


async def test_the_trace_is_read_like_any_variable_and_given_to_no_setenv(clock: Clock) -> None:
    name = "_X_AMZN_TRACE_ID"
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p

    def handler(event: Any, context: Any) -> Any:
        told = subprocess.run(["env"], env=os.environ, capture_output=True, check=True).stdout
        (line,) = (line for line in told.splitlines() if line.startswith(name.encode()))
        ways = [os.environ[name], os.getenv(name), os.environ.copy()[name]]
        ways += [os.environb[name.encode()].decode(), line.decode().partition("=")[2]]
        assert getenv(name.encode()) is None  # glibc would keep it for ever
        return [*{*ways}, name in os.environ]

    with local(clock, function(handler), function(lambda e, c: name in os.environ, "g")) as running:
        first, known = await running.answer()
        assert known
        assert await running.answer(name="g")
        assert (await running.answer(request_id="another"))[0] != first
    assert name not in os.environ

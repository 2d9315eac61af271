"""Laws of child processes: frozen between calls, ended with all they started, nothing left."""

from __future__ import annotations

import gc
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.runtimes._memory import Gauge
from eventsim.types import Function
from tests.children import alive, children, files, soon

pytestmark = pytest.mark.real_time

FOLDER = str(Path(__file__).parent / "handlers" / "contract")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAEVENTSIMDUMMYKEY",
    "AWS_SECRET_ACCESS_KEY": "eventsim-dummy-secret-access-key",
    "AWS_SESSION_TOKEN": "eventsim-dummy-session-token",
}


def odd(behaviour: str, **configuration: Any) -> Function:
    command = (sys.executable, "odd.py", behaviour)
    configuration = {"timeout": 20, "run_in": "command", "command": command, **configuration}
    return Function("f", "odd.handler", code_uri=FOLDER, **configuration)


def busy(behaviour: str, **configuration: Any) -> Function:
    """A Python handler of ``contract/busy.py``."""
    pytest.importorskip("awslambdaric")
    configuration = {"timeout": 20, "run_in": "python", **configuration}
    return Function("f", f"busy.{behaviour}", code_uri=FOLDER, **configuration)


async def test_what_a_handler_left_running_stands_still_until_the_next_call(clock: Clock) -> None:
    """Invoke case 29."""
    async with children(clock, busy("ticks")) as running:
        await running.invoke({"seconds": 0.05})
        before = await running.answer({"seconds": 0})
        await anyio.sleep(0.5)
        after = await running.answer({"seconds": 0})
        later = await running.answer({"seconds": 0.3})
    assert before["ticks"] > 0
    assert after["ticks"] - before["ticks"] <= 3  # ticks are 10 ms apart, and 500 ms have passed
    assert later["ticks"] - after["ticks"] > 5


async def test_a_timeout_ends_everything_the_invocation_started(clock: Clock) -> None:
    async with children(clock, busy("starts_children", timeout=1)) as running:
        answer = await running.answer({"then": "hang"})
        pids = [int(line) for _, line in running.logged if line.isdigit()]
        assert answer["errorType"] == "Sandbox.Timedout"
        assert len(pids) == 4
        assert await soon(lambda: not any(map(alive, pids)))


async def test_the_end_of_the_run_ends_everything_that_was_started(clock: Clock) -> None:
    async with children(clock, busy("starts_children")) as running:
        pids = (await running.answer({"then": "return"}))["pids"]
        assert len(pids) == 4
        assert all(map(alive, pids))
    assert await soon(lambda: not any(map(alive, pids)))


async def test_the_children_of_a_process_that_was_killed_end_with_it(clock: Clock) -> None:
    async with children(clock, busy("starts_children")) as running:
        answer = await running.answer({"then": "kill"})
        pids = [int(line) for _, line in running.logged if line.isdigit()]
        assert "signal: killed" in answer["errorMessage"]
        assert len(pids) == 4
        assert await soon(lambda: not any(map(alive, pids)))


async def test_a_frozen_process_that_somebody_killed_is_told_to_the_next_call(
    clock: Clock,
) -> None:
    async with children(clock, odd("tells")) as running:
        pid = (await running.answer())["pid"]
        os.kill(pid, signal.SIGKILL)
        assert await soon(lambda: not alive(pid))
        answers = [await running.answer(), await running.answer()]
    assert answers[0]["errorType"] == "Runtime.ExitError"
    assert answers[1]["pid"] != pid


async def test_a_temporary_folder_is_one_environments_own_and_goes_with_it(clock: Clock) -> None:
    async with children(clock, odd("tells"), odd("tells", timeout=19)) as running:
        told: list[Any] = []

        async def ask() -> None:
            told.append(await running.answer())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
        folders = [Path(answer["variables"]["TMPDIR"]) for answer in told]
        assert len(set(folders)) == 2
        assert all(folder.is_dir() for folder in folders)
    assert not any(folder.exists() for folder in folders)
    assert not folders[0].parent.exists()


async def test_the_variables_are_lambdas_the_functions_and_no_credentials_of_ours(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "of this machine")
    monkeypatch.setenv("SEEN", "by everybody")
    environment = (("LEVEL", "debug"), ("TMPDIR", "/elsewhere"))
    f = odd("tells", environment=environment, memory_size=256, runtime="java21")
    async with children(clock, f) as running:
        told = await running.answer()
        (started,) = running.entries("environment_started")
    variables = told["variables"]
    lambdas = {name: value for name, value in variables.items() if name.startswith("AWS_")}
    address = lambdas.pop("AWS_LAMBDA_RUNTIME_API")
    assert address.startswith("127.0.0.1:")
    assert lambdas == {
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_EXECUTION_ENV": "AWS_Lambda_java21",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": started["log_stream"],
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_REGION": "us-east-1",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    assert (variables["_HANDLER"], variables["LAMBDA_TASK_ROOT"]) == ("odd.handler", FOLDER)
    assert (variables["LEVEL"], variables["SEEN"], variables["TZ"]) == (
        "debug",
        "by everybody",
        ":UTC",
    )
    assert variables["TMPDIR"] not in {"/elsewhere", tempfile.gettempdir()}
    assert (told["folder"], told["arguments"]) == (FOLDER, ["odd.py", "tells"])


async def test_an_event_comes_with_its_headers(clock: Clock) -> None:
    async with children(clock, odd("tells", timeout=7)) as running:
        before = time.time()
        bare = await running.answer()
        context = "eyJjdXN0b20iOiB7ImsiOiAiXHUyNjAzIn19"  # {"custom": {"k": "snowman"}}
        told = await running.answer(client_context=context, qualifier="$LATEST")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    deadline = int(bare["headers"].pop("lambda-runtime-deadline-ms")) / 1000
    trace = bare["headers"].pop("lambda-runtime-trace-id")
    assert before + 7 <= deadline + 0.001 <= bare["time"] + 7.001
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0",
        trace,
    )
    assert bare["headers"] == {
        "lambda-runtime-aws-request-id": "r",
        "lambda-runtime-invoked-function-arn": arn,
    }
    assert told["headers"]["lambda-runtime-client-context"] == '{"custom":{"k":"\\u2603"}}'
    assert told["headers"]["lambda-runtime-invoked-function-arn"] == f"{arn}:$LATEST"


@pytest.mark.parametrize("run_in", ["inline", "python"])
async def test_a_handler_sees_the_trace_that_it_is_part_of(
    clock: Clock, tmp_path: Path, run_in: str
) -> None:
    if run_in == "python":
        pytest.importorskip("awslambdaric")
    (tmp_path / "app.py").write_text(
        "import os\ndef handler(e, c): return os.environ['_X_AMZN_TRACE_ID']\n"
    )
    f = Function("f", "app.handler", code_uri=str(tmp_path), run_in=run_in)
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    async with children(clock, f) as running:
        began = await running.answer()
        goes_on = await running.answer(trace_header=header)
        again = await running.answer(trace_header=goes_on)
    assert "_X_AMZN_TRACE_ID" not in os.environ
    assert began.startswith(f"Root=1-{int(clock.timestamp()):08x}"[:12])
    root, parent, *rest = goes_on.split(";")
    assert root == header.partition(";")[0]
    assert re.fullmatch("Parent=[0-9a-f]{16}", parent)
    assert rest[1] == began.split(";")[3]  # nothing but this invocation
    assert again.split(";")[3] == rest[1].removesuffix("0") + "1"


@pytest.mark.parametrize("run_in", ["inline", "python"])
async def test_an_init_within_the_invocation_leaves_the_handler_the_rest_of_its_timeout(
    clock: Clock, tmp_path: Path, run_in: str
) -> None:
    if run_in == "python":
        pytest.importorskip("awslambdaric")
    (tmp_path / "app.py").write_text(
        "import sys, time\n"
        "time.sleep(0.7)\n"
        "def handler(event, context):\n"
        "    left = context.get_remaining_time_in_millis()\n"
        "    if event == 'exit': sys.exit(1)\n"
        "    time.sleep(event)\n"
        "    return left\n"
    )
    f = Function("f", "app.handler", code_uri=str(tmp_path), run_in=run_in, timeout=2)
    async with children(clock, f) as running:
        await running.invoke("exit")
        rest = await running.answer(0)
        warm = await running.answer(0)
        await running.invoke("exit")
        late = await running.answer(1.6)
        *_, last = running.entries("invocation_finished")
    assert rest <= 1_300 < warm <= 2_000
    assert late == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r Error: Task timed out after 2.00 seconds",
    }
    assert last["duration"] == pytest.approx(2.0, abs=0.1)


async def test_memory_that_the_system_took_back_is_told_so_for_python(clock: Clock) -> None:
    async with children(clock, busy("hungry")) as running:
        answer = await running.answer()
        (finished,) = running.entries("invocation_finished")
    assert answer == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": "RequestId: r Error: Runtime exited with error: signal: killed",
    }
    assert finished["error_type"] == "Runtime.OutOfMemory"


async def test_environments_run_side_by_side(clock: Clock) -> None:
    async with children(clock, busy("sleeps")) as running:
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(running.invoke)
        began = time.monotonic()
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(running.invoke)
        took = time.monotonic() - began
        assert len(running.entries("environment_started")) == 6
    assert 0.2 <= took < 6 * 0.2


async def test_a_call_that_is_broken_off_leaves_nothing(clock: Clock) -> None:
    async with children(clock, busy("starts_children")) as running:
        with anyio.move_on_after(1.0):
            await running.invoke({"then": "hang", "mark": "here"})
        (stopped,) = running.entries("environment_stopped")
    assert stopped["function"] == "f"


async def test_an_exit_is_heard_where_the_system_has_no_files_for_processes(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    async with children(clock, odd("exits_after_its_answer")) as running:
        assert str(await running.answer()).startswith("from ")
        assert str(await running.answer()).startswith("from ")
    async with children(clock, odd("killed")) as running:
        assert "signal: killed" in (await running.answer())["errorMessage"]


@pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed")
async def test_ps_tells_memory_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    gauge = Gauge(os.getpid())
    assert 5_000_000 < (gauge.peak() or 0) < 2_000_000_000
    gauge.close()
    assert Gauge(2**22 - 1).peak() is None


@pytest.mark.parametrize("more", range(4))
async def test_too_many_open_files_are_an_error_of_ours_and_leave_nothing(
    clock: Clock, more: int
) -> None:
    gc.collect()  # files that nobody holds any more do not count
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with children(clock, odd("tells")) as running:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files() + more, hard))
        try:
            with pytest.raises(EventsimError, match="Too many open files"):
                await running.invoke()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


COLD_STARTS = [50, pytest.param(1_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]


@pytest.mark.parametrize("count", COLD_STARTS)
async def test_cold_starts_leave_nothing_behind(clock: Clock, count: int) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the bootstrap is a shell script with curl")
    f = Function("f", "contract.exits", code_uri=FOLDER, run_in="bootstrap", timeout=20)
    before = folders_of_ours()
    async with children(clock, f) as running:
        for _ in range(count):
            await running.invoke({"status": 1})
        assert len(running.entries("environment_reset")) == count
        marks = marked()
    assert len(marks) <= 1
    assert await soon(lambda: marked() == [])
    assert folders_of_ours() <= before


def folders_of_ours() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("eventsim-*"))


def marked() -> list[int]:
    """Who runs with this folder of code, where the system tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"LAMBDA_TASK_ROOT={FOLDER}".encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found

"""Laws of billing and of the limits and texts of an invocation."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.billing import billed_seconds
from eventsim.rules.log_lines import function_error, report, tail
from eventsim.types import FunctionError


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [
        (5.0, 0.57807, 5.579),
        (0.001, 0.1, 0.101),
        (0.00301, 0.0, 0.004),
        (0.003, 0.0, 0.003),
        (0.0, 0.0, 0.0),
        (900.0, 10.0, 910.0),
    ],
)
def test_duration_and_init_are_billed_together_by_the_millisecond(
    duration: float, init: float, billed: float
) -> None:
    assert billed_seconds(duration, init) == billed


@given(st.integers(0, 900_000), st.integers(0, 10_000))
def test_whole_milliseconds_are_billed_as_they_are(duration: int, init: int) -> None:
    assert billed_seconds(duration / 1000, init / 1000) == (duration + init) / 1000


def test_the_report_line_is_lambdas() -> None:
    measured = {"duration": 0.00301, "billed": 0.114, "memory_size": 128, "memory_used": 36}
    assert report("ID", init=0.1101, error=None, **measured) == (  # type: ignore[arg-type]  # values of several types
        "REPORT RequestId: ID\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
    )


def test_an_exception_of_the_handler_leaves_the_report_as_it_is() -> None:
    plain = FunctionError("ValueError", "boom")
    line = report(
        "ID",
        duration=0.001,
        init=None,
        billed=0.001,
        memory_size=128,
        memory_used=None,
        error=plain,
    )
    assert "Status" not in line
    assert line.endswith("\tMax Memory Used: 128 MB\t\n")


def test_an_error_is_logged_with_hard_indentation() -> None:
    assert function_error("ValueError", "boom", ['  File "a", line 1, in f\n    x\n']) == (
        "[ERROR] ValueError: boom\nTraceback (most recent call last):\n"
        '\u00a0\u00a0File "a", line 1, in f\n\u00a0\u00a0\u00a0\u00a0x\n'
    )


@given(st.text(max_size=3000))
def test_a_tail_is_the_end_of_the_log(log: str) -> None:
    whole = log.encode("utf-8", "replace")
    assert base64.b64decode(tail(log)) == whole[-4096:]

"""The step ``push``: what it cannot send is told before the run, with its place in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, ScenarioError, load, run
from eventsim.journal.sinks import MemorySink


def faults(tmp_path: Path, step: str) -> list[str]:
    """The faults of a scenario with this step, without the name of the file."""
    path = tmp_path / "s.yaml"
    path.write_text(
        f"# A lesson.\nname: s\nfunctions: {{f: {{Handler: a.b}}}}\ntimeline:\n{step}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return [f"{fault.line}:{fault.column}: {fault.message}" for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("step", "at", "text"),
    [
        ("  - {at: 1s, push: s33, to: f}", "s33", "did you mean 's3'?"),
        ("  - {at: 1s, push: s3, event: puts, to: f}", "puts", "did you mean 'put'?"),
        ("  - {at: 1s, push: no.such, to: f}", "no.such", "no module named 'no'"),
        ("  - {at: 1s, push: s3, to: g}", "g}", "which is no function and no bus of the scenario"),
        (
            "  - {at: 1s, push: s3, to: f, with: {bucet: x}}",
            "bucet",
            "unknown key 'bucet' in timeline[0].with; did you mean 'bucket'?",
        ),
        (
            "  - {at: 1s, push: s3, to: f, with: {size: big}}",
            "big",
            "timeline[0].with.size is 'big'; it must be a whole number",
        ),
        (
            "  - {at: 1s, push: s3, to: f, set: {objct.size: 1}}",
            "objct",
            "there is no 'objct.size'",
        ),
        ("  - {at: 1s, push: s3, to: f, set: {'a[': 1}}", "'a[", "'a[' is no path"),
        ("  - {at: 1s, push: s3, to: f, type: Later}", "Later", "must be one of"),
    ],
)
def test_what_cannot_be_sent_is_a_fault_with_its_place(
    tmp_path: Path, step: str, at: str, text: str
) -> None:
    (fault,) = faults(tmp_path, step)
    assert fault.startswith(f"5:{step.index(at) + 1}: ")
    assert text in fault


def test_all_faults_of_a_step_are_told_at_once(tmp_path: Path) -> None:
    step = "  - {at: 1s, push: s3, to: g, with: {bucet: x, size: big}}"
    assert len(faults(tmp_path, step)) == 3


def test_a_field_that_is_not_there_is_made_where_that_is_said() -> None:
    seen: list[Any] = []
    values = {
        "name": "small",
        "functions": {"f": {"Handler": lambda event, context: seen.append(event)}},
        "timeline": [{"at": "1s", "push": "s3", "to": "f", "set": {"more": 1}, "create": True}],
    }
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[MemorySink()]))
    assert [event["more"] for event in seen] == [1]


@pytest.mark.parametrize(
    ("source", "path", "because"),
    [
        ("s3", "object.key", "byte payload is too large for the Event invocation type (limit 1"),
        ("apigateway", "body", "Request must be smaller than 6291456 bytes for the InvokeFunction"),
    ],
)
def test_an_event_that_is_too_large_for_its_invocation_type_is_refused_as_lambda_does(
    source: str, path: str, because: str
) -> None:
    seen: list[Any] = []
    step = {"at": "1s", "push": source, "to": "f", "set": {path: "x" * 6_300_000}}
    values = {
        "name": "small",
        "functions": {"f": {"Handler": lambda event, context: seen.append(event)}},
        "timeline": [step],
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    (failed,) = [entry for entry in sink.entries if entry.kind == "push_failed"]
    assert (failed.fields["code"], seen) == ("RequestEntityTooLargeException", [])
    assert because in str(failed.because)

"""JUnit's XML, for build servers: the run is a test suite, each expectation a test case."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TextIO
from xml.etree import ElementTree

from eventsim.journal import Entry
from eventsim.reports._run import Run

# What XML 1.0 has no way to say (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ENDINGS = {
    "failed": "the run failed",
    "interrupted": "the run was interrupted",
    "cut off": "the journal is cut off before the run's end",
}


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write one suite: a case named ``run``, which fails unless the outcome is ok, and a case
    per expectation.

    Times are simulated seconds. The XML is valid whatever the names hold: a character that XML
    cannot carry is written as its escape, and everything is ASCII. Raises JournalError at an
    entry that lacks what its kind must have.
    """
    run = Run.of(entries)
    root = _suites(run)
    ElementTree.indent(root)
    out.write(ElementTree.tostring(root, "us-ascii", xml_declaration=True).decode() + "\n")


def _suites(run: Run) -> ElementTree.Element:
    failures = sum(not one["passed"] for one in run.expectations) + (not run.ok)
    numbers = {
        "tests": str(len(run.expectations) + 1),
        "failures": str(failures),
        "errors": "0",
        "time": _seconds(run.seconds),
    }
    root = ElementTree.Element("testsuites", numbers)
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(run.scenario), **numbers})
    if "start" in run.started:
        suite.set("timestamp", _clean(run.started["start"]).removesuffix("Z"))
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("seed", "clock", "backend", "version"):
        value = _clean(run.started.get(name, ""))
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    _run_case(suite, run)
    for expectation in run.expectations:
        _case(suite, run, expectation)
    return root


def _run_case(suite: ElementTree.Element, run: Run) -> None:
    name = {"classname": _clean(run.scenario), "name": "run", "time": _seconds(run.seconds)}
    case = ElementTree.SubElement(suite, "testcase", name)
    if not run.ok:
        message = _ENDINGS.get(run.outcome, run.outcome)
        if run.because:
            message += f": {run.because}"
        _failure(case, run.outcome, message, f"repeat it with: {run.repeat()}")


def _case(suite: ElementTree.Element, run: Run, expectation: dict[str, Any]) -> None:
    name, wanted = expectation["name"], expectation["wanted"]
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": _clean(run.scenario), "name": _clean(f"{name}: {wanted}"), "time": "0"},
    )
    if not expectation["passed"]:
        message = f"wanted {wanted}, found {expectation['found']:g}"
        _failure(case, "expectation", message, f"repeat it with: {run.repeat()}")


def _failure(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    failure = ElementTree.SubElement(
        case, "failure", {"type": _clean(kind), "message": _clean(message)}
    )
    failure.text = _clean(text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _clean(value: object) -> str:
    return _FORBIDDEN.sub(
        lambda found: found[0].encode("unicode_escape").decode("ascii"), str(value)
    )

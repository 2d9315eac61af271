"""A service that pushes: it asks for permission, invokes in its own way, and reads the answer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.errors import EventsimError, UnknownPlugin
from eventsim.ids import Chance
from eventsim.journal.sinks import MemorySink
from eventsim.push import read
from eventsim.push.builders import builder, builders
from eventsim.types import InvokeResult, Scene


def pushed(handler: Any, **step: Any) -> list[tuple[str, dict[str, Any]]]:
    """The entries of a run with one step."""
    values = {
        "name": "small",
        "functions": {"consumer": {"Handler": handler}},
        "timeline": [{"at": "1s", "push": "s3", "to": "consumer", **step}],
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    return [(entry.kind, entry.fields) for entry in sink.entries]


def test_an_event_arrives_as_it_was_built_and_changed() -> None:
    seen: list[Any] = []
    entries = pushed(
        lambda event, context: seen.append(event),
        event="put",
        count=2,
        **{"with": {"bucket": "photos", "key": "a b.jpg"}, "set": {"object.size": 7}},
    )
    objects = [event["Records"][0]["s3"]["object"] for event in seen]
    assert [(each["key"], each["size"]) for each in objects] == [("a+b.jpg", 7)] * 2
    assert objects[0]["eTag"] != objects[1]["eTag"]
    assert [fields["type"] for kind, fields in entries if kind == "event_pushed"] == ["Event"] * 2


def test_the_same_scene_gives_the_same_event() -> None:
    put = builder("s3", "put")
    first, again = (put.event(Scene(chance=Chance(7)), {"key": "k"}) for _ in range(2))
    assert first == again
    assert first != put.event(Scene(chance=Chance(8)), {"key": "k"})


def test_the_first_event_of_a_source_is_the_one_without_a_name() -> None:
    assert builder("s3").name == next(iter(builders("s3")))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"bucet": "x"}, "s3 put has no parameter 'bucet'; did you mean 'bucket'"),
        ({"size": "large"}, "s3 put: size is 'large'; input should be a valid integer"),
    ],
)
def test_what_a_builder_cannot_take_is_named(given: dict[str, Any], text: str) -> None:
    with pytest.raises(EventsimError, match=text):
        builder("s3", "put").event(Scene(), given)


def test_an_unknown_source_or_event_names_the_near_ones() -> None:
    with pytest.raises(UnknownPlugin, match=r"no source called 's33' pushes events.*mean 's3'"):
        builder("s33")
    with pytest.raises(UnknownPlugin, match=r"s3 has no event 'puts'.*mean 'put'"):
        builder("s3", "puts")


def test_without_a_contract_of_its_own_a_service_takes_what_did_not_fail() -> None:
    module: Any = SimpleNamespace()
    assert read(module, InvokeResult(200, b"1"), {}).accepted
    failed = read(module, InvokeResult(200, b"1", "Unhandled"), {})
    assert (failed.accepted, failed.because) == (False, "the function failed: Unhandled")

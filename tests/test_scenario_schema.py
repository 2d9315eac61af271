"""The format as JSON Schema: sound, complete, and in agreement with the loader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from eventsim import registry
from eventsim.journal.kinds import KINDS
from eventsim.scenario import Expectation, schema

REPOSITORY = Path(__file__).resolve().parent.parent
SCHEMA = schema()
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples", "format"}


def faults(value: Any, rule: dict[str, Any], path: str = "$") -> Iterator[str]:
    """A validator for as much of draft 2020-12 as the schema uses; fails on any other keyword."""
    for keyword, wanted in rule.items():
        match keyword:
            case _ if keyword in ANNOTATIONS:
                continue
            case "$ref":
                yield from faults(value, SCHEMA["$defs"][wanted.removeprefix("#/$defs/")], path)
            case "anyOf":
                if all(list(faults(value, option, path)) for option in wanted):
                    yield f"{path}: none of {len(wanted)}"
            case "type":
                names = wanted if isinstance(wanted, list) else [wanted]
                fits = any(isinstance(value, TYPES[name]) for name in names)
                if not fits or (isinstance(value, bool) and "boolean" not in names):
                    yield f"{path}: not {wanted}"
            case "const" | "enum":
                if value not in (wanted if keyword == "enum" else [wanted]):
                    yield f"{path}: not {wanted}"
            case "pattern":
                if isinstance(value, str) and not re.search(wanted, value):
                    yield f"{path}: not like {wanted}"
            case "minLength" | "maxLength" | "minimum" | "maximum" | "exclusiveMinimum":
                if not within(value, keyword, wanted):
                    yield f"{path}: {keyword} {wanted}"
            case "minProperties" | "maxProperties":
                count = len(value) if isinstance(value, dict) else wanted
                if count < wanted if keyword.startswith("min") else count > wanted:
                    yield f"{path}: {keyword} {wanted}"
            case "required":
                missing = set(wanted) - set(value if isinstance(value, dict) else wanted)
                yield from (f"{path}: no {key}" for key in sorted(missing))
            case "minItems" | "maxItems":
                count = len(value) if isinstance(value, list) else wanted
                if count < wanted if keyword.startswith("min") else count > wanted:
                    yield f"{path}: {keyword} {wanted}"
            case "uniqueItems":
                if wanted and isinstance(value, list) and len(value) > len(set(map(str, value))):
                    yield f"{path}: not unique"
            case "items":
                for index, item in enumerate(value if isinstance(value, list) else ()):
                    yield from faults(item, wanted, f"{path}[{index}]")
            case "propertyNames":
                for key in value if isinstance(value, dict) else ():
                    yield from faults(key, wanted, f"{path}.{key}")
            case "properties" | "patternProperties" | "additionalProperties":
                pass  # together, below
            case _:
                raise AssertionError(f"{path}: unknown keyword {keyword}")
    yield from members(value, rule, path)


def within(value: Any, keyword: str, limit: float) -> bool:
    """Whether a text is as long, or a number as large, as the keyword asks."""
    if not isinstance(value, str if keyword.endswith("Length") else int | float):
        return True
    size = len(value) if isinstance(value, str) else value
    if keyword == "exclusiveMinimum":
        return size > limit
    return size >= limit if keyword.startswith("min") else size <= limit


def members(value: Any, rule: dict[str, Any], path: str) -> Iterator[str]:
    for key, item in value.items() if isinstance(value, dict) else ():
        patterns = rule.get("patternProperties", {}).items()
        rules = [inner for pattern, inner in patterns if re.search(pattern, key)]
        rules += [rule["properties"][key]] if key in rule.get("properties", {}) else []
        other = rule.get("additionalProperties", True)
        if not rules and other is False:
            yield f"{path}: unknown key {key}"
        for inner in rules or ([other] if isinstance(other, dict) else []):
            yield from faults(item, inner, f"{path}.{key}")


class Plain(yaml.SafeLoader):
    """YAML as an editor reads it for JSON Schema: no dates."""


Plain.yaml_implicit_resolvers = {
    letter: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

for tag in ("!GetAtt", "!Ref"):
    Plain.add_constructor(tag, lambda loader, node: str(node.value))

VALID = """
name: orders
time: {real: {speed: 60}}
start: 2026-01-01T00:00:00Z
run_for: 1h30m
resources:
  orders: {type: kinesis, shards: 2}
  mine: {type: mypackage.my_source, anything: 1}
functions:
  consumer:
    Handler: app.handler
    Environment: {Variables: {LEVEL: "3"}}
    duration: {lognormal: {median: 20ms, sigma: 0.3}}
    Events:
      Orders:
        Type: Kinesis
        Properties: {Stream: orders, StartingPosition: TRIM_HORIZON, BatchSize: 10}
timeline:
  - {at: 5s, put: orders, records: [{key: a, data: [1], explicit_hash_key: "7"}]}
expect:
  - {entry: batch_delivered, where: {source: orders}, sum: records, min: 1}
"""


def read(text: str) -> Any:
    return yaml.load(text, Plain)  # a SafeLoader without dates


def test_it_is_plain_json_of_draft_2020_12_with_every_reference_defined() -> None:
    text = json.dumps(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {reference.split("/")[-1] for reference in re.findall(r'"\$ref": "([^"]+)"', text)} == (
        set(SCHEMA["$defs"])
    )


def test_a_valid_scenario_has_no_fault() -> None:
    assert list(faults(read(VALID), SCHEMA)) == []


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "scenarios").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_scenario_of_the_repository_validates(path: Path) -> None:
    assert list(faults(read(path.read_text(encoding="utf-8")), SCHEMA)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: orders", "nmae: orders"),
        ("speed: 60", "speed: 0"),
        ("run_for: 1h30m", "run_for: 90"),
        ("run_for: 1h30m", "run_for: 30m1h"),
        ("shards: 2", "shards: 0"),
        ("shards: 2", "shrds: 2"),
        ("type: kinesis", "type: kineses"),
        ("  orders: {", "  or/ders: {"),
        ("Handler: app.handler", "Timeout: 901"),
        ("LEVEL", "2ND_LEVEL"),
        ("lognormal", "normal"),
        ("BatchSize: 10", "BatchSize: 10001"),
        ("BatchSize: 10", "ParallelizationFactor: 11"),
        ("StartingPosition: TRIM_HORIZON, ", ""),
        ("StartingPosition: TRIM_HORIZON", "StartingPosition: OLDEST"),
        ("put: orders", "putt: orders"),
        ("key: a", "key: 1"),
        ('"7"', "7"),
        ("entry: batch_delivered", "entry: batch"),
        ("min: 1", "min: x"),
    ],
)
def test_what_the_loader_refuses_by_its_shape_the_schema_refuses(old: str, new: str) -> None:
    assert old in VALID

    assert list(faults(read(VALID.replace(old, new)), SCHEMA)) != []


def test_every_source_and_step_is_in_it() -> None:
    resources = SCHEMA["properties"]["resources"]["patternProperties"]
    (options,) = [rule["anyOf"] for rule in resources.values()]

    sources = [registry.load("sources", name) for name in registry.names("sources")]
    assert len(options) == sum(hasattr(source, "Resource") for source in sources) + 1
    assert len(SCHEMA["properties"]["timeline"]["items"]["anyOf"]) == len(registry.names("steps"))


def test_it_offers_the_entries_that_can_be_expected_and_no_others() -> None:
    accepted = []
    for kind in KINDS:
        with suppress(ValidationError):  # not accepted
            accepted.append(Expectation.model_validate({"entry": kind}).entry)

    assert SCHEMA["$defs"]["Expectation"]["properties"]["entry"]["enum"] == sorted(accepted)
    assert "batch_delivered" in accepted
    assert {"run_finished", "expectation_checked"}.isdisjoint(accepted)

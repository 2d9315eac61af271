"""
The reference page of the scenario format, made from its JSON Schema.

    python -m eventsim.scenario.reference > docs/scenarios.md
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from eventsim.scenario.schema import schema

HEAD = """\
# Scenarios

<!-- Written by `python -m eventsim.scenario.reference > docs/scenarios.md`. -->

A scenario is a YAML file. Keys in PascalCase are AWS's own and can be pasted from a SAM template;
keys in snake_case are ours. The first line is a comment that says in one sentence what the scenario
is about. A key that is not known is refused with its line and column, and so is what AWS refuses.

`eventsim check` says whether a scenario is right, `eventsim init` writes one around a handler, and
`eventsim schema` prints the format as JSON Schema, which editors use for completion: with the YAML
extension of VS Code, `# yaml-language-server: $schema=scenario.schema.json` in the first lines.

## Lesson

A scenario of the course has a `lesson`: what `eventsim learn` asks before the run and tells after
it. `try` is a change in the grammar of [`--set`](command-line.md#run) with which the scenario does
not hold any more, since it takes away what is taught. A change that cannot be made is a fault of
the scenario, and a test makes each of them. The number of the file is the place in the course.

```yaml
lesson:
  question: BatchSize is 2 and five records wait. How many batches does the function get?
  answer: Three, two full ones and one with the record that is left.
  try: consumer.BatchSize=5
  then: All five records come in one batch.
```
"""

ROOT = {
    "name": "what reports call the run",
    "lesson": "what it teaches, see above",
    "seed": "of every chance in the run",
    "time": "virtual, or real with a speed; see [how time works](time.md)",
    "start": "the simulated date and time at which the run begins",
    "profile": "Lambda of today or of 2017, see [functions](functions.md)",
    "concurrent_executions": "the account's concurrency",
    "region": "of every ARN",
    "account": "of every ARN, in quotes",
    "backend": "where the services come from; see [clouds](clouds.md)",
    "run_for": "how long the run lasts at least; without it, until nothing is left to do",
    "resources": "streams, tables, queues, topics, buckets, … by their names",
    "functions": "the functions by their names, as in SAM; see [functions](functions.md)",
    "identities": "roles and other callers by their names; see [permissions](permissions.md)",
    "load": "what `eventsim load` sends, and how fast; see [load](load.md)",
    "timeline": "what happens, and when: a list of steps",
    "expect": "what the journal has to say in the end: a list of expectations",
}

_SOURCE = re.compile(r"eventsim__sources__\w+?__Resource")
_STEP = re.compile(r"eventsim__steps__(\w+?)__Step")
_DURATION = "ms)?$"
_ENUM_MAX = 8
_DEFAULT_MAX = 40


def markdown() -> str:
    """Return docs/scenarios.md: every key of the format, what it holds and its default."""
    whole = schema()
    names = {name: _title(name, body) for name, body in whole["$defs"].items()}
    lines = [HEAD, "## Top level", "", "| key | | holds | default |", "|---|---|---|---|"]
    for key, value in whole["properties"].items():
        lines.append(f"| `{key}` | {ROOT[key]} | {_holds(value, names)} | {_default(value)} |")
    for heading, wanted in _GROUPS:
        lines += ["", f"## {heading}"]
        for name in sorted(names, key=lambda each: names[each].lower()):
            if wanted(name):
                lines += _section(names[name], whole["$defs"][name], names)
    return "\n".join(lines) + "\n"


def _section(title: str, body: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    if said := body.get("description"):
        yield from (" ".join(str(said).replace("``", "`").split()), "")
    rows = list(_rows(body, names))
    if rows:
        yield from ("| key | holds | default |", "|---|---|---|", *rows)
    else:
        yield f"{_holds(body, names)}."


def _rows(body: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    required = body.get("required", ())
    for key, value in body.get("properties", {}).items():
        default = "required" if key in required else _default(value)
        yield f"| `{key}` | {_holds(value, names)} | {default} |"


def _holds(value: dict[str, Any], names: dict[str, str]) -> str:
    """What may stand there, in words."""
    if "$ref" in value:
        return _link(names[value["$ref"].removeprefix("#/$defs/")])
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        words = list(dict.fromkeys(map(str, value["enum"])))
        listed = ", ".join(f"`{each}`" for each in words[:_ENUM_MAX])
        more = len(words) - _ENUM_MAX
        return listed + (f" and {more} more" if more > 0 else "")
    if "anyOf" in value:
        parts = [_holds(each, names) for each in value["anyOf"] if each != {"type": "null"}]
        if len(parts) > _ENUM_MAX:
            return "one of those below"
        return " or ".join(dict.fromkeys(parts))
    return _typed(value, names)


def _typed(value: dict[str, Any], names: dict[str, str]) -> str:
    match value.get("type"):
        case "array":
            return f"a list: {_holds(value.get('items', {}), names)}"
        case "object" if isinstance(value.get("additionalProperties"), dict):
            return f"names, each with {_holds(value['additionalProperties'], names)}"
        case "object" if "patternProperties" in value:
            (inner,) = value["patternProperties"].values()
            return f"names, each with {_holds(inner, names)}"
        case "object":
            inside = ", ".join(f"`{key}`" for key in value.get("properties", ()))
            return f"a mapping of {inside}" if inside else "a mapping"
        case "integer":
            return "a whole number" + _range(value)
        case "number":
            return "a number" + _range(value)
        case "boolean":
            return "`true` or `false`"
        case "string" if str(value.get("pattern", "")).endswith(_DURATION):
            return "a duration such as `20ms`, `5s` or `1h30m`"
        case "string" if value.get("format") == "date-time":
            return "a date with its zone"
        case "string":
            return "text"
    return "any value"


def _range(value: dict[str, Any]) -> str:
    least = value.get("minimum", value.get("exclusiveMinimum"))
    most = value.get("maximum")
    if least is not None and most is not None:
        return f", {least:,} to {most:,}"
    if least is not None:
        return f", {least:,} or more"
    return "" if most is None else f", {most:,} at most"


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    if default in (None, "", [], {}):
        return ""
    text = json.dumps(default)
    return f"`{text}`" if len(text) <= _DEFAULT_MAX else ""


def _title(name: str, body: dict[str, Any]) -> str:
    if _SOURCE.fullmatch(name):
        return f"Resource {body['properties']['type']['const']}"
    if found := _STEP.fullmatch(name):
        return f"Step {found[1]}"
    if not name.startswith("eventsim__"):
        return name
    module, _, short = name.removeprefix("eventsim__").rpartition("__")
    return f"{short} of {module.rpartition('__')[2].strip('_')}"


def _link(title: str) -> str:
    return f"[{title}](#{re.sub(r'[^a-z0-9_ -]', '', title.lower()).replace(' ', '-')})"


_GROUPS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("Resources", lambda name: bool(_SOURCE.fullmatch(name))),
    ("Steps", lambda name: bool(_STEP.fullmatch(name))),
    ("Parts", lambda name: not (_SOURCE.fullmatch(name) or _STEP.fullmatch(name))),
)


if __name__ == "__main__":
    sys.stdout.write(markdown())

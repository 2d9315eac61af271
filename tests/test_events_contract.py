"""
Every event of every source is accepted by a consumer that we did not write, and tells the truth.

The validators are those of ``tests/event_validators``. ``docs/events.md`` lists them; write it
anew with ``python -m tests.test_events_contract``.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

import orjson
import pytest
from jsonschema import Draft202012Validator

from eventsim.ids import Chance
from eventsim.push.builders import Builder, builders, module_of, sources
from eventsim.rules.timestamps import epoch_milliseconds, iso_milliseconds
from eventsim.types import Scene
from tests.commands import eventsim
from tests.event_validators import FORMS, UNITS, Tables, tables

PAGE = Path(__file__).parent.parent / "docs" / "events.md"
AT = datetime(2026, 3, 1, 9, 23, 45, 678_901, UTC)
GLOBAL = {"iam", "sts"}  # services whose ARNs have no region
REGIONS = {"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}
COUNT = 100

CHAINS = (
    "eventsim generate s3 put | eventsim generate sns --message -",
    "eventsim generate s3 put | eventsim generate sqs --body -",
    "eventsim generate s3 put | eventsim generate sns envelope --message -"
    " | eventsim generate sqs --body -",
    "eventsim generate s3_eventbridge | eventsim generate kinesis --data -",
    "eventsim generate sns envelope | eventsim generate firehose --data -",
    "eventsim generate documentdb | eventsim generate kafka --value -",
)
PROSE = """\
## From Python

The same builders are functions of their source's module, with a name, a type and a default for each
parameter. A scene has the region, the account, the time and the chance that ids are drawn from:

```python
from eventsim import Scene, builder
from eventsim.sources import s3, sns

scene = Scene(region="eu-west-1")
put = s3.put(scene, bucket="photos", key="red flower.jpg", size=5)
told = sns.notification(scene, message="The kettle is on")

named = builder("s3", "put")  # by the names of the command line
put = named.event(scene, {"bucket": "photos"})
named.schema()  # the JSON Schema of its parameters
```

The same scene goes on: the next event has ids of its own. `eventsim schema s3 put` prints the JSON
Schema of an event's parameters.

## What AWS's pages disagree about

* **S3's `eventVersion`** is that of the kind: 2.2 for replication, 2.3 for lifecycle rules,
  Intelligent-Tiering, tags, access control lists and the end of a restored copy, 2.1 for the rest.
  That is the page whose events people have recorded. Newer editions of it have one version for all
  kinds, 2.4 and then 2.5, which adds fields and takes none away: `--event-version 2.5` gives it.
* **ActiveMQ's `eventSource`** is `aws:mq`, as in the Lambda guide and in recorded events; the page
  of EventBridge Pipes has `aws:amq`, and `--event-source aws:amq` gives it.
"""
EVENTS = [event for source in sources() for event in builders(source).values()]
each = pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.source}-{event.name}")

# Keys whose value belongs to one event, record or request, and never comes again.
IDS = {
    "HostId",
    "_data",
    "MessageId",
    "RequestId",
    "eventID",
    "eventId",
    "invocationId",
    "messageID",
    "messageId",
    "receiptHandle",
    "recordId",
    "request-id",
    "requestId",
    "sequenceNumber",
    "SequenceNumber",
    "sequencer",
    "taskId",
    "x-amz-id-2",
    "x-amz-request-id",
    "xAmzRequestId",
}
SEQUENCES = {"sequencer", "sequenceNumber", "SequenceNumber", "_data"}
COUNTED = SEQUENCES | {"eventID", "recordId"}  # and not drawn: the same with every seed
ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*)"
    r":(?P<account>\d{12}|aws|cloudfront|)?:(?P<resource>[^\s:].*)",
    re.DOTALL,
)
DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]|\d\d/[A-Z][a-z]{2}/\d{4}")
AROUND = timedelta(days=366 * 10)


class Leaf(NamedTuple):
    """A value of an event that holds no other, and the keys that lead to it."""

    path: tuple[str | int, ...]
    value: Any

    @property
    def key(self) -> str:
        """The nearest key, with positions in lists passed over."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "")


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """Every leaf; texts that are JSON objects are looked into as well."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))
    elif isinstance(value, str) and value.startswith(("{", "[{")):
        try:
            inner = json.loads(value)
        except ValueError:
            yield Leaf(path, value)
        else:
            yield from leaves(inner, path)
    else:
        yield Leaf(path, value)


def scene(region: str = "us-east-1", seed: int = 3) -> Scene:
    return Scene(region, "210987654321", AT, Chance(seed))


@cache
def validators() -> Tables:
    return tables()


@each
def test_a_consumer_that_we_did_not_write_accepts_the_event(event: Builder) -> None:
    validator = validators().validators.get((event.source, event.name))
    assert validator is not None, f"no validator in tests/event_validators for {event}"
    for region in REGIONS:
        validator.check(event.event(scene(region)))


@each
def test_every_parameter_has_a_default_a_text_and_a_json_schema(event: Builder) -> None:
    assert event.sentence
    for name, field in event.model.model_fields.items():
        assert not field.is_required(), name
        assert any(isinstance(text, str) for text in field.metadata), name
    schema = event.schema()
    Draft202012Validator.check_schema(schema)
    defaults = {name: known["default"] for name, known in schema["properties"].items()}
    Draft202012Validator(schema).validate(defaults)
    assert all(known["description"] for known in schema["properties"].values())


@each
def test_a_builder_is_a_function_of_its_source_that_takes_a_scene(event: Builder) -> None:
    source, name = module_of(event.source), event.name.replace("-", "_")
    build = getattr(source, name)
    assert build is event.build
    assert name in getattr(source, "__all__", [name])  # or type checkers do not see it
    assert orjson.dumps(build(scene())) == orjson.dumps(build(scene()))


def test_no_validator_is_there_for_nothing_and_no_gap_is_allowed_for_nothing() -> None:
    known = {(event.source, event.name): event for event in EVENTS}
    assert sorted(validators().validators.keys() - known.keys()) == []
    assert sorted(validators().times.keys() - sources()) == []
    for key, validator in validators().validators.items():
        if validator.gaps:
            validator.check(known[key].event(scene()))
    unused = [
        f"{validator.name} {gap}"
        for validator in validators().validators.values()
        for gap in validator.gaps.keys() - validator.needed
    ]
    assert unused == []


@each
def test_the_same_seed_gives_the_same_bytes_and_another_seed_none_of_its_ids(
    event: Builder,
) -> None:
    first, again, other = (orjson.dumps(event.event(scene(seed=seed))) for seed in (3, 3, 4))
    assert first == again
    ids = [set(_ids(orjson.loads(text))) for text in (first, other)]
    assert ids[0] & ids[1] - _growing(event) == set()


def _growing(event: Builder) -> set[tuple[str, Any]]:
    """Numbers that grow are counted, not drawn."""
    return {pair for pair in _ids(event.event(scene())) if pair[0] in COUNTED}


@each
def test_ids_are_unique_and_sequences_grow(event: Builder) -> None:
    one = scene()
    made = [event.event(one) for _ in range(COUNT)]
    counts = Counter(pair for event in made for pair in _ids(event))
    assert [pair for pair, count in counts.items() if count > 1] == []
    for key in SEQUENCES:
        values = [leaf.value for event in made for leaf in leaves(event) if leaf.key == key]
        assert len({len(value) for value in values}) <= 1
        assert values == sorted(values)


def _ids(event: Any) -> Iterator[tuple[str, Any]]:
    for leaf in leaves(event):
        if leaf.key in IDS and leaf.value not in (None, ""):
            yield leaf.key, leaf.value


@each
def test_nothing_in_an_event_is_there_twice_so_that_a_change_is_in_one_place(
    event: Builder,
) -> None:
    several = {"records": 3} if "records" in event.model.model_fields else {}
    made = event.event(scene(), several)
    places = [id(where) for where in containers(made)]
    assert len(places) == len(set(places))


def containers(value: Any) -> Iterator[Any]:
    """Every object and array of an event."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


@each
@pytest.mark.parametrize("region", REGIONS)
def test_arns_are_well_formed_and_of_the_partition_of_the_region(
    event: Builder, region: str
) -> None:
    made = event.event(scene(region))
    for leaf in leaves(made):
        if isinstance(leaf.value, str) and leaf.value.startswith("arn:"):
            found = ARN.fullmatch(leaf.value)
            assert found is not None, leaf
            assert found["partition"] == REGIONS[region], leaf
            assert found["region"] in ("", region), leaf
            assert found["service"] not in GLOBAL or not found["region"], leaf
        elif isinstance(leaf.value, str):
            for host in re.findall(r"https?://([^/\s]*\.amazonaws\.com[.a-z]*)", leaf.value):
                assert host.endswith(".cn") == (region == "cn-north-1"), leaf


@each
def test_moments_are_written_as_the_service_writes_them(event: Builder) -> None:
    names = validators().times.get(event.source, ())
    for leaf in leaves(event.event(scene())):
        if isinstance(leaf.value, str) and DATE.match(leaf.value):
            forms = [FORMS[name] for name in names if name in FORMS]
            assert any(re.fullmatch(form, leaf.value) for form in forms), leaf
            assert abs(_moment(leaf.value) - AT) < AROUND, leaf
        elif "time" in leaf.key.lower() and (unit := _unit(leaf.value)):
            assert unit in names or not {*UNITS} & {*names}, leaf
            at = datetime.fromtimestamp(float(leaf.value) * UNITS[unit], UTC)
            assert abs(at - AT) < AROUND, leaf


def _unit(value: Any) -> str | None:
    """The unit of a number that is a time since 1970."""
    if isinstance(value, str) and not value.isdecimal():
        return None
    number = int(value) if isinstance(value, int | float | str) else 0
    digits = {10: "epoch_seconds", 13: "epoch_milliseconds"}
    return digits.get(len(str(number)))


def test_a_moment_in_milliseconds_is_the_one_that_is_written() -> None:
    assert epoch_milliseconds(AT) == 1772357025678
    assert iso_milliseconds(AT) == "2026-03-01T09:23:45.678Z"
    assert epoch_milliseconds(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) == -1


def _moment(text: str) -> datetime:
    if text[2] == "/":
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    made = datetime.fromisoformat(text)
    return made if made.tzinfo else made.replace(tzinfo=UTC)


@each
def test_what_is_encoded_and_signed_is_what_it_says(event: Builder) -> None:
    made = event.event(scene())
    for where in containers(made):
        if not isinstance(where, dict):
            continue
        if "md5OfBody" in where:
            assert where["md5OfBody"] == md5(where["body"].encode()).hexdigest()
        if isinstance(where.get("s3"), dict):
            key = where["s3"]["object"]["key"]
            assert quote_plus(unquote_plus(key), safe="/") == key
        if isinstance(where.get("awslogs"), dict):
            told = json.loads(gzip.decompress(base64.b64decode(where["awslogs"]["data"])))
            assert told["messageType"] in ("DATA_MESSAGE", "CONTROL_MESSAGE")
        if where.get("isBase64Encoded") is True:
            base64.b64decode(where["body"], validate=True)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_of_events_holds_the_first_in_the_last(chain: str) -> None:
    text, first = "", ""
    for command in chain.split(" | "):
        ended = eventsim(*shlex.split(command)[1:], stdin=text)
        assert ended.code == 0, ended.stderr
        text = ended.stdout
        first = first or text
    assert json.loads(first) in list(_inside(json.loads(text)))


def _inside(value: Any) -> Iterator[Any]:
    """Everything in an event, and in the JSON that is text or base64 in it."""
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _inside(inner)
    elif isinstance(value, str) and value[:1] in "{e":
        try:
            yield from _inside(json.loads(value if value[0] == "{" else base64.b64decode(value)))
        except ValueError:
            return


def page() -> str:
    """What docs/events.md has to say."""
    lines = [
        "# Events",
        "",
        "Every event that `eventsim generate` makes and `push` sends, and who accepts it.",
        "Each is a consumer that we did not write and that refuses keys it does not know, or,",
        "where nobody has one, a JSON Schema of ours after a page of AWS's documentation.",
        "A test holds this page to be current, `python -m tests.test_events_contract` writes it.",
        "",
        "## Chains",
        "",
        "A flag whose value is `-` is read from stdin, so one event goes into another:",
        "",
        "```sh",
        *CHAINS,
        "```",
        "",
        PROSE,
        "## All of them",
        "",
        "| source | event | | accepted by |",
        "|---|---|---|---|",
    ]
    gaps: dict[str, str] = {}
    for event in EVENTS:
        validator = validators().validators[event.source, event.name]
        notes = " but for " * bool(validator.gaps) + ", ".join(f"`{gap}`" for gap in validator.gaps)
        gaps |= validator.gaps
        says = event.sentence.replace("|", "\\|")
        lines.append(f"| {event.source} | {event.name} | {says} | {validator.name}{notes} |")
    if gaps:
        lines += ["", "## What a consumer lacks", ""]
        lines += [f"* `{gap}`: {reason}" for gap, reason in sorted(gaps.items())]
    return "\n".join([*lines, ""])


def test_the_code_on_the_page_builds_events() -> None:
    space: dict[str, Any] = {}
    exec(PROSE.partition("```python\n")[2].partition("```")[0], space)
    assert space["put"]["Records"][0]["awsRegion"] == "eu-west-1"
    assert space["told"]["Records"][0]["Sns"]["Message"] == "The kettle is on"


def test_the_page_of_events_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.test_events_contract"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

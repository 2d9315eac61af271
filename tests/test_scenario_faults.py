"""Everything that can be wrong with a scenario: where it stands, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventsim.errors import ScenarioError
from eventsim.scenario import load

VALID = """\
# One lesson.
name: orders
start: 2026-01-01T00:00:00Z
run_for: 1h
resources:
  orders: {type: kinesis, shards: 2}
functions:
  consumer:
    Handler: app.handler
    CodeUri: code
    Timeout: 3
    Events:
      Orders:
        Type: Kinesis
        Properties:
          Stream: orders
          StartingPosition: TRIM_HORIZON
          BatchSize: 10
timeline:
  - {at: 5s, put: orders, records: [{key: a, data: {id: 1}}]}
  - {at: 6s, put: orders, from: orders.jsonl}
expect:
  - {entry: batch_delivered, where: {source: orders}, sum: records, min: 1}
"""
HEADER = '{"recording": "eventsim", "schema": 1, "source": "kinesis", "origin": "test"}\n'

PROPERTIES = "functions.consumer.Events.Orders.Properties"
DETECTED = "1 validation error detected: Value"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a code folder and a recording; the test stands in it."""
    folder = tmp_path / "project"
    (folder / "code").mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "orders.jsonl").write_text(HEADER)
    monkeypatch.chdir(folder)
    return folder


def faults_of(text: str | bytes) -> list[str]:
    """Every fault of a file that holds *text*, as it is told."""
    Path("s.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        load("s.yaml")
    except ScenarioError as error:
        return [str(fault).removeprefix("s.yaml:") for fault in error.faults]
    return []


def edited(old: str, new: str) -> str:
    assert VALID.count(old) == 1, f"{old!r} is there {VALID.count(old)} times"
    return VALID.replace(old, new)


def test_the_valid_one_has_no_fault() -> None:
    assert faults_of(VALID) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # keys
        ("name: orders", "nmae: orders",
         ["2:1: no name in the scenario; write name: poison-pill",
          "2:1: unknown key 'nmae' in the scenario; did you mean 'name'?"]),
        ("BatchSize: 10", "BatchSise: 10",
         [f"18:11: unknown key 'BatchSise' in {PROPERTIES}; did you mean 'BatchSize'?"]),
        ("shards: 2", "shrds: 2",
         ["6:27: unknown key 'shrds' in resources.orders; did you mean 'shards'?"]),
        ("BatchSize: 10", "ProvisionedPollerConfig: {}",
         [f"18:11: 'ProvisionedPollerConfig' in {PROPERTIES} is not simulated yet"]),
        ("Timeout: 3", "SnapStart: {}",
         ["11:5: 'SnapStart' in functions.consumer is not simulated yet"]),
        ("Handler: app.handler", "Description: none",
         ["8:3: no Handler in functions.consumer; write Handler: orders.handler"]),
        ("Timeout: 3", "Timeout: 3\n    Timeout: 4",
         ["12:5: duplicate key 'Timeout' in functions.consumer, first on line 11; keep one"]),
        # YAML's traps
        ("Timeout: 3", "Timeout: 1:30",
         ["11:14: functions.consumer.Timeout is 1:30, which YAML reads as 90; write a duration "
          'with its units (1m30s), or "1:30" in quotes for the text']),
        ("Timeout: 3", "Timeout: on",
         ["11:14: functions.consumer.Timeout is on, which YAML reads as true; write true, "
          'or "on" in quotes for the text']),
        ("Timeout: 3", "on: 3",
         ["11:5: the key on in functions.consumer is read by YAML as true; "
          'write "on" in quotes']),
        ("{id: 1}", "{no: 1}",
         ["20:53: the key no in timeline[0].records[0].data is read by YAML as false; "
          'write "no" in quotes']),
        ("{id: 1}", "{1: id}",
         ["20:53: the key 1 in timeline[0].records[0].data is not text; "
          'write "1" in quotes']),
        ("name: orders", "name: orders\naccount: 123456789012",
         ['3:10: account is 123456789012, a number; write "123456789012" in quotes']),
        ("name: orders", "name: orders\naccount: 012345670123",
         ["3:10: account is 012345670123, which YAML reads as 1402433619; "
          'write "012345670123" in quotes']),
        ("{id: 1}", "{id: 49590338271490256608559692538361571095921575989136588898}",
         ["20:57: timeline[0].records[0].data.id is "
          "49590338271490256608559692538361571095921575989136588898, a number too long to keep "
          'all its digits; write "49590338271490256608559692538361571095921575989136588898" '
          "in quotes"]),
        ("{id: 1}", "{id: .nan}",
         ["20:57: timeline[0].records[0].data.id is .nan, which is not a number in JSON; "
          "write a finite one"]),
        ("{id: 1}", "{id: 2013-01-01}",
         ["20:57: timeline[0].records[0].data.id is 2013-01-01, which YAML reads as a date; "
          'write "2013-01-01" in quotes']),
        ("start: 2026-01-01T00:00:00Z", "start: 2026-13-01T00:00:00Z",
         ["3:8: start is 2026-13-01T00:00:00Z, which cannot be read: month must be in 1..12"]),
        ("{id: 1}", "{<<: {a: 1}}",
         ["20:53: the key << in timeline[0].records[0].data merges another mapping; "
          "write its keys out"]),
        ("{id: 1}", "!!binary aGk=",
         ["20:52: timeline[0].records[0].data has the tag !!binary; "
          "only !Ref, !GetAtt and !Sub are read"]),
        ("{id: 1}", "!!python/object/apply:os.getcwd []",
         ["20:52: timeline[0].records[0].data has the tag !!python/object/apply:os.getcwd; "
          "only !Ref, !GetAtt and !Sub are read"]),
        ("{id: 1}", '"\\ud800"',
         ["20:52: timeline[0].records[0].data is \ud800, half of a surrogate pair; "
          "write the character itself"]),
        # CloudFormation's functions
        ("Stream: orders", "Stream: !Ref ordrs",
         [f"16:19: {PROPERTIES}.Stream is 'ordrs', which is no resource of the scenario; "
          "did you mean 'orders'?"]),
        ("Stream: orders", "Stream: !GetAtt orders.Name",
         [f"16:19: {PROPERTIES}.Stream: !GetAtt names a resource's ARN here, "
          "as in !GetAtt orders.Arn"]),
        ("Stream: orders", "Stream: !Sub arn:${orders}",
         [f"16:19: {PROPERTIES}.Stream: !Sub is read for one name only, "
          'as in !Sub "${orders.Arn}"']),
        ("Stream: orders", "Stream: !Ref [orders]",
         [f"16:19: {PROPERTIES}.Stream: !Ref takes the name of a resource"]),
        ("Timeout: 3", "Environment: {Variables: {ARN: !GetAtt orders.Arn}}",
         ["11:36: functions.consumer.Environment.Variables.ARN is the ARN of a resource, "
          "which is not simulated yet here; write the ARN"]),
        # durations and dates
        ("at: 5s", "at: 5",
         ["20:10: timeline[0].at is 5, without a unit; write 5s (or ms, m, h, d)"]),
        ("at: 5s", "at: soon",
         ["20:10: timeline[0].at is 'soon'; write a duration such as 20ms, 5s, 1m or 1h30m"]),
        ("run_for: 1h", "run_for: 36501d",
         ["4:10: run_for is '36501d'; durations are at most 36500d"]),
        ("start: 2026-01-01T00:00:00Z", "start: 2026-01-01T00:00:00",
         ["3:8: start is 2026-01-01T00:00:00, without a time zone; write 2026-01-01T00:00:00Z"]),
        ("start: 2026-01-01T00:00:00Z", "start: 2026-01-01",
         ["3:8: start is 2026-01-01, without a time zone; write 2026-01-01T00:00:00Z"]),
        ("start: 2026-01-01T00:00:00Z", "start: today",
         ["3:8: start is 'today'; write a date such as 2026-01-01T00:00:00Z"]),
        # the head
        ("name: orders", "name: orders\nprofile: 2018",
         ["3:10: profile is '2018'; it must be one of today, 2017"]),
        ("name: orders", "name: orders\ntime: fast",
         ["3:7: time is 'fast'; write virtual, real or {real: {speed: 60}}"]),
        ("name: orders", "name: orders\ntime: {real: {speed: 0}}",
         ["3:22: time.real.speed is 0; it must be more than 0"]),
        ("name: orders", "name: orders\nseed: seven",
         ["3:7: seed is 'seven'; it must be a whole number"]),
        ("name: orders", "name: orders\nbackend: mto",
         ["3:10: backend is 'mto'; it must be one of simulated, moto, endpoint"]),
        ("name: orders", "name: orders\nregion: Virginia",
         ["3:9: region is 'Virginia'; it must match ^[a-z]{2}(-[a-z]+)+-\\d$"]),
        ("name: orders", 'name: orders\naccount: "1234"',
         ["3:10: account is '1234'; write 12 digits in quotes, such as \"123456789012\""]),
        ("name: orders", "name:",
         ["2:6: name is empty; it must be text, in quotes if it looks like anything else"]),
        # resources
        ("shards: 2", "shards: 0",
         ["6:35: resources.orders.shards is 0; it must be at least 1"]),
        ("{type: kinesis, shards: 2}", "{type: bucket}",
         ["6:18: resources.orders.type is 'bucket', which is not simulated yet"]),
        ("{type: kinesis, shards: 2}", "{shards: 2}",
         ["6:3: resources.orders.type is empty; write a type of resource"]),
        ("{type: kinesis, shards: 2}", "kinesis",
         ["6:11: resources.orders is 'kinesis'; write a mapping with its type, "
          "such as {type: kinesis}"]),
        ("{type: kinesis, shards: 2}", "{type: not_there.source}",
         ["6:18: resources.orders.type is 'not_there.source': no module named 'not_there', "
          "wanted for 'not_there.source'; is it installed?"]),
        ("{type: kinesis, shards: 2}", "{type: json.decoder}",
         ["6:18: resources.orders.type is 'json.decoder': module 'json.decoder' has no Resource, "
          "which each of the sources must have"]),
        ("  orders: {", "  'or/ders': {type: kinesis}\n  orders: {",
         ["6:3: resources.or/ders is 'or/ders'; it must match ^[a-zA-Z0-9_.-]{1,128}$"]),
        # functions
        ("Timeout: 3", "Timeout: 901",
         ["11:14: functions.consumer.Timeout is 901; it must be at most 900"]),
        ("Timeout: 3", "Timeout: 0",
         ["11:14: functions.consumer.Timeout is 0; it must be at least 1"]),
        ("Timeout: 3", "Timeout: 3s",
         ["11:14: functions.consumer.Timeout is '3s'; it must be a whole number"]),
        ("Timeout: 3", "MemorySize: 127",
         ["11:17: functions.consumer.MemorySize is 127; it must be at least 128"]),
        ("Timeout: 3", "MemorySize: 10241",
         ["11:17: functions.consumer.MemorySize is 10241; it must be at most 10240"]),
        ("Timeout: 3", "Environment: {Variables: {LEVEL: 3}}",
         ["11:38: functions.consumer.Environment.Variables.LEVEL is 3; it must be text, "
          "in quotes if it looks like anything else"]),
        ("Timeout: 3", "Runtime: cobol85",
         ["11:14: functions.consumer.Runtime is 'cobol85'; write python3.x, nodejs22.x, "
          "provided.al2023, java21, …"]),
        ("Timeout: 3", "Runtime: java21",
         ["11:14: functions.consumer.Runtime is 'java21'; name what runs it: "
          "run_in: {command: [...]}"]),
        ("Timeout: 3", "Runtime: nodejs22.x\n    run_in: inline",
         ["11:14: functions.consumer.Runtime is 'nodejs22.x', which run_in: inline does not "
          "run; write node"]),
        ("Timeout: 3", "run_in: bootstrap",
         ["10:14: functions.consumer.CodeUri: there is no file 'bootstrap' in the code folder"]),
        ("Timeout: 3", "run_in: command",
         ["11:13: functions.consumer.run_in is 'command'; "
          "write inline, python, node, bootstrap, model or {command: [...]}"]),
        ("Timeout: 3", "run_in: {command: []}",
         ["11:23: functions.consumer.run_in.command is empty; write [java, Handler.java]"]),
        ("Timeout: 3", "run_in: {command: [a], cwd: b}",
         ["11:28: unknown key 'cwd' in functions.consumer.run_in; there are: command"]),
        ("Timeout: 3", "run_in: not_there.runtime",
         ["11:13: functions.consumer.run_in is 'not_there.runtime': no module named "
          "'not_there', wanted for 'not_there.runtime'; is it installed?"]),
        ("Timeout: 3", "run_in: inlin",
         ["11:13: functions.consumer.run_in is 'inlin'; did you mean 'inline'?"]),
        ("Timeout: 3", "run_in: python\n    async_handler: true",
         ["12:20: functions.consumer.async_handler is true, which means nothing in python"]),
        ("Timeout: 3", "duration: 20",
         ["11:15: functions.consumer.duration is 20, without a unit; "
          "write 20s (or ms, m, h, d)"]),
        ("Timeout: 3", "duration: {lognormal: {median: 20ms}}",
         ["11:16: no sigma in functions.consumer.duration.lognormal; write sigma: 0.3"]),
        ("Timeout: 3", "async_handler: 1",
         ["11:20: functions.consumer.async_handler is 1; it must be true or false"]),
        # events
        ("Type: Kinesis", "Type: MSK",
         ["14:15: functions.consumer.Events.Orders.Type is 'MSK', which is not simulated yet"]),
        ("Type: Kinesis", "Type: Kinsis",
         ["14:15: functions.consumer.Events.Orders.Type is 'Kinsis', but its stream is kinesis; "
          "write Kinesis"]),
        ("Stream: orders", "Stream: ordrs",
         [f"16:19: {PROPERTIES}.Stream is 'ordrs', which is no resource of the scenario; "
          "did you mean 'orders'?"]),
        ("Stream: orders", "Stream: arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
         [f"16:19: {PROPERTIES}.Stream is in eu-west-1, account 123456789012; "
          "the scenario is in us-east-1, account 123456789012"]),
        ("StartingPosition: TRIM_HORIZON", "Enabled: true",
         [f"15:9: {PROPERTIES}.StartingPosition: InvalidParameterValueException: {DETECTED} null "
          "at 'startingPosition' failed to satisfy constraint: Member must not be null."]),
        ("StartingPosition: TRIM_HORIZON", "StartingPosition: OLDEST",
         [f"17:29: {PROPERTIES}.StartingPosition: ValidationException: {DETECTED} 'OLDEST' "
          "at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value "
          "set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"]),
        ("StartingPosition: TRIM_HORIZON", "StartingPosition: AT_TIMESTAMP",
         [f"15:9: {PROPERTIES}.StartingPositionTimestamp: InvalidParameterValueException: "
          "Need to specify a timestamp"]),
        ("BatchSize: 10", "StartingPositionTimestamp: 1767225600",
         [f"18:38: {PROPERTIES}.StartingPositionTimestamp: InvalidParameterValueException: "
          "Timestamp only valid with StartingPosition AT_TIMESTAMP"]),
        ("StartingPosition: TRIM_HORIZON",
         "StartingPosition: AT_TIMESTAMP\n"
         "          StartingPositionTimestamp: 2026-01-01T00:00:01Z",
         [f"18:38: {PROPERTIES}.StartingPositionTimestamp: InvalidParameterValueException: "
          "Received Exception while reading from provided stream. The timestampInMillis "
          "parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
          "1767225601000, currentTimestampInMillis: 1767225600000"]),
        ("BatchSize: 10", "BatchSize: 0",
         [f"18:22: {PROPERTIES}.BatchSize: ValidationException: {DETECTED} '0' at 'batchSize' "
          "failed to satisfy constraint: Member must have value greater than or equal to 1"]),
        ("BatchSize: 10", "BatchSize: 10001",
         [f"18:22: {PROPERTIES}.BatchSize: ValidationException: {DETECTED} '10001' at "
          "'batchSize' failed to satisfy constraint: Member must have value less than or equal "
          "to 10000"]),
        ("BatchSize: 10", "MaximumBatchingWindowInSeconds: 301",
         [f"18:43: {PROPERTIES}.MaximumBatchingWindowInSeconds: ValidationException: {DETECTED} "
          "'301' at 'maximumBatchingWindowInSeconds' failed to satisfy constraint: Member must "
          "have value less than or equal to 300"]),
        ("BatchSize: 10", "MaximumRetryAttempts: -2",
         [f"18:33: {PROPERTIES}.MaximumRetryAttempts: ValidationException: {DETECTED} '-2' at "
          "'maximumRetryAttempts' failed to satisfy constraint: Member must have value greater "
          "than or equal to -1"]),
        ("BatchSize: 10", "MaximumRetryAttempts: 10001",
         [f"18:33: {PROPERTIES}.MaximumRetryAttempts: ValidationException: {DETECTED} '10001' at "
          "'maximumRetryAttempts' failed to satisfy constraint: Member must have value less "
          "than or equal to 10000"]),
        ("timeline:",
         "      Again:\n        Type: Kinesis\n        Properties:\n"
         "          {Stream: !Ref orders, StartingPosition: LATEST}\ntimeline:",
         ["22:11: functions.consumer.Events.Again.Properties: ResourceConflictException: The "
          'event source arn (" orders ") and function (" consumer ") provided mapping already '
          "exists. Please update or delete the existing mapping with UUID consumer.Orders"]),
        # paths
        ("CodeUri: code", "CodeUri: cod",
         ["10:14: functions.consumer.CodeUri is 'cod', which is not there"]),
        ("CodeUri: code", "CodeUri: orders.jsonl",
         ["10:14: functions.consumer.CodeUri is 'orders.jsonl', which is not a folder"]),
        ("CodeUri: code", "CodeUri: ../elsewhere",
         ["10:14: functions.consumer.CodeUri is '../elsewhere', which leads out of the project "
          "folder 'project', the nearest one with a pyproject.toml, a template.yaml or a .git"]),
        ("CodeUri: code", 'CodeUri: "co\\0de"',
         ["10:14: functions.consumer.CodeUri holds a character that no path or variable can"]),
        ("app.handler", '"app.hand\\0ler"',
         ["9:14: functions.consumer.Handler holds a character that no path or variable can"]),
        ("from: orders.jsonl", "from: nope.jsonl",
         ["21:33: timeline[1].from is 'nope.jsonl', which is not there"]),
        ("from: orders.jsonl", "from: code",
         ["21:33: timeline[1].from is 'code', which is not a file"]),
        ("from: orders.jsonl", "from: /etc/passwd",
         ["21:33: timeline[1].from is '/etc/passwd', which leads out of the project folder "
          "'project', the nearest one with a pyproject.toml, a template.yaml or a .git"]),
        # the timeline
        ("at: 5s, put: orders", "at: 5s, put: oders",
         ["20:19: timeline[0].put is 'oders', which is no resource of the scenario; "
          "did you mean 'orders'?"]),
        ("at: 5s", "at: 2h",
         ["20:10: timeline[0].at is 2h, after the run has ended; run_for is 1h"]),
        ("{at: 5s, put: orders, ", "{put: orders, ",
         ["20:5: no at in timeline[0]; write at: 5s"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "{at: 6s, fail: orders}",
         ["21:14: timeline[1].fail is a step that is not simulated yet"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "{at: 6s, putt: orders}",
         ["21:14: timeline[1].putt is no step; did you mean 'put'?"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "{at: 6s}",
         ["21:5: timeline[1] does nothing; a step has a key that says what to do: "
          "delete, grant, invoke, load, log, merge, publish, push, put, put_metric, replay, "
          "restart, revoke, send, shift, split, throttle, update"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "put",
         ["21:5: timeline[1] is 'put'; write a mapping, such as {at: 5s, put: orders, …}"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "{at: 6s, put: orders, a.b: 1}",
         ["21:5: timeline[1] does two things, put and a.b; write a step for each"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "{at: 6s, not_there.step: 1}",
         ["21:14: timeline[1].not_there.step is no step: no module named 'not_there', "
          "wanted for 'not_there.step'; is it installed?"]),
        ("{at: 6s, put: orders, from: orders.jsonl}", "{at: 6s, put: orders}",
         ["21:5: timeline[1] must have one of records, from and objects"]),
        ("from: orders.jsonl", "from: orders.jsonl, records: []",
         ["21:5: timeline[1] must have one of records, from and objects"]),
        ("key: a", "key: 1",
         ["20:43: timeline[0].records[0].key is 1; it must be text, "
          "in quotes if it looks like anything else"]),
        ("key: a", 'key: ""',
         ["20:43: timeline[0].records[0].key is empty text; it must not be"]),
        ("key: a", f"key: {'k' * 257}",
         ["20:43: timeline[0].records[0].key is longer than 256 characters"]),
        ("data: {id: 1}", "data: x, explicit_hash_key: 7",
         ["20:74: timeline[0].records[0].explicit_hash_key is 7; write a whole number below "
          '2^128 in quotes, such as "0"']),
        ("data: {id: 1}", f'data: x, explicit_hash_key: "{2**128}"',
         [f"20:74: timeline[0].records[0].explicit_hash_key is '{2**128}'; write a whole number "
          'below 2^128 in quotes, such as "0"']),
        # expectations
        ("entry: batch_delivered, where: {source: orders}, sum: records, min: 1",
         "entry: run_finished",
         ["23:13: expect[0].entry is 'run_finished', which is written after the expectations "
          "have been judged"]),
        ("entry: batch_delivered", "entry: batch_deliverd",
         ["23:13: expect[0].entry is 'batch_deliverd', which is no kind of journal entry; "
          "did you mean 'batch_delivered'?"]),
        ("{source: orders}", "{sauce: orders}",
         ["23:38: expect[0].where.sauce is no field of batch_delivered; did you mean 'source'?"]),
        ("{source: orders}", "{source: [orders]}",
         ["23:46: expect[0].where.source is a list; it must be text, a number, true, false "
          "or empty"]),
        ("sum: records", "sum: recrods",
         ["23:60: expect[0].sum is 'recrods', which is no field of batch_delivered; "
          "did you mean 'records'?"]),
        ("sum: records, min: 1", "count: 1, min: 1",
         ["23:5: expect[0] must have either count, or min and max"]),
        ("min: 1", "count: 1",
         ["23:76: expect[0].count counts entries; write min or max with sum"]),
        ("min: 1", "min: 2, max: 1", ["23:82: expect[0].max is 1, less than min"]),
        ("sum: records, min: 1", "count: -1",
         ["23:62: expect[0].count is -1; it must be at least 0"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_what_would_be_right(
    old: str, new: str, expected: list[str]
) -> None:
    assert faults_of(edited(old, new)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1: the scenario is empty; write a mapping of name, resources, functions, …"]),
        ("# only\n",
         ["1:1: the scenario is empty; write a mapping of name, resources, functions, …"]),
        ("- a\n", ["1:1: the scenario is a list; write a mapping of name, resources, "
                   "functions, …"]),
        ("name: [a\n", ["2:1: not YAML: while parsing a flow sequence, expected ',' or ']', "
                        "but got '<stream end>'"]),
        ("name: a\n---\nname: b\n",
         ["2:1: not YAML: expected a single document in the stream, but found another document"]),
        ("name: a\uffffb\n", ["1:8: the character U+FFFF may not stand in YAML"]),
        ("name: a\x07b\n", ["1:8: the character U+0007 may not stand in YAML"]),
        ('name: "\\UFFFFFFFF"\n', None),
        ("[" * 3000, ["1:1: nested more than 60 levels deep"]),
        ("a: &a {b: *a}\n", ["1:1: the scenario is nested more than 60 levels deep"]),
        ("name: " + "[" * 70 + "]" * 70, ["1:1: the scenario is nested more than 60 levels deep"]),
        (b"name: caf\xe9\n", ["1:10: not UTF-8; save the file as UTF-8"]),
        (b"# " + b"x" * 1_048_576, [" longer than 1 MiB; put its records into a recording"]),
    ],
)  # fmt: skip
def test_a_text_that_is_no_scenario_at_all_is_told_so(
    text: str | bytes, expected: list[str] | None
) -> None:
    found = faults_of(text)

    assert found == expected if expected else found[0].startswith("1:1: not YAML: ")


def test_aliases_that_blow_up_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert faults_of("\n".join(lines)) == [
        "1:1: the scenario has more than 100,000 values, its aliases written out"
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert faults_of(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode()) == []


def test_an_alias_is_read() -> None:
    assert faults_of(edited("key: a, data: {id: 1}", "key: &key a, data: *key")) == []


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    text = VALID
    for old, new in [
        ("name: orders", "name: 7"),
        ("shards: 2", "shards: 0"),
        ("Timeout: 3", "Timeout: 901"),
        ("Stream: orders", "Stream: ordrs"),
        ("BatchSize: 10", "BatchSize: 0"),
        ("at: 5s", "at: 1:30"),
        ("entry: batch_delivered", "entry: batch"),
    ]:
        text = text.replace(old, new)

    lines = [fault.split(":")[:2] for fault in faults_of(text)]

    places = ["2:7", "6:35", "11:14", "16:19", "18:22", "20:10", "23:13"]
    assert [":".join(line) for line in lines] == places


def test_a_recording_that_is_none_is_a_fault_of_the_scenario(project: Path) -> None:
    (project / "orders.jsonl").write_text("no header\n")

    (fault,) = faults_of(VALID)

    assert fault.startswith("21:33: timeline[1].from is 'orders.jsonl': 1: ")
    assert str(project) not in fault


def test_a_link_that_leads_out_of_the_project_is_not_followed(project: Path) -> None:
    (project.parent / "secret").mkdir()
    (project / "code").rmdir()
    (project / "code").symlink_to(project.parent / "secret")

    assert faults_of(VALID) == [
        "10:14: functions.consumer.CodeUri is 'code', which leads out of the project folder "
        "'project', the nearest one with a pyproject.toml, a template.yaml or a .git"
    ]


def test_a_file_that_is_not_there_or_no_file_is_told_so(project: Path) -> None:
    def told(path: str) -> str:
        with pytest.raises(ScenarioError) as caught:
            load(path)
        return str(caught.value)

    assert told("nope.yaml") == "nope.yaml: no such file"
    assert told("code") == "code: a folder; write the path of a YAML file"
    assert told("s.yaml/x") == "s.yaml/x: no such file"
    assert told("a\0b") == "a\0b: cannot be read: embedded null byte"
    assert told("x" * 300) == f"{'x' * 300}: cannot be read: File name too long"

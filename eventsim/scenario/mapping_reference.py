"""
The reference page of event source mappings, made from their settings.

    python -m eventsim.scenario.mapping_reference > docs/mappings.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from eventsim.rules.mapping_defaults import DEFAULTS
from eventsim.rules.mapping_settings import SETTINGS, Setting
from eventsim.scenario.mapping import mapping_kinds
from eventsim.scenario.unsimulated import MAPPING_PROPERTIES

HEAD = """\
# Event source mappings

<!-- Written by `python -m eventsim.scenario.mapping_reference > docs/mappings.md`. -->

A mapping stands below its function as in a SAM template, under the name of an event. Its `Type`
says what kind of source is read, and one property names the source: a resource of the scenario, by
its name, its ARN, `!Ref` or `!GetAtt`.

```yaml
Events:
  Orders:
    Type: Kinesis
    Properties:
      Stream: orders
      StartingPosition: TRIM_HORIZON
      BatchSize: 10
      FilterCriteria: {Filters: [{Pattern: '{"data": {"paid": [true]}}'}]}
      DestinationConfig: {OnFailure: {Destination: !GetAtt orders-dlq.Arn}}
```
"""
TAIL = """\
`MetricsConfig: {Metrics: [EventCount]}` may be written, and changes nothing: these metrics are
always kept. Refused by name, since they are not simulated: %s.

## What is refused

A setting that Lambda refuses is refused with Lambda's own error code and text, all of them at once,
each with file, line and column; from Python `Scenario.of` raises the same `ScenarioError` with the
path of the value. A mapping that is made in Python and not in a scenario is a plain value;
`eventsim.rules.mapping.check` raises `MappingRefused` for it, with `code`, `message` and `field`.
What Lambda would call by an ARN has the name that the scenario gives it.

Where nobody has recorded Lambda's text, the text is ours under Lambda's code: a tumbling window
together with ParallelizationFactor or FilterCriteria, more than five filters, a change of a setting
that cannot change. What we know besides, such as why a pattern is none, follows in brackets. A FIFO
queue is told its own limits only, not that a larger batch needs a window.

## What may go wrong while a mapping polls

None of this stops another shard.

* **A handler that returns rubbish.** What cannot be made JSON is a function error,
  `Runtime.MarshalError`. JSON that makes no sense is success, but with ReportBatchItemFailures it
  fails the whole batch, and in a tumbling window so does an answer without `state`, or with one
  nested deeper than some 230 lists and objects.
* **A record that is not JSON under a filter** matches no pattern that asks its data for fields. It
  is left out, and the checkpoint passes it.
* **A partition key of 256 characters** is a key like others. A longer one is refused: in a scenario
  with its place, elsewhere as Kinesis does.
* **An empty stream or queue** invokes nobody. A run ends, `eventsim poll` waits.
* **A stream or table that is deleted while polled.** What was read of it is delivered, retried or
  discarded as ever, then its shards end with `shard_lost`. A poll of it ends with exit code 2.
* **An endpoint that goes away and comes back.** Each shard asks again after 0.25 s, doubling, at
  most 10 s apart, and goes on behind what it read. When no records are to come any more, a run
  fails after 60 s without an answer.
* **A destination that refuses, or gives no answer.** The journal says `destination_failed`, the
  records are dropped, and the shard goes on.
* **Clocks that disagree.** `eventsim poll`, and a run in real time at an endpoint whatever its
  `start`, take ages and dates by the endpoint's clock; a poll says by how much it is off. In
  virtual time, or at a speed, an endpoint's seconds are not those of the run: no record is too old
  there, and MaximumRecordAgeInSeconds, TumblingWindowInSeconds and AT_TIMESTAMP are refused.

A queue that somebody deletes while it is polled does end the run, with the error that SQS gives.
"""


def markdown() -> str:
    """The page, in Markdown."""
    not_simulated = ", ".join(f"`{name}`" for name in sorted(MAPPING_PROPERTIES))
    return "\n".join([HEAD, *_kinds(), "", *_settings(), "", TAIL % not_simulated])


def _kinds() -> Iterator[str]:
    yield "| `Type` | what is read | starting positions |"
    yield "|---|---|---|"
    for event, kind in sorted(mapping_kinds().items()):
        positions = ", ".join(kind.starting_positions) or "none"
        yield f"| `{event}` | `{kind.resource_key}` | {positions} |"


def _settings() -> Iterator[str]:
    yield "| setting | what it does | values | default | sources |"
    yield "|---|---|---|---|---|"
    kinds = mapping_kinds()
    for setting in SETTINGS.values():
        sources = ", ".join(sorted(e for e, kind in kinds.items() if setting.name in kind.settings))
        if sources:
            yield (
                f"| `{setting.name}` | {setting.says} | {_values(setting)} | "
                f"{_default(setting)} | {sources} |"
            )


def _values(setting: Setting) -> str:
    return setting.values or f"{setting.least:,} to {setting.most:,}"


def _default(setting: Setting) -> str:
    if setting.name == "BatchSize":
        sizes = {event: kind.batch_size for event, kind in sorted(mapping_kinds().items())}
        return ", ".join(f"{size} ({event})" for event, size in sizes.items())
    default = DEFAULTS[setting.field]
    if default is None or default == () or setting.name == "StartingPosition":
        return ""
    return str(default).lower()


if __name__ == "__main__":
    sys.stdout.write(markdown())

"""The alarms of a run, and the metrics of Lambda that they may watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsim import registry
from eventsim.push.alarms import Alarms
from eventsim.services.metrics import Metric

if TYPE_CHECKING:
    from eventsim.simulation.setting import Setting

NAMESPACE = "AWS/Lambda"
_KINDS = ("invocation_finished", "invocation_throttled")


def open_alarms(setting: Setting) -> Alarms:
    """Every alarm of the scenario; AWS/Lambda's Invocations, Errors, Duration and Throttles of
    each function are measured as they happen.
    """
    topics = {topic.arn: topic for topic in setting.stores.topics.values()}
    alarms = Alarms(
        setting.pusher,
        setting.journal,
        setting.scene,
        setting.in_flight.start_soon,
        topics,
        setting.stores.every_bus().get("default"),
    )
    for name, resource in setting.scenario.resources.items():
        module = registry.load("sources", resource.type)
        if hasattr(module, "alarm_of"):
            alarm = module.alarm_of(name, resource.settings, setting.arn_of_text)
            alarms.add(alarm, resource.type, module)
    if alarms.names():
        setting.journal.watch(_KINDS, lambda kind, fields: _measure(alarms, kind, fields))
    return alarms


def _measure(alarms: Alarms, kind: str, fields: dict[str, Any]) -> None:
    """What Lambda's own metrics are told of an invocation."""
    if kind == "invocation_throttled":
        measured = {"Throttles": 1.0}
    else:
        errors = 1.0 if fields.get("error") else 0.0
        duration = 1000 * float(fields.get("duration") or 0.0)
        measured = {"Invocations": 1.0, "Errors": errors, "Duration": duration, "Throttles": 0.0}
    dimensions = {"FunctionName": str(fields["function"]).partition(":")[0]}
    for name, value in measured.items():
        alarms.put(Metric.of(NAMESPACE, name, dimensions), [value])

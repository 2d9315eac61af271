"""
Event source mappings between the API's documents and the values that pollers work with.

https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.errors import InvokeError
from eventsim.lambda_api.refusing import not_here, of_refusal
from eventsim.rules.mapping_errors import on_success, unsupported
from eventsim.rules.mapping_settings import SETTINGS
from eventsim.types import EventSourceMapping, MappingKind

_REFUSED = (
    *("MetricsConfig", "ProvisionedPollerConfig", "KMSKeyArn", "LoggingConfig", "Topics"),
    *("Queues", "SourceAccessConfigurations", "SelfManagedEventSource"),
    *("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"),
    "DocumentDBEventSourceConfig",
)


def fields_of(given: Mapping[str, Any], kind: MappingKind) -> dict[str, Any]:
    """The fields of EventSourceMapping that a request sets. Raises InvokeError."""
    for name in _REFUSED:
        if given.get(name):
            raise not_here(name)
    if "StartingPosition" in given and kind.is_queue:
        raise of_refusal(unsupported("StartingPosition", kind))
    found: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        if name in given:
            found[setting.field] = _value(name, given[name], kind)
    return found


def _value(name: str, value: Any, kind: MappingKind) -> Any:
    match name:
        case "FilterCriteria":
            return tuple(each.get("Pattern") or "" for each in value.get("Filters") or ())
        case "FunctionResponseTypes":
            return tuple(value)
        case "ScalingConfig":
            return value.get("MaximumConcurrency")
        case "DestinationConfig":
            return _on_failure(value, kind)
    return value


def _on_failure(value: Mapping[str, Any], kind: MappingKind) -> str | None:
    """Raises InvokeError for OnSuccess, and for a source that takes no DestinationConfig."""
    if (value.get("OnSuccess") or {}).get("Destination"):
        raise of_refusal(on_success(kind))
    arn: str | None = (value.get("OnFailure") or {}).get("Destination") or None
    if arn is not None and "DestinationConfig" not in kind.settings:
        raise of_refusal(unsupported("DestinationConfig", kind))
    return arn


def shown(mapping: EventSourceMapping, kind: MappingKind) -> dict[str, Any]:
    """The settings of a mapping in AWS's keys, as the API tells them."""
    found: dict[str, Any] = {
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.maximum_batching_window_in_seconds,
        "FunctionResponseTypes": list(mapping.function_response_types),
    }
    if mapping.filters:
        patterns = [{"Pattern": pattern} for pattern in mapping.filters]
        found["FilterCriteria"] = {"Filters": patterns}
    if mapping.maximum_concurrency is not None:
        found["ScalingConfig"] = {"MaximumConcurrency": mapping.maximum_concurrency}
    if kind.is_queue:
        return found
    to = {} if mapping.on_failure is None else {"Destination": mapping.on_failure}
    return {
        **found,
        "StartingPosition": mapping.starting_position,
        "StartingPositionTimestamp": mapping.starting_position_timestamp,
        "ParallelizationFactor": mapping.parallelization_factor,
        "TumblingWindowInSeconds": mapping.tumbling_window_in_seconds,
        "MaximumRetryAttempts": mapping.maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": mapping.maximum_record_age_in_seconds,
        "BisectBatchOnFunctionError": mapping.bisect_batch_on_function_error,
        "DestinationConfig": {"OnFailure": to},
    }


def refused(found: list[Any]) -> InvokeError | None:
    """The first of the refusals as an error, if there is any."""
    return of_refusal(found[0]) if found else None

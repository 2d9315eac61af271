"""
What somebody needs to be allowed for a request of an AWS service.

An action is called like the operation, with the exceptions below; its resource is made of the
request's parameters, and is ``*`` where they do not say it.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventsim.rules.arns import arn
from eventsim.rules.roles import Need


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request as its service reads it.

    ``service`` is the one that it is signed for, and ``protocol`` how AWS calls its form.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = "json"


class _Where(NamedTuple):
    region: str
    account: str


_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag", "sns": "SNS"}  # SNS writes itself so
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_VERSIONED = {"GetObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion"}
_RENAMED = {
    "s3": _S3,
    "lambda": {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"},
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
}
_TRANSACTED = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}

# The parameters that name a resource, the closest to it first, and what its ARN ends in.
_NAMED: dict[str, dict[str, str]] = {
    "firehose": {"DeliveryStreamName": "deliverystream/{}"},
    "iam": {"RoleName": "role/{}", "UserName": "user/{}", "PolicyArn": "policy/{}"},
    "kinesis": {"ConsumerARN": "{}", "StreamARN": "{}", "StreamName": "stream/{}"},
    "kms": {"KeyId": "key/{}"},
    "secretsmanager": {"SecretId": "secret:{}-??????", "Name": "secret:{}-??????"},
    "sns": {"TopicArn": "{}", "TargetArn": "{}", "Name": "{}"},
    "states": {
        "stateMachineArn": "{}",
        "executionArn": "{}",
        "activityArn": "{}",
        "name": "stateMachine:{}",
    },
    "sts": {"RoleArn": "{}"},
}


def needs_of(request: ServiceRequest, region: str, account: str) -> tuple[Need, ...]:
    """What a request needs, one action on one resource each, all of them in that region.

    GetCallerIdentity needs nothing: nobody can be denied it.
    """
    where = _Where(region, account)
    if (request.service, request.operation) == ("sts", "GetCallerIdentity"):
        return ()
    many = _MANY.get((request.service, request.operation))
    found = () if many is None else tuple(many(request, where))
    return found or (Need((_action(request),), _resource(request, where)),)


def _action(request: ServiceRequest) -> str:
    service, operation = request.service, request.operation
    name = _RENAMED.get(service, {}).get(operation, operation)
    if service == "s3" and request.parameters.get("VersionId"):
        name = _VERSIONED.get(name, name)
    if service == "sqs":
        name = name.lower()  # which is how SQS writes it
    return f"{_PREFIXES.get(service, service)}:{name}"


def _resource(request: ServiceRequest, where: _Where) -> str:
    found = _FOUND.get(request.service)
    if found is not None:
        return found(request.parameters, where) or "*"
    for parameter, ending in _NAMED.get(request.service, {}).items():
        if name := _text(request.parameters, parameter):
            return _arn(request.service, name, ending, where)
    return "*"


def _arn(service: str, name: str, ending: str, where: _Where) -> str:
    """The ARN of what is called *name*, which may be one already."""
    return name if name.startswith("arn:") else arn(service, *where, ending.format(name))


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    return value if isinstance(value, str) else ""


def _texts(values: Any) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _blocks(values: Any) -> list[Mapping[str, Any]]:
    listed = values if isinstance(values, list) else []
    return [each for each in listed if isinstance(each, Mapping)]


def _object(parameters: Mapping[str, Any], where: _Where) -> str:
    bucket, key = _text(parameters, "Bucket"), _text(parameters, "Key")
    below = f"{bucket}/{key}" if key else bucket
    return _arn("s3", below, "{}", where) if bucket else ""


def _queue(parameters: Mapping[str, Any], where: _Where) -> str:
    if url := _text(parameters, "QueueUrl"):
        owner, name = (["", "", *url.rstrip("/").split("/")])[-2:]
        return arn("sqs", where.region, owner if owner.isdigit() else where.account, name)
    name = _text(parameters, "QueueName")
    return _arn("sqs", name, "{}", where) if name else _text(parameters, "SourceArn")


def _table(parameters: Mapping[str, Any], where: _Where) -> str:
    if stream := _text(parameters, "StreamArn"):
        return stream
    if iterator := _text(parameters, "ShardIterator"):
        return iterator.partition("|")[0] if iterator.startswith("arn:") else ""
    name = _text(parameters, "TableName") or _text(parameters, "ResourceArn")
    table = _arn("dynamodb", name, "table/{}", where) if name else ""
    index = _text(parameters, "IndexName")
    return f"{table}/index/{index}" if table and index else table


def _stream(parameters: Mapping[str, Any], where: _Where) -> str:
    """A stream by its name, its ARN, or the iterator of a shard as moto makes one."""
    for parameter, ending in _NAMED["kinesis"].items():
        if name := _text(parameters, parameter):
            return _arn("kinesis", name, ending, where)
    try:
        named = b64decode(_text(parameters, "ShardIterator"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    name, colon, _ = named.partition(":")
    return arn("kinesis", *where, f"stream/{name}") if colon else ""


def _log_group(parameters: Mapping[str, Any], where: _Where) -> str:
    name = _text(parameters, "logGroupName") or _text(parameters, "logGroupIdentifier")
    if not name:
        return _text(parameters, "resourceArn")
    group = _arn("logs", name, "log-group:{}", where).removesuffix(":*")
    return f"{group}:log-stream:{_text(parameters, 'logStreamName')}"


def _function(parameters: Mapping[str, Any], where: _Where) -> str:
    name, qualifier = _text(parameters, "FunctionName"), _text(parameters, "Qualifier")
    if not name:
        return ""
    function = _arn("lambda", name, "function:{}", where)
    return f"{function}:{qualifier}" if qualifier else function


def _topic(parameters: Mapping[str, Any], where: _Where) -> str:
    if subscription := _text(parameters, "SubscriptionArn"):
        return subscription.rpartition(":")[0]
    for parameter, ending in _NAMED["sns"].items():
        if name := _text(parameters, parameter):
            return _arn("sns", name, ending, where)
    return _text(parameters, "ResourceArn") or _text(parameters, "PhoneNumber")


def _rule(parameters: Mapping[str, Any], where: _Where) -> str:
    bus = _text(parameters, "EventBusName").rpartition("/")[2]
    on_bus = "" if bus in ("", "default") else f"{bus}/"
    if name := _text(parameters, "Rule"):
        return arn("events", *where, f"rule/{on_bus}{name}")
    return _text(parameters, "ResourceArn")


def _parameter(name: str, where: _Where) -> str:
    return _arn("ssm", name.lstrip("/"), "parameter/{}", where)


def _setting(parameters: Mapping[str, Any], where: _Where) -> str:
    name = _text(parameters, "Name") or _text(parameters, "Path")
    return _parameter(name, where) if name else ""


def _schedule(parameters: Mapping[str, Any], where: _Where) -> str:
    group, name = _text(parameters, "GroupName") or "default", _text(parameters, "Name")
    return arn("scheduler", *where, f"schedule/{group}/{name}") if name else ""


_FOUND: dict[str, Callable[[Mapping[str, Any], _Where], str]] = {
    "dynamodb": _table,
    "events": _rule,
    "kinesis": _stream,
    "lambda": _function,
    "logs": _log_group,
    "s3": _object,
    "scheduler": _schedule,
    "sns": _topic,
    "sqs": _queue,
    "ssm": _setting,
}


def _copied(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    """A copy reads one object and writes another."""
    source = _text(request.parameters, "CopySource").lstrip("/").partition("?versionId=")
    action = "s3:GetObjectVersion" if source[1] else "s3:GetObject"
    yield Need((action,), _arn("s3", source[0], "{}", where))
    yield Need(("s3:PutObject",), _object(request.parameters, where))


def _deleted(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    given = request.parameters.get("Delete")
    objects = given.get("Objects") if isinstance(given, Mapping) else None
    for each in _blocks(objects):
        action = "s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject"
        yield Need((action,), _object({**request.parameters, **each}, where))


def _batched(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    tables = request.parameters.get("RequestItems")
    for name in tables if isinstance(tables, Mapping) else ():
        yield Need((f"dynamodb:{request.operation}",), _table({"TableName": name}, where))


def _transacted(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    for item in _blocks(request.parameters.get("TransactItems")):
        for kind, block in item.items():
            if kind in _TRANSACTED and isinstance(block, Mapping):
                yield Need((f"dynamodb:{_TRANSACTED[kind]}",), _table(block, where))


def _put_events(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    entries = _blocks(request.parameters.get("Entries"))
    for bus in dict.fromkeys(_text(each, "EventBusName") or "default" for each in entries):
        yield Need(("events:PutEvents",), _arn("events", bus, "event-bus/{}", where))


def _rules_changed(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    named = {**request.parameters, "Rule": _text(request.parameters, "Name")}
    yield Need((_action(request),), _rule(named, where) or "*")


def _parameters_read(request: ServiceRequest, where: _Where) -> Iterator[Need]:
    for name in _texts(request.parameters.get("Names")):
        yield Need((_action(request),), _parameter(name, where))


_MANY: dict[tuple[str, str], Callable[[ServiceRequest, _Where], Iterator[Need]]] = {
    ("dynamodb", "BatchGetItem"): _batched,
    ("dynamodb", "BatchWriteItem"): _batched,
    ("dynamodb", "TransactGetItems"): _transacted,
    ("dynamodb", "TransactWriteItems"): _transacted,
    ("events", "PutEvents"): _put_events,
    **{("events", f"{verb}Rule"): _rules_changed for verb in ("Put", "Delete", "Describe")},
    **{("events", f"{verb}Rule"): _rules_changed for verb in ("Enable", "Disable")},
    ("s3", "CopyObject"): _copied,
    ("s3", "DeleteObjects"): _deleted,
    ("s3", "UploadPartCopy"): _copied,
    ("ssm", "DeleteParameters"): _parameters_read,
    ("ssm", "GetParameters"): _parameters_read,
}

"""Mail, Firehose, and the brokers and databases that Lambda polls."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.data_classes.active_mq_event import ActiveMQEvent
from aws_lambda_powertools.utilities.data_classes.rabbit_mq_event import RabbitMQEvent

from tests.event_validators import Validator, data_class, powertools, schema, whole

_SES = "https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html"
_MQ = "https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html"
_DOCUMENTDB = "https://docs.aws.amazon.com/lambda/latest/dg/with-documentdb.html"

_TEXT, _FLAG, _OBJECT = {"type": "string"}, {"type": "boolean"}, {"type": "object"}
_NUMBER = {"type": "integer", "minimum": 0}
_NULLABLE = {"type": ["string", "null"]}
_BASE64 = {"type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}


# An old sample of AWS's has it in the place of the correlation id; no message does.
_NEVER_SENT = "connection_id"

_ACTIVE_MQ = whole(
    {
        "eventSource": {"enum": ["aws:mq", "aws:amq"]},
        "eventSourceArn": _TEXT,
        "messages": {
            "type": "array",
            "items": whole(
                {
                    "messageID": {"type": "string", "pattern": "^ID:"},
                    "messageType": {"enum": ["jms/text-message", "jms/bytes-message"]},
                    "deliveryMode": {"enum": [1, 2]},
                    "replyTo": _NULLABLE,
                    "type": _NULLABLE,
                    "expiration": {"type": "string", "pattern": "^[0-9]+$"},
                    "priority": {"type": "integer", "minimum": 0, "maximum": 9},
                    "correlationID": _NULLABLE,
                    "redelivered": _FLAG,
                    "destination": whole({"physicalName": _TEXT}),
                    "data": _BASE64,
                    "timestamp": _NUMBER,
                    "brokerInTime": _NUMBER,
                    "brokerOutTime": _NUMBER,
                    "properties": {"type": "object", "additionalProperties": _TEXT},
                }
            ),
        },
    }
)
_HEADER_BYTES = whole(
    {"bytes": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}}}
)
_HEADER = {"anyOf": [_HEADER_BYTES, {"type": "integer"}]}
_RABBIT_MQ = whole(
    {
        "eventSource": {"const": "aws:rmq"},
        "eventSourceArn": _TEXT,
        "rmqMessagesByQueue": {
            "type": "object",
            "propertyNames": {"pattern": "^.+::.+$"},
            "additionalProperties": {
                "type": "array",
                "items": whole(
                    {
                        "basicProperties": whole(
                            {
                                "contentType": _NULLABLE,
                                "contentEncoding": _NULLABLE,
                                "headers": {
                                    "type": "object",
                                    "additionalProperties": _HEADER,
                                },
                                "deliveryMode": {"enum": [1, 2]},
                                "priority": _NUMBER,
                                "correlationId": _NULLABLE,
                                "replyTo": _NULLABLE,
                                "expiration": _NULLABLE,
                                "messageId": _NULLABLE,
                                "timestamp": {
                                    "type": "string",
                                    "pattern": "^[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4}, "
                                    "[0-9]{1,2}:[0-9]{2}:[0-9]{2} [AP]M$",
                                },
                                "type": _NULLABLE,
                                "userId": _NULLABLE,
                                "appId": _NULLABLE,
                                "clusterId": _NULLABLE,
                                "bodySize": _NUMBER,
                            }
                        ),
                        "redelivered": _FLAG,
                        "data": _BASE64,
                    }
                ),
            },
        },
    }
)
_OID = whole({"$oid": {"type": "string", "pattern": "^[0-9a-f]{24}$"}})


def _change(operation: str, optional: tuple[str, ...], **more: Any) -> Validator:
    change = whole(
        {
            "_id": whole({"_data": {"type": "string", "pattern": "^[0-9a-f]{36}$"}}),
            "clusterTime": whole({"$timestamp": whole({"t": _NUMBER, "i": _NUMBER})}),
            "documentKey": whole({"_id": _OID}),
            "ns": whole({"db": _TEXT, "coll": _TEXT}),
            "operationType": {"const": operation},
            **more,
        },
        *optional,
    )
    return schema(
        _DOCUMENTDB,
        whole(
            {
                "eventSource": {"const": "aws:docdb"},
                "eventSourceArn": {"type": "string", "pattern": ":rds:.*:cluster:"},
                "events": {"type": "array", "items": whole({"event": change}), "minItems": 1},
            }
        ),
    )


_DOCUMENT = {"type": "object", "properties": {"_id": _OID}, "required": ["_id"]}
_UPDATED = whole({"updatedFields": _OBJECT, "removedFields": {"type": "array", "items": _TEXT}})

VALIDATORS: dict[tuple[str, str], Validator] = {
    ("ses", "message"): powertools(
        "SesModel", {"Records.*.ses.receipt.dkimVerdict": f"the model lacks it: {_SES}"}
    ),
    ("firehose", "transform"): powertools("KinesisFirehoseModel"),
    ("kafka", "msk"): powertools("KafkaMskEventModel"),
    ("kafka", "self-managed"): powertools("KafkaSelfManagedEventModel"),
    ("amazon_mq", "active-mq"): data_class(ActiveMQEvent, _MQ, _ACTIVE_MQ, _NEVER_SENT),
    ("amazon_mq", "rabbit-mq"): data_class(RabbitMQEvent, _MQ, _RABBIT_MQ),
    ("documentdb", "insert"): _change("insert", (), fullDocument=_DOCUMENT),
    ("documentdb", "update"): _change(
        "update", ("fullDocument",), updateDescription=_UPDATED, fullDocument=_DOCUMENT
    ),
    ("documentdb", "replace"): _change("replace", (), fullDocument=_DOCUMENT),
    ("documentdb", "delete"): _change("delete", ()),
}
TIMES = {
    "ses": ("iso_milliseconds",),
    "firehose": ("epoch_milliseconds",),
    "kafka": ("epoch_milliseconds",),
    "amazon_mq": ("epoch_milliseconds",),
    "documentdb": ("epoch_seconds",),
}

"""
A moment as each of AWS's services writes it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def iso_seconds(at: datetime) -> str:
    """``2024-03-01T01:23:45Z``: EventBridge, Alexa."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def iso_milliseconds(at: datetime) -> str:
    """``2024-03-01T01:23:45.678Z``: S3, SNS."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def iso_offset(at: datetime) -> str:
    """``2024-03-01T01:23:45.678+0000``: alarms, CodeCommit."""
    return f"{iso_milliseconds(at)[:-1]}+0000"


def common_log(at: datetime) -> str:
    """``01/Mar/2024:01:23:45 +0000``: API Gateway, function URLs. The month is never translated."""
    utc = at.astimezone(UTC)
    return f"{utc.day:02}/{_MONTHS[utc.month - 1]}/{utc:%Y:%H:%M:%S} +0000"


def java_date(at: datetime) -> str:
    """``Fri Mar 01 01:23:45 UTC 2024``: S3 Object Lambda."""
    utc = at.astimezone(UTC)
    day = f"{_DAYS[utc.weekday()]} {_MONTHS[utc.month - 1]} {utc.day:02}"
    return f"{day} {utc:%H:%M:%S} UTC {utc:%Y}"


def java_local_date(at: datetime) -> str:
    """``Mar 1, 2024, 1:23:45 AM``: RabbitMQ's events."""
    utc = at.astimezone(UTC)
    half = "AM" if utc.hour < 12 else "PM"
    clock = f"{utc.hour % 12 or 12}:{utc:%M:%S} {half}"
    return f"{_MONTHS[utc.month - 1]} {utc.day}, {utc:%Y}, {clock}"


def mail_date(at: datetime) -> str:
    """``Fri, 1 Mar 2024 01:23:45 +0000``: headers of e-mail."""
    utc = at.astimezone(UTC)
    day = f"{_DAYS[utc.weekday()]}, {utc.day} {_MONTHS[utc.month - 1]} {utc:%Y}"
    return f"{day} {utc:%H:%M:%S} +0000"


def epoch_milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, cut off as in the texts above, so that both agree."""
    return (at - _EPOCH) // timedelta(milliseconds=1)

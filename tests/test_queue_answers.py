"""What a queue makes of the bad answers of SQS's API."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable
from eventsim.ids import Chance
from eventsim.sources import sqs
from eventsim.types import Queue, SendMessage
from tests.scripted import ScriptedApi

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
AWAY = Unreachable("connection refused")
THROTTLED = ServiceError("RequestThrottled", "slower")
SENT = {"Successful": [{"Id": "0", "MessageId": "m"}]}


def scripted(**scripts: list[Any]) -> ScriptedApi:
    """SQS, with a queue that is there."""
    attributes = {"QueueArn": ARN, "VisibilityTimeout": "30"}
    there: dict[str, list[Any]] = {
        "get_queue_url": [{"QueueUrl": "http://127.0.0.1/orders"}],
        "get_queue_attributes": [{"Attributes": attributes}],
    }
    return ScriptedApi(**(there | scripts))


async def queue_on(api: ScriptedApi, clock: Clock) -> Queue:
    settings = sqs.Resource.model_validate({})
    return await sqs.open_queue("orders", settings, api.backend(clock), Chance(0))


async def test_silence_and_throttles_are_waited_out(clock: Clock) -> None:
    api = scripted(send_message_batch=[AWAY, THROTTLED, SENT])

    await (await queue_on(api, clock)).send([SendMessage("one")])

    assert api.times("send_message_batch") == [0.0, 0.25, 0.75]


async def test_a_request_is_made_ten_times(clock: Clock) -> None:
    api = scripted(delete_message_batch=[AWAY])

    with pytest.raises(Unreachable) as error:
        await (await queue_on(api, clock)).delete(["handle"])

    assert str(error.value) == f"queue {ARN} gave no answer in 10 attempts"
    assert error.value.__cause__ is AWAY
    assert len(api.times("delete_message_batch")) == 10


async def test_a_refusal_for_good_is_told_at_once(clock: Clock) -> None:
    denied = ServiceError("AccessDenied", "no")
    api = scripted(send_message_batch=[denied])

    with pytest.raises(ServiceError) as error:
        await (await queue_on(api, clock)).send([SendMessage("one")])

    assert error.value is denied
    assert api.times("send_message_batch") == [0.0]


def answered(taken: str, refused: str) -> dict[str, Any]:
    """An answer to SendMessageBatch: the entries it took, and those that failed there."""
    return {
        "Successful": [{"Id": each, "MessageId": each} for each in taken],
        "Failed": [{"Id": each, "Code": "InternalError", "SenderFault": False} for each in refused],
    }


async def test_what_a_batch_did_not_take_is_sent_ten_times_without_progress(clock: Clock) -> None:
    api = scripted(send_message_batch=[answered("", "01"), answered("0", "1"), answered("", "0")])

    with pytest.raises(Unreachable) as error:
        await (await queue_on(api, clock)).send([SendMessage("one"), SendMessage("two")])

    assert str(error.value) == f"queue {ARN} took none of 1 messages in 10 attempts"
    assert len(api.times("send_message_batch")) == 11

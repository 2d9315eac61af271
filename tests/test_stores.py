"""Topics and buckets of a scenario: where they may be named, and what opens them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from eventsim.errors import EventsimError, ScenarioError
from eventsim.ids import Chance
from eventsim.scenario import Scenario
from eventsim.simulation.options import Options
from eventsim.simulation.setting import open_setting
from eventsim.simulation.stores import Stores
from eventsim.types import Document, Payload
from tests.test_destinations import HeldQueue

RESOURCES: dict[str, Any] = {
    "orders": {"type": "kinesis"},
    "alerts": {"type": "sns"},
    "discarded": {"type": "s3"},
}
PROPERTIES = "functions.f.Events.Orders.Properties"


def values(**more: Any) -> dict[str, Any]:
    return {"name": "stores", "resources": RESOURCES, **more}


def reading(stream: str) -> dict[str, Any]:
    properties = {"Stream": stream, "StartingPosition": "TRIM_HORIZON"}
    event = {"Type": "Kinesis", "Properties": properties}
    return {"f": {"Handler": "app.handler", "Events": {"Orders": event}}}


def putting(resource: str) -> list[dict[str, Any]]:
    return [{"at": "1s", "put": resource, "records": [{"key": "a", "data": 1}]}]


def subscribed(queue: Any) -> dict[str, Any]:
    return RESOURCES | {"alerts": {"type": "sns", "subscriptions": [{"queue": queue}]}}


def test_a_topic_and_a_bucket_are_resources() -> None:
    scenario = Scenario.of(values(functions=reading("orders"), timeline=putting("orders")))

    assert {name: item.type for name, item in scenario.resources.items()} == {
        "orders": "kinesis",
        "alerts": "sns",
        "discarded": "s3",
    }


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (
            {"functions": reading("alerts")},
            f"{PROPERTIES}.Stream is 'alerts', of type sns, which no mapping reads; there are: ",
        ),
        (
            {"functions": reading("arn:aws:s3:::discarded")},
            f"{PROPERTIES}.Stream is 'discarded', of type s3, which no mapping reads; there are: ",
        ),
        (
            {"timeline": putting("discarded")},
            "timeline[0].put is 'discarded', of type s3, onto which no records are put; there are",
        ),
        (
            {"resources": subscribed("orders")},
            "resources.alerts.subscriptions[0].queue is 'orders', of type kinesis, not a queue; ",
        ),
        (
            {"resources": subscribed("inbox")},
            "resources.alerts.subscriptions[0].queue is 'inbox', which is no resource of the ",
        ),
        (
            {"resources": RESOURCES | {"alerts": {"type": "sns", "refuse": "access denied"}}},
            "resources.alerts.refuse is 'access denied'; it must match ",
        ),
        (
            {"resources": RESOURCES | {"discarded": {"type": "s3", "versions": True}}},
            "resources.discarded.versions unknown key 'versions' in resources.discarded",
        ),
    ],
)
def test_a_resource_is_used_as_what_it_is(more: dict[str, Any], fault: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        Scenario.of(values(**more))

    (found,) = raised.value.faults
    assert f"{found.path} {found.message}".startswith(fault)


@pytest.mark.parametrize("subscriptions", [3, [3], [{"queue": 3}], [{"queue": ""}], {"queue": "q"}])
def test_subscriptions_of_the_wrong_shape_are_faults(subscriptions: Any) -> None:
    topic = {"type": "sns", "subscriptions": subscriptions}

    with pytest.raises(ScenarioError, match=r"resources\.alerts\.subscriptions"):
        Scenario.of(values(resources=RESOURCES | {"alerts": topic}))


async def test_a_run_opens_them_beside_its_streams() -> None:
    async with AsyncExitStack() as closing:
        setting = await open_setting(Scenario.of(values()), Options(), closing)

        assert list(setting.streams) == ["orders"]
        assert setting.stores.arns() == {
            "alerts": "arn:aws:sns:us-east-1:123456789012:alerts",
            "discarded": "arn:aws:s3:::discarded",
        }
        destination = setting.stores.destination("arn:aws:s3:::discarded", setting.chance)
        document = Document({"version": "1.0"}, Payload(lambda: 1), "aws/lambda/u/s/", 0.0)
        await destination.send(document)
        (key,) = await setting.stores.buckets["discarded"].list_objects()
        assert key.startswith("aws/lambda/u/s/1970/01/01/1970-01-01T00.00.00-")
        with pytest.raises(EventsimError, match="is no resource of the run; there are: arn:aws:s3"):
            setting.stores.destination("arn:aws:sqs:us-east-1:123456789012:dlq", setting.chance)


def test_a_queue_is_a_destination_too() -> None:
    queue = HeldQueue()
    stores = Stores(queues={"orders-dlq": queue})

    assert stores.arns() == {"orders-dlq": queue.arn}
    assert stores.destination(queue.arn, Chance(7)).arn == queue.arn

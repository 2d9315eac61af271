"""
Events as EventBridge delivers them, in its envelope.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
https://docs.aws.amazon.com/awssupport/latest/user/cloudwatch-events-ta.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eventsim.rules import alarm_documents
from eventsim.rules.arns import arn
from eventsim.rules.bus_rules import DEFAULT_BUS, rule_arn
from eventsim.sources import _alarm_samples as samples
from eventsim.sources._eventbridge_envelope import envelope
from eventsim.types import Scene

InstanceState = Literal["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
CheckStatus = Literal["OK", "INFO", "WARN", "ERROR"]


def custom(
    scene: Scene,
    *,
    source: Annotated[str, "who sends it; aws. is AWS's own"] = "com.example.orders",
    detail_type: Annotated[str, "what kind of event it is"] = "Order Placed",
    detail: Annotated[dict[str, Any] | None, "what happened, a JSON object"] = None,
    resources: Annotated[tuple[str, ...], "the ARNs that it is about"] = (),
    replay_name: Annotated[str | None, "the replay that sends it again"] = None,
) -> dict[str, Any]:
    """An event of your own."""
    drawn = {"orderId": f"o-{scene.hex(8)}", "total": scene.number(1, 500), "currency": "EUR"}
    made = envelope(scene, source, detail_type, drawn if detail is None else detail, resources)
    return made if replay_name is None else {**made, "replay-name": replay_name}


def scheduled(
    scene: Scene, *, rule: Annotated[str, "the rule's name"] = "every-night"
) -> dict[str, Any]:
    """A rule's schedule fired."""
    arns = [rule_arn(scene.region, scene.account, DEFAULT_BUS, rule)]
    return envelope(scene, "aws.events", "Scheduled Event", {}, arns)


def ec2_state_change(
    scene: Scene,
    *,
    instance_id: Annotated[str | None, "the instance; drawn unless given"] = None,
    state: Annotated[InstanceState, "the state that it entered"] = "running",
) -> dict[str, Any]:
    """An EC2 instance changed its state."""
    drawn = f"i-0{scene.hex(16)}"
    instance = instance_id or drawn
    return envelope(
        scene,
        "aws.ec2",
        "EC2 Instance State-change Notification",
        {"instance-id": instance, "state": state},
        [arn("ec2", scene.region, scene.account, f"instance/{instance}")],
    )


def trusted_advisor(
    scene: Scene,
    *,
    check_name: Annotated[str, "the check"] = "Low Utilization Amazon EC2 Instances",
    status: Annotated[CheckStatus, "what it found"] = "WARN",
    instance_id: Annotated[str | None, "the instance found; drawn unless given"] = None,
) -> dict[str, Any]:
    """Trusted Advisor refreshed a check and found something."""
    drawn = f"i-0{scene.hex(16)}"
    instance = instance_id or drawn
    detail = {
        "check-name": check_name,
        "check-item-detail": {
            "Region/AZ": f"{scene.region}a",
            "Instance ID": instance,
            "Instance Name": "orders",
            "Instance Type": "m5.large",
            "Estimated Monthly Savings": "$69.12",
            "14-Day Average CPU Utilization": "1.7%",
            "14-Day Average Network I/O": "0.26MB",
            "Number of Days Low Utilization": "14 days",
        },
        "status": status,
        "resource_id": arn("ec2", scene.region, scene.account, f"instance/{instance}"),
        "uuid": scene.uuid(),
    }
    kind = "Trusted Advisor Check Item Refresh Notification"
    return envelope(scene, "aws.trustedadvisor", kind, detail, [])


def alarm_state_change(
    scene: Scene,
    *,
    name: samples.AlarmName = samples.ALARM_NAME,
    state: samples.NewState = "ALARM",
    previous_state: samples.OldState = None,
    namespace: samples.Namespace = samples.NAMESPACE,
    metric: samples.Metric = samples.METRIC,
    statistic: samples.MetricStatistic = "Sum",
    value: samples.Value = None,
    threshold: samples.Threshold = samples.THRESHOLD,
    period: samples.Period = samples.PERIOD,
    dimensions: samples.Dimensions = None,
    description: samples.Description = samples.DESCRIPTION,
) -> dict[str, Any]:
    """A CloudWatch alarm changed its state."""
    change = samples.change(
        scene,
        name=name,
        state=state,
        previous_state=previous_state,
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        value=value,
        threshold=threshold,
        period=period,
        dimensions=dimensions,
        description=description,
    )
    source, kind = alarm_documents.SOURCE, alarm_documents.DETAIL_TYPE
    return envelope(scene, source, kind, alarm_documents.detail(change), [change.arn])

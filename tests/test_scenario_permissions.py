"""Roles, policies and permissions in a scenario: what is refused, and what a run makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import MappingRefused, ScenarioError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.rules.managed_policies import MANAGED, TEMPLATES
from eventsim.scenario import Scenario, load
from eventsim.simulation import Options, Simulation, run

ACCOUNT = "123456789012"
TEXT = f"""\
name: orders
resources:
  orders: {{type: kinesis, consumers: [fast]}}
  jobs: {{type: sqs}}
  table: {{type: dynamodb, key: {{id: S}}}}
  dlq: {{type: sqs}}
identities:
  reader:
    Policies:
      - AWSLambdaKinesisExecutionRole
  ann:
    arn: arn:aws:iam::{ACCOUNT}:user/ann
functions:
  f:
    Handler: app.handler
    Role: reader
    permissions:
      - {{StatementId: s3, Principal: s3.amazonaws.com}}
    Events:
      E:
        Type: Kinesis
        Properties:
          Stream: orders
          StartingPosition: LATEST
timeline:
  - {{at: 1s, grant: f, StatementId: ann, Principal: ann}}
  - {{at: 2s, revoke: f, StatementId: ann}}
"""
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/orders"
NO_STREAM = (
    "InvalidParameterValueException: Cannot access stream {}. Please ensure the role can perform "
    "the GetRecords, GetShardIterator, DescribeStream, {}and ListStreams Actions on your stream "
    "in IAM. (the role may not {} on {})"
)
KINESIS = "      - AWSLambdaKinesisExecutionRole"


def faults_of(*edits: str) -> list[str]:
    """Every fault of the text after these edits: old, new, old, new."""
    text = TEXT
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    Path("s.yaml").write_text(text)
    try:
        load("s.yaml")
    except ScenarioError as error:
        return [str(fault).removeprefix("s.yaml:") for fault in error.faults]
    return []


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def allowing(actions: str, resource: str = "'*'") -> str:
    statement = f"{{Effect: Allow, Action: [{actions}], Resource: {resource}}}"
    return f"      - {{Statement: [{statement}]}}"


def test_the_text_has_no_fault() -> None:
    assert faults_of() == []


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        ("      - AWSLambdaBasicExecutionRole", "kinesis:GetRecords"),
        ("      - AWSLambdaDynamoDBExecutionRole", "kinesis:GetRecords"),
        (allowing("kinesis:Get*, kinesis:Describe*"), "kinesis:ListShards"),
        (allowing("kinesis:Get*, kinesis:List*"),
         "kinesis:DescribeStream or kinesis:DescribeStreamSummary"),
        (allowing("kinesis:*", "jobs"), "kinesis:GetRecords"),
        (allowing("kinesis:*", "f"), "kinesis:GetRecords"),
        ("      - {KinesisStreamReadPolicy: {StreamName: orders}}", "kinesis:ListShards"),
    ],
)  # fmt: skip
def test_a_role_that_may_not_read_its_stream_gets_no_mapping(policy: str, missing: str) -> None:
    """invoke case 38."""
    told = NO_STREAM.format(STREAM, "ListShards, ", missing, STREAM)

    assert faults_of(KINESIS, policy) == [f"23:19: functions.f.Events.E.Properties.Stream: {told}"]


@pytest.mark.parametrize(
    "policy",
    [
        KINESIS,
        "      - AdministratorAccess",
        "      - AmazonKinesisReadOnlyAccess",
        "      - arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
        allowing("kinesis:*", "orders"),
        allowing("kinesis:*", "[jobs, !GetAtt orders.Arn]"),
        allowing("kinesis:GetRecords, kinesis:GetShardIterator, kinesis:DescribeStreamSummary, "
                 "kinesis:ListShards", f"'{STREAM}'"),
    ],
)  # fmt: skip
def test_a_role_that_may_read_its_stream_gets_one(policy: str) -> None:
    assert faults_of(KINESIS, policy) == []


def test_a_queue_a_table_and_a_consumer_are_told_in_their_own_words() -> None:
    """invoke case 38, for the other sources."""
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    assert faults_of("Type: Kinesis", "Type: SQS", "Stream: orders", "Queue: jobs",
                     "          StartingPosition: LATEST\n", "") == [
        "23:18: functions.f.Events.E.Properties.Queue: InvalidParameterValueException: The "
        "function execution role does not have permissions to call ReceiveMessage on SQS (the "
        f"role may not sqs:ReceiveMessage on {queue})"
    ]  # fmt: skip
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/table/stream/2026-01-01T00:00:00.000"
    assert faults_of("Type: Kinesis", "Type: DynamoDB", "Stream: orders", "Stream: table") == [
        "23:19: functions.f.Events.E.Properties.Stream: "
        + NO_STREAM.format(table, "", "dynamodb:GetRecords", table)
    ]
    fast = faults_of("Stream: orders", "Stream: orders/consumer/fast",
                     KINESIS, "      - AmazonKinesisReadOnlyAccess")  # fmt: skip
    assert [fault.rpartition("(")[2] for fault in fast] == [
        f"the role may not kinesis:SubscribeToShard on {STREAM}/consumer/fast:1767225600)"
    ]


TRUST = "{Statement: {Effect: Allow, Principal: {Service: %s}, Action: 'sts:AssumeRole'}}"
CANNOT_BE_ASSUMED = (
    "InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda."
)


def test_lambda_must_be_able_to_assume_the_role() -> None:
    def trusting(service: str) -> str:
        return f"{KINESIS}\n    AssumeRolePolicyDocument: {TRUST % service}"

    assert faults_of(KINESIS, trusting("lambda.amazonaws.com")) == []
    assert faults_of(KINESIS, trusting("ec2.amazonaws.com")) == [
        f"17:11: functions.f.Role: {CANNOT_BE_ASSUMED}"
    ]
    own = f"AssumeRolePolicyDocument: {TRUST % 'ec2.amazonaws.com'}"
    assert faults_of("Role: reader", own) == [
        f"16:31: functions.f.AssumeRolePolicyDocument: {CANNOT_BE_ASSUMED}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Role: reader", "Role: raeder",
         "16:11: functions.f.Role is 'raeder', which is no identity of the scenario; did you mean "
         "'reader'?"),
        ("Role: reader", "Role: reader\n    RolePath: /a/",
         "17:5: functions.f.RolePath says something of a role that SAM makes only without Role; "
         "keep one of them"),
        (KINESIS, "      - AWSLambdaKinesisExecutionRolle",
         "10:9: identities.reader.Policies[0] is 'AWSLambdaKinesisExecutionRolle', a managed "
         "policy that is not simulated; write its document in its place, or one of: "
         f"{', '.join(sorted(MANAGED))}"),
        (KINESIS, "      - arn:aws:iam::123456789012:policy/mine",
         "10:9: identities.reader.Policies[0] is 'arn:aws:iam::123456789012:policy/mine', which is "
         "no policy of AWS's; write its document in its place"),
        (KINESIS, "      - {SQSPollerPolicy: {Queue: jobs}}",
         "10:9: identities.reader.Policies[0] has SQSPollerPolicy with other parameters than its "
         "own: QueueName"),
        (KINESIS, "      - SQSPollerPolicy",
         "10:9: identities.reader.Policies[0] is a SAM policy template; write SQSPollerPolicy: "
         "{QueueName: …}"),
        (KINESIS, "      - {S3ReadPolicy: {BucketName: b}}",
         "10:9: identities.reader.Policies[0] has the SAM policy template 'S3ReadPolicy', which "
         "is not simulated; write its document in its place, or one of: "
         f"{', '.join(sorted(TEMPLATES))}"),
        (KINESIS, "      - 3",
         "10:9: identities.reader.Policies[0] is 3; write a managed policy's name, a document with "
         "its Statement, or a SAM policy template"),
        (KINESIS, "      - {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*', "
                  "Condition: {StringEqual: {'aws:a': b}}}]}",
         "10:80: identities.reader.Policies[0].Statement[0].Condition 'StringEqual' is no "
         "condition operator; did you mean 'StringEquals'?"),
        (KINESIS, f"{KINESIS}\n{allowing('s3:Get', '[dlq, ordes]')}",
         "11:72: identities.reader.Policies[1].Statement[0].Resource[1] is 'ordes', which is no "
         "resource or function here; did you mean 'orders'?"),
        ("Principal: s3.amazonaws.com", "Principal: bob",
         "18:38: functions.f.permissions[0].Principal is 'bob', which is no identity of the "
         "scenario; there are: ann, reader"),
        ("{StatementId: s3, Principal: s3.amazonaws.com}",
         "{StatementId: s3, Principal: s3.amazonaws.com, Qualifier: $LATEST}",
         "18:9: functions.f.permissions[0]: InvalidParameterValueException: We currently do not "
         "support adding policies for $LATEST."),
        ("{StatementId: s3, Principal: s3.amazonaws.com}",
         "{StatementId: s3, Principal: s3.amazonaws.com, SourceArn: photos}",
         "18:67: functions.f.permissions[0].SourceArn is 'photos', which is no resource or "
         "function here; there are: dlq, f, jobs, orders, table"),
        ("{StatementId: s3, Principal: s3.amazonaws.com}",
         "{StatementId: s3, Principal: s3.amazonaws.com, Sourcearn: jobs}",
         "18:56: unknown key 'Sourcearn' in functions.f.permissions[0]; did you mean 'SourceArn'?"),
        ("      - {StatementId: s3, Principal: s3.amazonaws.com}\n",
         "      - {StatementId: s3, Principal: s3.amazonaws.com}\n" * 2,
         "19:23: functions.f.permissions[1].StatementId: ResourceConflictException: The statement "
         "id (s3) provided already exists. Please provide a new statement id, or remove the "
         "existing statement."),
        ("grant: f, StatementId: ann, Principal: ann", "grant: f, StatementId: ann, Principal: bob",
         "26:53: timeline[0].Principal is 'bob', which is no identity of the scenario; there are: "
         "ann, reader"),
        ("grant: f,", "grant: g,",
         "26:21: timeline[0].grant is 'g', which is no function of the scenario; there are: f"),
        ("{at: 2s, revoke: f, StatementId: ann}", "{at: 2s, revoke: f}",
         "27:5: no StatementId in timeline[1]; write StatementId: s3"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert faults_of(old, new) == [told]


def scenario(function: dict[str, Any], **more: Any) -> Scenario:
    """A function that fails on every record, with a queue for what is discarded."""

    def fail(event: Any, context: Any) -> None:
        raise ValueError("no")

    properties = {
        "Stream": "orders",
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnFailure": {"Destination": "dlq"}},
    }
    events = {"E": {"Type": "Kinesis", "Properties": properties}}
    resources = {"orders": {"type": "kinesis"}, "dlq": {"type": "sqs"}}
    values = {
        "name": "small",
        "resources": resources,
        "functions": {"f": {"Handler": fail, "Events": events, **function}},
        "timeline": [{"at": "0s", "put": "orders", "records": [{"key": "a", "data": 1}]}],
    }
    return Scenario.of(values | more, Path(__file__).parent)


def told(scenario: Scenario, *kinds: str) -> list[Entry]:
    sink = MemorySink()
    run(scenario, Options(sinks=[sink]))
    return [entry for entry in sink.entries if entry.kind in kinds]


def outcome(function: dict[str, Any], **more: Any) -> tuple[str, str | None]:
    """What became of the document about the record that is discarded, and why."""
    (entry,) = told(scenario(function, **more), "destination_delivered", "destination_failed")
    return entry.kind, entry.fields.get("code")


DELIVERED, FAILED = ("destination_delivered", None), ("destination_failed", "AccessDenied")
DENY = {"Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "dlq"}]}


def test_without_role_and_policies_a_function_may_do_everything() -> None:
    assert outcome({}) == DELIVERED
    assert scenario({}).function_values()[0].role is None


def test_a_role_that_may_not_send_loses_the_document_and_the_shard_goes_on() -> None:
    """invoke case 26."""
    reader = {"Policies": "AWSLambdaKinesisExecutionRole"}
    sender = {"Policies": ["AWSLambdaKinesisExecutionRole", "AmazonSQSFullAccess"]}

    assert outcome({"Role": "a"}, identities={"a": reader}) == FAILED
    assert outcome({"Role": "a"}, identities={"a": sender}) == DELIVERED


def test_a_role_that_is_made_has_what_sam_gives_it() -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html"""
    assert outcome({"Policies": []}) == DELIVERED
    assert outcome({"Policies": DENY}) == FAILED
    made = scenario({"Policies": [], "RolePath": "/team/"}).function_values()[0]
    assert made.role == f"arn:aws:iam::{ACCOUNT}:role/team/fRole"


def test_a_boundary_narrows_what_sam_gives() -> None:
    kinesis = {"PermissionsBoundary": "AWSLambdaKinesisExecutionRole"}
    with pytest.raises(ScenarioError, match="Cannot access stream"):
        scenario({"PermissionsBoundary": "AWSLambdaBasicExecutionRole"})

    assert outcome(kinesis) == FAILED


def test_the_role_is_who_invokes_as_the_event_says() -> None:
    seen: list[Any] = []

    def see(event: Any, context: Any) -> None:
        seen.append(event["Records"][0]["invokeIdentityArn"])

    run(scenario({"Handler": see, "Policies": []}))
    assert seen == [f"arn:aws:iam::{ACCOUNT}:role/fRole"]


async def test_on_another_back_end_the_mapping_is_refused_when_the_run_begins() -> None:
    """invoke case 38."""
    basic = {"a": {"Policies": "AWSLambdaBasicExecutionRole"}}
    mute = scenario({"Role": "a"}, identities=basic, backend="moto")

    with pytest.raises(MappingRefused) as refused:
        async with Simulation(mute, Options(backend="simulated")):
            pass
    assert (refused.value.code, refused.value.field) == (
        "InvalidParameterValueException",
        "EventSourceArn",
    )
    assert refused.value.message.startswith(f"Cannot access stream {STREAM}. Please ensure")


def test_the_managed_policies_of_the_pull_sources_are_known() -> None:
    assert {f"AWSLambda{name}ExecutionRole" for name in ("Basic", "Kinesis", "DynamoDB")} | {
        "AWSLambdaSQSQueueExecutionRole"
    } <= set(MANAGED)

"""What a request of a service needs, and how the service says that it is not allowed."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from eventsim.rules.roles import Need
from eventsim.rules.service_actions import ServiceRequest, needs_of
from eventsim.rules.service_answers import Refusal, caller_identity, denied, refused
from eventsim.rules.signatures import Signature, signature_of
from eventsim.types import HttpRequest

ACCOUNT = "123456789012"
SCOPE = "20260101/eu-west-1/sqs/aws4_request"
TEXT = "User: ann is not authorized to perform: {0} on resource: {1} because no policy allows it"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/other"
SHARD = b64encode(b"orders:shardId-000000000000:1").decode()
STREAM = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t/stream/2026-01-01T00:00:00.000"


def needs(service: str, operation: str, **parameters: Any) -> list[str]:
    """Each action with its resource, of which the region and the account are left out."""
    found = needs_of(ServiceRequest(service, operation, parameters), "eu-west-1", ACCOUNT)
    return [
        f"{need.actions[0]} {need.resource.replace(f':eu-west-1:{ACCOUNT}:', '::')}"
        for need in found
    ]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "need"),
    [
        ("s3", "GetObject", {"Bucket": "b", "Key": "a/k"}, "s3:GetObject arn:aws:s3:::b/a/k"),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, "s3:GetObject arn:aws:s3:::b/k"),
        ("s3", "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "1"},
         "s3:GetObjectVersion arn:aws:s3:::b/k"),
        ("s3", "DeleteObject", {"Bucket": "b", "Key": "k", "VersionId": "1"},
         "s3:DeleteObjectVersion arn:aws:s3:::b/k"),
        ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, "s3:PutObject arn:aws:s3:::b/k"),
        ("s3", "CompleteMultipartUpload", {"Bucket": "b", "Key": "k"},
         "s3:PutObject arn:aws:s3:::b/k"),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket arn:aws:s3:::b"),
        ("s3", "HeadBucket", {"Bucket": "b"}, "s3:ListBucket arn:aws:s3:::b"),
        ("s3", "ListBuckets", {}, "s3:ListAllMyBuckets *"),
        ("s3", "GetBucketLifecycleConfiguration", {"Bucket": "b"},
         "s3:GetLifecycleConfiguration arn:aws:s3:::b"),
        ("sqs", "SendMessage", {"QueueUrl": f"https://sqs/{ACCOUNT}/q"},
         "sqs:sendmessage arn:aws:sqs::q"),
        ("sqs", "SendMessage", {"QueueUrl": "https://sqs/210987654321/q"},
         "sqs:sendmessage arn:aws:sqs:eu-west-1:210987654321:q"),
        ("sqs", "DeleteMessageBatch", {"QueueUrl": "q"}, "sqs:deletemessage arn:aws:sqs::q"),
        ("sqs", "GetQueueUrl", {"QueueName": "q"}, "sqs:getqueueurl arn:aws:sqs::q"),
        ("sqs", "ListQueues", {}, "sqs:listqueues *"),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:r:1:t"}, "SNS:Publish arn:aws:sns:r:1:t"),
        ("sns", "PublishBatch", {"TopicArn": "arn:aws:sns:r:1:t"}, "SNS:Publish arn:aws:sns:r:1:t"),
        ("sns", "Publish", {"PhoneNumber": "+358"}, "SNS:Publish +358"),
        ("sns", "CreateTopic", {"Name": "t"}, "SNS:CreateTopic arn:aws:sns::t"),
        ("sns", "Unsubscribe", {"SubscriptionArn": "arn:aws:sns:r:1:t:0"},
         "SNS:Unsubscribe arn:aws:sns:r:1:t"),
        ("sns", "ListTopics", {}, "SNS:ListTopics *"),
        ("dynamodb", "GetItem", {"TableName": "t"}, "dynamodb:GetItem arn:aws:dynamodb::table/t"),
        ("dynamodb", "GetItem", {"TableName": "arn:aws:dynamodb:r:1:table/t"},
         "dynamodb:GetItem arn:aws:dynamodb:r:1:table/t"),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"},
         "dynamodb:Query arn:aws:dynamodb::table/t/index/i"),
        ("dynamodb", "ListTables", {}, "dynamodb:ListTables *"),
        ("dynamodb", "BatchGetItem", {"RequestItems": None}, "dynamodb:BatchGetItem *"),
        ("dynamodb", "GetRecords", {"ShardIterator": f"{STREAM}|1|x"},
         f"dynamodb:GetRecords {STREAM.replace(f':eu-west-1:{ACCOUNT}:', '::')}"),
        ("dynamodb", "GetRecords", {"ShardIterator": "x"}, "dynamodb:GetRecords *"),
        ("kinesis", "PutRecord", {"StreamName": "s"},
         "kinesis:PutRecord arn:aws:kinesis::stream/s"),
        ("kinesis", "PutRecord", {"StreamARN": "arn:aws:kinesis:r:1:stream/s"},
         "kinesis:PutRecord arn:aws:kinesis:r:1:stream/s"),
        ("kinesis", "GetRecords", {"ShardIterator": SHARD},
         "kinesis:GetRecords arn:aws:kinesis::stream/orders"),
        ("kinesis", "GetRecords", {"ShardIterator": "no base64"}, "kinesis:GetRecords *"),
        ("kinesis", "ListStreams", {}, "kinesis:ListStreams *"),
        ("events", "PutRule", {"Name": "r"}, "events:PutRule arn:aws:events::rule/r"),
        ("events", "PutTargets", {"Rule": "r", "EventBusName": "b"},
         "events:PutTargets arn:aws:events::rule/b/r"),
        ("events", "ListRules", {}, "events:ListRules *"),
        ("lambda", "Invoke", {"FunctionName": "f", "Qualifier": "live"},
         "lambda:InvokeFunction arn:aws:lambda::function:f:live"),
        ("lambda", "GetFunction", {"FunctionName": "f"},
         "lambda:GetFunction arn:aws:lambda::function:f"),
        ("lambda", "ListFunctions", {}, "lambda:ListFunctions *"),
        ("logs", "PutLogEvents", {"logGroupName": "/g", "logStreamName": "s"},
         "logs:PutLogEvents arn:aws:logs::log-group:/g:log-stream:s"),
        ("logs", "CreateLogGroup", {"logGroupName": "/g"},
         "logs:CreateLogGroup arn:aws:logs::log-group:/g:log-stream:"),
        ("logs", "DescribeLogGroups", {}, "logs:DescribeLogGroups *"),
        ("monitoring", "PutMetricData", {"Namespace": "n"}, "cloudwatch:PutMetricData *"),
        ("secretsmanager", "GetSecretValue", {"SecretId": "s"},
         "secretsmanager:GetSecretValue arn:aws:secretsmanager::secret:s-??????"),
        ("ssm", "GetParameter", {"Name": "/a/b"}, "ssm:GetParameter arn:aws:ssm::parameter/a/b"),
        ("ssm", "DescribeParameters", {}, "ssm:DescribeParameters *"),
        ("kms", "Decrypt", {}, "kms:Decrypt *"),
        ("kms", "Encrypt", {"KeyId": "k"}, "kms:Encrypt arn:aws:kms::key/k"),
        ("states", "StartExecution", {"stateMachineArn": "arn:aws:states:r:1:stateMachine:m"},
         "states:StartExecution arn:aws:states:r:1:stateMachine:m"),
        ("scheduler", "CreateSchedule", {"Name": "n"},
         "scheduler:CreateSchedule arn:aws:scheduler::schedule/default/n"),
        ("scheduler", "ListSchedules", {}, "scheduler:ListSchedules *"),
        ("firehose", "PutRecord", {"DeliveryStreamName": "d"},
         "firehose:PutRecord arn:aws:firehose::deliverystream/d"),
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::1:role/r"},
         "sts:AssumeRole arn:aws:iam::1:role/r"),
        ("xray", "PutTraceSegments", {}, "xray:PutTraceSegments *"),
    ],
)  # fmt: skip
def test_an_action_is_called_like_its_operation_and_its_resource_is_in_the_parameters(
    service: str, operation: str, parameters: dict[str, Any], need: str
) -> None:
    assert needs(service, operation, **parameters) == [need]


def test_a_copy_reads_one_object_and_writes_another() -> None:
    found = needs("s3", "CopyObject", Bucket="to", Key="k", CopySource="/from/old?versionId=1")

    assert found == ["s3:GetObjectVersion arn:aws:s3:::from/old", "s3:PutObject arn:aws:s3:::to/k"]


def test_each_object_of_a_deletion_is_asked_for() -> None:
    objects = [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]

    found = needs("s3", "DeleteObjects", Bucket="b", Delete={"Objects": objects})

    assert found == ["s3:DeleteObject arn:aws:s3:::b/a", "s3:DeleteObjectVersion arn:aws:s3:::b/b"]


def test_each_table_of_a_batch_and_each_item_of_a_transaction_is_asked_for() -> None:
    items = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]

    assert needs("dynamodb", "BatchWriteItem", RequestItems={"t": [], "u": []}) == [
        "dynamodb:BatchWriteItem arn:aws:dynamodb::table/t",
        "dynamodb:BatchWriteItem arn:aws:dynamodb::table/u",
    ]
    assert needs("dynamodb", "TransactWriteItems", TransactItems=items) == [
        "dynamodb:PutItem arn:aws:dynamodb::table/t",
        "dynamodb:ConditionCheckItem arn:aws:dynamodb::table/u",
    ]


def test_each_bus_is_asked_for_once() -> None:
    entries = [{}, {"EventBusName": BUS}, {"EventBusName": "default"}]

    assert needs("events", "PutEvents", Entries=entries) == [
        "events:PutEvents arn:aws:events::event-bus/default",
        "events:PutEvents arn:aws:events::event-bus/other",
    ]


def test_each_parameter_is_asked_for() -> None:
    assert needs("ssm", "GetParameters", Names=["a", "/b"]) == [
        "ssm:GetParameters arn:aws:ssm::parameter/a",
        "ssm:GetParameters arn:aws:ssm::parameter/b",
    ]


def test_nobody_needs_anything_to_ask_who_they_are() -> None:
    assert needs("sts", "GetCallerIdentity") == []


def test_a_resource_is_in_the_partition_of_its_region() -> None:
    found = needs_of(ServiceRequest("sqs", "SendMessage", {"QueueUrl": "q"}), "cn-north-1", ACCOUNT)

    assert found == (Need(("sqs:sendmessage",), f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:q"),)


@pytest.mark.parametrize(
    ("header", "query", "signature"),
    [
        (f"AWS4-HMAC-SHA256 Credential=ASIA/{SCOPE}, Signature=0", "",
         Signature("ASIA", "eu-west-1", "sqs")),
        ("", f"X-Amz-Expires=1&X-Amz-Credential=ASIA%2F{SCOPE.replace('/', '%2F')}&X-Amz-Date=2",
         Signature("ASIA", "eu-west-1", "sqs")),
        ("AWS ASIA:0", "", Signature("ASIA", "us-east-1", "s3")),
        ("", "a=b&AWSAccessKeyId=ASIA&Signature=0", Signature("ASIA", "us-east-1", "s3")),
        ("", "", Signature("", "us-east-1", "s3")),
        ("Basic x", "list-type=2", Signature("", "us-east-1", "s3")),
        ("AWS4-HMAC-SHA256 Credential=ASIA/2026/x", "", Signature("", "us-east-1", "s3")),
    ],
)  # fmt: skip
def test_a_signature_is_in_the_header_or_in_the_query(
    header: str, query: str, signature: Signature
) -> None:
    request = HttpRequest(headers=(("authorization", header),), query=query)

    assert signature_of(request, "us-east-1") == signature


@pytest.mark.parametrize(
    ("service", "protocol", "code", "status"),
    [
        ("s3", "rest-xml", "AccessDenied", 403),
        ("sqs", "json", "AccessDenied", 403),
        ("sqs", "query", "AccessDenied", 403),
        ("sns", "query", "AuthorizationError", 403),
        ("sts", "query", "AccessDenied", 403),
        ("ec2", "ec2", "UnauthorizedOperation", 403),
        ("monitoring", "json", "AccessDenied", 400),
        ("dynamodb", "json", "AccessDeniedException", 400),
        ("lambda", "rest-json", "AccessDeniedException", 403),
    ],
)
def test_each_service_has_its_code_for_a_denial(
    service: str, protocol: str, code: str, status: int
) -> None:
    request = ServiceRequest(service, "Do", {}, protocol)
    text = TEXT.format("x:Do", "arn:a")
    told = TEXT.format("x:Do", '"arn:a"') if service == "s3" else text

    assert denied(request, "arn:a", text) == Refusal(code, told, status)


@pytest.mark.parametrize("protocol", ["rest-xml", "query", "ec2", "json", "rest-json"])
def test_botocore_reads_a_refusal(protocol: str) -> None:
    from botocore.parsers import create_parser

    refusal = Refusal("AccessDenied", 'not "you" & <me>', 403)
    response = refused(ServiceRequest("x", "Do", {}, protocol), "POST", refusal, "r")
    parsed = create_parser(protocol).parse(
        {"body": response.body, "headers": dict(response.headers), "status_code": 403}, None
    )

    error = parsed["Error"]
    assert (error["Code"], error["Message"]) == (refusal.code, refusal.message)


def test_sqs_says_its_old_code_beside_the_new_one() -> None:
    request = ServiceRequest("sqs", "SendMessage")
    response = refused(request, "POST", Refusal("AccessDenied", "no"), "r")

    assert response.header("x-amzn-query-error") == "AccessDenied;Sender"
    assert json.loads(response.body)["__type"] == "AccessDeniedException"


def test_a_refusal_of_head_has_no_body() -> None:
    response = refused(
        ServiceRequest("s3", "HeadObject", {}, "rest-xml"), "HEAD", Refusal("A", "b"), ""
    )

    assert (response.status, response.body) == (403, b"")


def test_botocore_reads_who_the_caller_is() -> None:
    response = caller_identity(ACCOUNT, "arn:aws:sts::1:assumed-role/r&d/f", "AROA:f", "r")

    assert b"<Arn>arn:aws:sts::1:assumed-role/r&amp;d/f</Arn>" in response.body
    assert (response.status, response.header("content-type")) == (200, "text/xml")

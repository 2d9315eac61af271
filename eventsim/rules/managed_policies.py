"""
AWS's managed policies that functions are given, and SAM's policy templates for what we simulate.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.rules.arns import arn, service_of
from eventsim.rules.policies import VERSION

Document = dict[str, Any]

BASIC = "AWSLambdaBasicExecutionRole"
_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_DYNAMODB_STREAM = (
    *("dynamodb:DescribeStream", "dynamodb:GetRecords"),
    *("dynamodb:GetShardIterator", "dynamodb:ListStreams"),
)


def document(*statements: Mapping[str, Any]) -> Document:
    """A policy document of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(*actions: str, on: Any = "*") -> Document:
    """A statement that allows these actions."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def _passed_to_lambda(action: str, key: str, on: str) -> Document:
    condition = {"StringEquals": {key: "lambda.amazonaws.com"}}
    return {**allow(action, on=on), "Condition": condition}


MANAGED: Mapping[str, Document] = {
    "AdministratorAccess": document(allow("*")),
    BASIC: document(allow(*_LOGS)),
    "AWSLambdaKinesisExecutionRole": document(
        allow(
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
            *_LOGS,
        )
    ),
    "AWSLambdaDynamoDBExecutionRole": document(allow(*_DYNAMODB_STREAM, *_LOGS)),
    "AWSLambdaInvocation-DynamoDB": document(
        allow("lambda:InvokeFunction"), allow(*_DYNAMODB_STREAM)
    ),
    "AWSLambdaSQSQueueExecutionRole": document(
        allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOGS)
    ),
    "AWSLambdaVPCAccessExecutionRole": document(
        allow(
            *_LOGS,
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        )
    ),
    "AWSLambda_FullAccess": document(
        allow(
            *("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
            *("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"),
            *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
            *("kms:DescribeKey", "kms:ListAliases"),
            *("iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy"),
            *("iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoles"),
            *("lambda:*", "logs:DescribeLogGroups"),
            *("states:DescribeStateMachine", "states:ListStateMachines"),
            *("tag:GetResources", "xray:GetTraceSummaries", "xray:BatchGetTraces"),
        ),
        _passed_to_lambda("iam:PassRole", "iam:PassedToService", "*"),
        allow(
            *("logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"),
            *("logs:StartLiveTail", "logs:StopLiveTail"),
            on="arn:aws:logs:*:*:log-group:/aws/lambda/*",
        ),
        _passed_to_lambda(
            "iam:CreateServiceLinkedRole",
            "iam:AWSServiceName",
            "arn:aws:iam::*:role/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda",
        ),
    ),
    "AWSLambdaRole": document(allow("lambda:InvokeFunction")),
    "AWSLambdaExecute": document(
        allow("logs:*", on="arn:aws:logs:*:*:*"),
        allow("s3:GetObject", "s3:PutObject", on="arn:aws:s3:::*"),
    ),
    "AmazonKinesisFullAccess": document(allow("kinesis:*")),
    "AmazonKinesisReadOnlyAccess": document(
        allow("kinesis:Get*", "kinesis:List*", "kinesis:Describe*")
    ),
    "AmazonSQSFullAccess": document(allow("sqs:*")),
    "AmazonS3FullAccess": document(allow("s3:*", "s3-object-lambda:*")),
    "AmazonS3ReadOnlyAccess": document(
        allow(
            "s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"
        )
    ),
}

# Each template: its parameters, and its statements: actions, then the service and the resource.
_TEMPLATES: Mapping[str, tuple[tuple[str, ...], tuple[tuple[tuple[str, ...], str, str], ...]]] = {
    "SQSPollerPolicy": (
        ("QueueName",),
        (
            (
                (
                    *("sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch"),
                    *("sqs:DeleteMessage", "sqs:DeleteMessageBatch"),
                    *("sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
                ),
                "sqs",
                "{QueueName}",
            ),
        ),
    ),
    "SQSSendMessagePolicy": (("QueueName",), ((("sqs:SendMessage*",), "sqs", "{QueueName}"),)),
    "SNSPublishMessagePolicy": (("TopicName",), ((("sns:Publish",), "sns", "{TopicName}"),)),
    "LambdaInvokePolicy": (
        ("FunctionName",),
        ((("lambda:InvokeFunction",), "lambda", "function:{FunctionName}*"),),
    ),
    "KinesisStreamReadPolicy": (
        ("StreamName",),
        (
            (("kinesis:ListStreams", "kinesis:DescribeLimits"), "kinesis", "stream/*"),
            (
                (
                    *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary"),
                    *("kinesis:GetRecords", "kinesis:GetShardIterator"),
                ),
                "kinesis",
                "stream/{StreamName}",
            ),
        ),
    ),
    "DynamoDBStreamReadPolicy": (
        ("TableName", "StreamName"),
        (
            (
                (
                    *("dynamodb:DescribeStream", "dynamodb:GetRecords"),
                    "dynamodb:GetShardIterator",
                ),
                "dynamodb",
                "table/{TableName}/stream/{StreamName}",
            ),
            (("dynamodb:ListStreams",), "dynamodb", "table/{TableName}/stream/*"),
        ),
    ),
}
TEMPLATES = frozenset(_TEMPLATES)


def managed(name: str) -> Document:
    """The managed policy of that name or ARN. Raises ValueError for one that we do not know."""
    bare = name
    if service_of(name) == "iam":
        parts = name.split(":", 5)
        if parts[4] != "aws" or not parts[5].startswith("policy/"):
            raise ValueError(
                f"is '{name}', which is no policy of AWS's; write its document in its place"
            )
        bare = parts[5].rpartition("/")[2]
    if bare in MANAGED:
        return MANAGED[bare]
    if bare in TEMPLATES:
        parameters = ", ".join(f"{each}: …" for each in _TEMPLATES[bare][0])
        raise ValueError(f"is a SAM policy template; write {bare}: {{{parameters}}}")
    raise ValueError(
        f"is '{name}', a managed policy that is not simulated; write its document in its place, "
        f"or one of: {', '.join(sorted(MANAGED))}"
    )


def template(name: str, given: Any, region: str, account: str) -> Document:
    """What a policy template of SAM comes to, with its parameters.

    Raises ValueError for a template that we do not know, and for wrong parameters.
    """
    if name not in _TEMPLATES:
        raise ValueError(
            f"has the SAM policy template '{name}', which is not simulated; write its document in "
            f"its place, or one of: {', '.join(sorted(TEMPLATES))}"
        )
    wanted, statements = _TEMPLATES[name]
    if not isinstance(given, Mapping) or set(given) != set(wanted):
        raise ValueError(f"has {name} with other parameters than its own: {', '.join(wanted)}")
    for key, value in given.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"has {name} with a {key} that is no name")
    return document(
        *(
            allow(*actions, on=arn(service, region, account, resource.format(**given)))
            for actions, service, resource in statements
        )
    )

"""`eventsim serve` for real clients: a function through its life, and what sets it off."""

from __future__ import annotations

import base64
import json
import shutil
import time
from typing import Any

import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from tests.server_process import ROLE, Served, create, lines, until, zipped

ECHO = """\
import json, os
def handler(event, context):
    print("got", json.dumps(event, sort_keys=True))
    if event.get("fail"):
        raise ValueError("no")
    return {
        "event": event,
        "arn": context.invoked_function_arn,
        "version": context.function_version,
        "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "client": context.client_context and context.client_context.custom,
    }
"""
CALLING = """\
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=event["url"], MessageBody=context.aws_request_id)
"""


@pytest.fixture(scope="module")
def functions(aws: Served) -> Any:
    """A client of Lambda, with the function ``echo`` there."""
    client = aws.client("lambda")
    made = create(client, "echo", ECHO)
    assert (made["State"], made["Version"]) == ("Pending", "$LATEST")
    client.get_waiter("function_active_v2").wait(FunctionName="echo")
    return client


def test_a_function_answers_a_synchronous_invocation(aws: Served, functions: Any) -> None:
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    answer = functions.invoke(
        FunctionName="echo", Payload=b'{"a":1}', LogType="Tail", ClientContext=context
    )
    arn = "arn:aws:lambda:us-east-1:123456789012:function:echo"
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"]) == {
        "event": {"a": 1},
        "arn": arn,
        "version": "$LATEST",
        "endpoint": aws.base,
        "client": {"k": "v"},
    }
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert tail[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert tail[1] == 'got {"a": 1}'
    assert tail[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_a_function_that_fails_is_an_answer(functions: Any) -> None:
    answer = functions.invoke(FunctionName="echo", Payload=b'{"fail":true}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    failed = json.load(answer["Payload"])
    assert (failed["errorType"], failed["errorMessage"]) == ("ValueError", "no")
    assert failed["stackTrace"][0].startswith('  File "/var/task/app.py", line 5, in handler')


def test_a_response_stream_has_the_answer_and_its_end(functions: Any) -> None:
    answer = functions.invoke_with_response_stream(
        FunctionName="echo", Payload=b'{"a":2}', LogType="Tail"
    )
    chunk, end = answer["EventStream"]
    assert json.loads(chunk["PayloadChunk"]["Payload"])["event"] == {"a": 2}
    assert list(end["InvokeComplete"]) == ["LogResult"]
    assert answer["ExecutedVersion"] == "$LATEST"
    (failed,) = functions.invoke_with_response_stream(
        FunctionName="echo", Payload=b'{"fail":true}'
    )["EventStream"]
    assert failed["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(failed["InvokeComplete"]["ErrorDetails"])["errorType"] == "ValueError"


def test_events_and_dry_runs_are_answered_before_anything_runs(aws: Served, functions: Any) -> None:
    event = functions.invoke(FunctionName="echo", InvocationType="Event", Payload=b'{"later":1}')
    dry = functions.invoke(FunctionName="echo", InvocationType="DryRun", Payload=b'{"never":1}')
    assert (event["StatusCode"], event["Payload"].read()) == (202, b"")
    assert (dry["StatusCode"], dry["Payload"].read()) == (204, b"")
    logs = aws.client("logs")
    until(lambda: 'got {"later": 1}' in lines(logs, "echo"))
    assert 'got {"never": 1}' not in lines(logs, "echo")


def test_the_log_of_an_environment_is_one_stream_from_start_to_report(
    aws: Served, functions: Any
) -> None:
    create(functions, "logged", ECHO)
    for number in (1, 2):
        functions.invoke(FunctionName="logged", Payload=json.dumps({"n": number}).encode())
    logs = aws.client("logs")
    until(lambda: len(lines(logs, "logged")) == 8)
    (stream,) = logs.describe_log_streams(logGroupName="/aws/lambda/logged")["logStreams"]
    assert "/[$LATEST]" in stream["logStreamName"]
    kinds = [line.split()[0] for line in lines(logs, "logged")]
    assert kinds == ["START", "got", "END", "REPORT"] * 2


def test_a_queue_feeds_a_function_and_is_empty_then(aws: Served, functions: Any) -> None:
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName="fed", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:fed"
    made = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="echo")
    assert (made["State"], made["BatchSize"]) == ("Creating", 10)
    until(lambda: functions.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled")
    queues.send_message(QueueUrl=url, MessageBody="into the function")
    logs = aws.client("logs")
    until(lambda: any("into the function" in line for line in lines(logs, "echo")))
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> int:
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())

    until(lambda: left() == 0)


def test_a_mapping_is_changed_switched_off_and_deleted(aws: Served, functions: Any) -> None:
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName="off", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:off"
    uuid = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="echo", Enabled=False
    )["UUID"]

    def state() -> str:
        return str(functions.get_event_source_mapping(UUID=uuid)["State"])

    until(lambda: state() == "Disabled")
    queues.send_message(QueueUrl=url, MessageBody="waits until it is on")
    changed = functions.update_event_source_mapping(UUID=uuid, BatchSize=3, Enabled=True)
    assert (changed["State"], changed["FunctionArn"].rpartition(":")[2]) == ("Enabling", "echo")
    until(lambda: state() == "Enabled")
    assert functions.get_event_source_mapping(UUID=uuid)["BatchSize"] == 3
    logs = aws.client("logs")
    until(lambda: any("waits until it is on" in line for line in lines(logs, "echo")))
    assert functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"

    def gone() -> bool:
        try:
            functions.get_event_source_mapping(UUID=uuid)
        except ClientError as error:
            return bool(error.response["Error"]["Code"] == "ResourceNotFoundException")
        return False

    until(gone)


def test_a_stream_and_a_table_feed_a_function(aws: Served, functions: Any) -> None:
    create(functions, "reading", ECHO)
    streams, tables = aws.client("kinesis"), aws.client("dynamodb")
    streams.create_stream(StreamName="orders", ShardCount=2)
    found = streams.describe_stream(StreamName="orders")["StreamDescription"]["StreamARN"]
    table = tables.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    mappings = [
        functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName="reading", StartingPosition="TRIM_HORIZON"
        )["UUID"]
        for arn in (found, table["LatestStreamArn"])
    ]
    streams.put_record(StreamName="orders", Data=b"of a stream", PartitionKey="a")
    tables.put_item(TableName="orders", Item={"id": {"S": "of-a-table"}})
    logs = aws.client("logs")
    encoded = base64.b64encode(b"of a stream").decode()
    until(lambda: any(encoded in line for line in lines(logs, "reading")))
    until(lambda: any("of-a-table" in line for line in lines(logs, "reading")))
    for uuid in mappings:
        told = functions.get_event_source_mapping(UUID=uuid)
        assert (told["State"], told["LastProcessingResult"]) == ("Enabled", "OK")
        functions.delete_event_source_mapping(UUID=uuid)


def test_buckets_and_topics_invoke_whom_they_may(aws: Served, functions: Any) -> None:
    arn = create(functions, "told", ECHO)["FunctionArn"]
    buckets, topics = aws.client("s3"), aws.client("sns")
    buckets.create_bucket(Bucket="photos")
    for service in ("s3", "sns"):
        functions.add_permission(
            FunctionName="told",
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
        )
    notified = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    buckets.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"LambdaFunctionConfigurations": [notified]}
    )
    buckets.put_object(Bucket="photos", Key="red flower.jpg", Body=b"123")
    topic = topics.create_topic(Name="news")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    topics.publish(TopicArn=topic, Message="a headline")
    logs = aws.client("logs")
    until(lambda: any("red+flower.jpg" in line for line in lines(logs, "told")))
    until(lambda: any("a headline" in line for line in lines(logs, "told")))


def test_events_that_ended_are_told_to_a_bus_a_queue_and_a_topic(
    aws: Served, functions: Any
) -> None:
    events, topics, queues = aws.client("events"), aws.client("sns"), aws.client("sqs")
    place = "us-east-1:123456789012"
    urls = {
        name: queues.create_queue(QueueName=name)["QueueUrl"]
        for name in ("by-bus", "by-topic", "dead")
    }
    events.put_rule(Name="ended", EventPattern=json.dumps({"source": ["lambda"]}))
    events.put_targets(Rule="ended", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{place}:by-bus"}])
    topic = topics.create_topic(Name="ended")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{place}:by-topic")
    dead = {"TargetArn": f"arn:aws:sqs:{place}:dead"}
    create(functions, "ending", ECHO, DeadLetterConfig=dead)
    functions.put_function_event_invoke_config(
        FunctionName="ending",
        MaximumRetryAttempts=0,
        DestinationConfig={
            "OnSuccess": {"Destination": f"arn:aws:events:{place}:event-bus/default"},
            "OnFailure": {"Destination": topic},
        },
    )
    for payload in (b"{}", b'{"fail":true}'):
        functions.invoke(FunctionName="ending", InvocationType="Event", Payload=payload)

    def body(name: str) -> Any:
        found = queues.receive_message(
            QueueUrl=urls[name], WaitTimeSeconds=10, MessageAttributeNames=["All"]
        )
        return found["Messages"][0]

    assert json.loads(body("by-bus")["Body"])["detail-type"] == (
        "Lambda Function Invocation Result - Success"
    )
    told = json.loads(json.loads(body("by-topic")["Body"])["Message"])
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    letter = body("dead")
    assert json.loads(letter["Body"]) == {"fail": True}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"


def test_rules_and_subscription_filters_invoke_a_function(aws: Served, functions: Any) -> None:
    arn = create(functions, "listening", ECHO)["FunctionArn"]
    for service in ("events", "logs"):
        functions.add_permission(
            FunctionName="listening",
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
        )
    events, logs = aws.client("events"), aws.client("logs")
    pattern = json.dumps({"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}})
    events.put_rule(Name="large", EventPattern=pattern)
    transformer = {"InputPathsMap": {"t": "$.detail.total"}, "InputTemplate": '{"told": <t>}'}
    target = {"Id": "1", "Arn": arn, "InputTransformer": transformer}
    events.put_targets(Rule="large", Targets=[target])
    for total in (5, 50):
        entry = {"Source": "shop", "DetailType": "sale", "Detail": json.dumps({"total": total})}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    until(lambda: 'got {"told": 50}' in lines(logs, "listening"))
    assert 'got {"told": 5}' not in lines(logs, "listening")
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    logs.put_subscription_filter(
        logGroupName="app", filterName="f", filterPattern="ERROR", destinationArn=arn
    )
    now = round(time.time() * 1000)
    found = [{"timestamp": now, "message": text} for text in ("all is well", "ERROR it is not")]
    logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=found)
    until(lambda: any('"awslogs"' in line for line in lines(logs, "listening")))


def test_a_bucket_that_may_not_invoke_is_not_told_to(aws: Served, functions: Any) -> None:
    arn = create(functions, "private", ECHO)["FunctionArn"]
    buckets = aws.client("s3")
    buckets.create_bucket(Bucket="others")
    for function in (arn, arn.replace("private", "nobody")):
        notified = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
        configuration = {"LambdaFunctionConfigurations": [notified]}
        with pytest.raises(ClientError) as refused:
            buckets.put_bucket_notification_configuration(
                Bucket="others", NotificationConfiguration=configuration
            )
        assert refused.value.response["Error"]["Code"] == "InvalidArgument"
        text = "Unable to validate the following destination configurations"
        assert refused.value.response["Error"]["Message"] == text


def test_a_topic_that_may_not_invoke_does_not(aws: Served, functions: Any) -> None:
    arn = create(functions, "closed", ECHO)["FunctionArn"]
    topics = aws.client("sns")
    topic = topics.create_topic(Name="unwanted")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    topics.publish(TopicArn=topic, Message="nobody hears it")
    denied = until(lambda: [e for e in aws.entries("push_failed") if e["function"] == "closed"])
    assert denied[0]["code"] == "AccessDeniedException"


def test_a_function_reaches_the_other_services_of_the_server(aws: Served, functions: Any) -> None:
    create(functions, "calling", CALLING)
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName="called")["QueueUrl"]
    functions.invoke(FunctionName="calling", Payload=json.dumps({"url": url}).encode())
    (message,) = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert len(message["Body"]) == 36


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on PATH")
def test_a_function_in_javascript_is_run_by_node(functions: Any) -> None:
    code = "export const handler = async (event, context) => [event.a, context.functionName];\n"
    functions.create_function(
        FunctionName="in-javascript",
        Runtime="nodejs22.x",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": zipped(index__mjs=code)},
    )
    answer = functions.invoke(FunctionName="in-javascript", Payload=b'{"a":1}')
    assert json.load(answer["Payload"]) == [1, "in-javascript"]


def test_code_comes_from_a_bucket_and_is_replaced(aws: Served, functions: Any) -> None:
    buckets = aws.client("s3")
    buckets.create_bucket(Bucket="packages")
    for number in (1, 2):
        text = f"def handler(event, context):\n    return {number}\n"
        buckets.put_object(Bucket="packages", Key=f"{number}.zip", Body=zipped(app__py=text))
    code = {"S3Bucket": "packages", "S3Key": "1.zip"}
    functions.create_function(
        FunctionName="stored", Runtime="python3.12", Role=ROLE, Handler="app.handler", Code=code
    )
    assert functions.invoke(FunctionName="stored")["Payload"].read() == b"1"
    functions.get_waiter("function_active_v2").wait(FunctionName="stored")
    functions.update_function_code(FunctionName="stored", S3Bucket="packages", S3Key="2.zip")
    functions.get_waiter("function_updated_v2").wait(FunctionName="stored")
    assert functions.invoke(FunctionName="stored")["Payload"].read() == b"2"


@pytest.mark.real_time
async def test_an_asynchronous_client_does_the_same_in_another_region(
    aws: Served, functions: Any
) -> None:
    settings = {"region_name": "eu-west-1", "endpoint_url": aws.base}
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    async with get_session().create_client("lambda", **settings, **keys) as client:
        made = await client.create_function(
            FunctionName="elsewhere",
            Runtime="python3.12",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": zipped(app__py=ECHO)},
        )
        answer = await client.invoke(FunctionName="elsewhere", Payload=b"{}")
        told = json.loads(await answer["Payload"].read())
    assert made["FunctionArn"] == "arn:aws:lambda:eu-west-1:123456789012:function:elsewhere"
    assert told["arn"] == made["FunctionArn"]
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    assert "elsewhere" not in names

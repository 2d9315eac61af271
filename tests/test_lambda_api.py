"""Lambda's API, operation by operation: what real clients of it are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from eventsim.lambda_api import OPERATIONS, missing_operations
from eventsim.server.rest_json import RestJson
from tests.server_process import Served, create, until, zipped

ONE = "def handler(event, context):\n    return context.invoked_function_arn\n"
TWO = "def handler(event, context):\n    return 2\n"
ARN = "arn:aws:lambda:us-east-1:123456789012:function"
NAMES = count()


@pytest.fixture(scope="module")
def api(aws: Served) -> Any:
    return aws.client("lambda")


@pytest.fixture
def name(api: Any) -> Iterator[str]:
    """A function of the test's own."""
    made = f"function-{next(NAMES)}"
    create(api, made, ONE)
    yield made
    if any(each["FunctionName"] == made for each in api.list_functions()["Functions"]):
        api.delete_function(FunctionName=made)


def refused(call: Callable[..., Any], **given: Any) -> tuple[int, str, str]:
    """The status, the code and the message that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def test_a_new_function_is_told_as_lambda_tells_it(api: Any, name: str) -> None:
    told = api.get_function(FunctionName=name)["Configuration"]
    masked = {"RevisionId", "LastModified", "CodeSha256", "CodeSize"}
    assert {key: value for key, value in told.items() if key not in masked} == {
        "FunctionName": name,
        "FunctionArn": f"{ARN}:{name}",
        "Runtime": "python3.12",
        "Role": "arn:aws:iam::123456789012:role/anybody",
        "Handler": "app.handler",
        "Description": "",
        "Timeout": 20,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }


def test_the_code_can_be_fetched_again(api: Any, name: str) -> None:
    import httpx

    location = api.get_function(FunctionName=name)["Code"]["Location"]
    assert httpx.get(location).content[:2] == b"PK"


def test_a_function_is_found_by_every_form_of_its_name(api: Any, name: str) -> None:
    api.publish_version(FunctionName=name)
    forms = [name, f"{name}:1", f"123456789012:function:{name}", f"{ARN}:{name}:1"]
    told = [json.load(api.invoke(FunctionName=form)["Payload"]) for form in forms]
    arn = f"{ARN}:{name}"
    assert told == [arn, f"{arn}:1", arn, f"{arn}:1"]


def test_settings_change_and_what_is_not_named_stays(api: Any, name: str) -> None:
    before = api.get_function_configuration(FunctionName=name)["RevisionId"]
    changed = api.update_function_configuration(
        FunctionName=name,
        Description="new",
        MemorySize=256,
        Environment={"Variables": {"KIND": "test"}},
        RevisionId=before,
    )
    assert changed["LastUpdateStatus"] == "InProgress"
    after = api.get_function_configuration(FunctionName=name)
    assert (after["Description"], after["MemorySize"], after["Timeout"]) == ("new", 256, 20)
    assert after["Environment"] == {"Variables": {"KIND": "test"}}
    assert after["LastUpdateStatus"] == "Successful"
    stale = refused(
        api.update_function_configuration, FunctionName=name, Timeout=5, RevisionId=before
    )
    assert stale[:2] == (412, "PreconditionFailedException")


def test_a_version_is_published_once_for_the_same_code(api: Any, name: str) -> None:
    first = api.publish_version(FunctionName=name, Description="one")
    again = api.publish_version(FunctionName=name)
    assert (first["Version"], again["Version"]) == ("1", "1")
    assert (first["FunctionArn"], first["Description"]) == (f"{ARN}:{name}:1", "one")
    updated = api.update_function_code(FunctionName=name, ZipFile=zipped(app__py=TWO), Publish=True)
    assert updated["Version"] == "2"
    listed = api.list_versions_by_function(FunctionName=name)["Versions"]
    assert [each["Version"] for each in listed] == ["$LATEST", "1", "2"]
    assert json.load(api.invoke(FunctionName=name, Qualifier="1")["Payload"]).endswith(":1")
    assert json.load(api.invoke(FunctionName=name)["Payload"]) == 2
    wrong = refused(api.publish_version, FunctionName=name, CodeSha256="other")
    assert wrong[:2] == (400, "InvalidParameterValueException")
    assert wrong[2].startswith("CodeSHA256 (other) is different from current CodeSHA256")
    api.delete_function(FunctionName=name, Qualifier="1")
    gone = refused(api.invoke, FunctionName=name, Qualifier="1")
    assert gone == (404, "ResourceNotFoundException", f"Function not found: {ARN}:{name}:1")


def test_an_alias_leads_to_its_version_and_a_share_elsewhere(api: Any, name: str) -> None:
    api.publish_version(FunctionName=name)
    api.update_function_code(FunctionName=name, ZipFile=zipped(app__py=TWO), Publish=True)
    made = api.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert made["AliasArn"] == f"{ARN}:{name}:live"
    answer = api.invoke(FunctionName=f"{name}:live")
    assert (answer["ExecutedVersion"], json.load(answer["Payload"])) == ("1", made["AliasArn"])
    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    moved = api.update_alias(FunctionName=name, Name="live", RoutingConfig=routing)
    assert moved["RoutingConfig"] == routing
    assert api.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] == "2"
    listed = api.list_aliases(FunctionName=name)["Aliases"]
    assert [(each["Name"], each["FunctionVersion"]) for each in listed] == [("live", "1")]
    used = refused(api.delete_function, FunctionName=name, Qualifier="2")
    assert used[:2] == (409, "ResourceConflictException")
    assert api.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    api.delete_alias(FunctionName=name, Name="live")
    assert refused(api.get_alias, FunctionName=name, Name="live") == (
        404,
        "ResourceNotFoundException",
        f"Cannot find alias arn: {ARN}:{name}:live",
    )


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (
            {"Name": "2024", "FunctionVersion": "1"},
            (
                400,
                "ValidationException",
                "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
            ),
        ),
        (
            {
                "Name": "there",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.8, "2": 0.2}},
            },
            (
                400,
                "InvalidParameterValueException",
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ),
        ),
    ],
)
def test_an_alias_that_cannot_be_is_refused(
    api: Any, name: str, given: dict[str, Any], error: tuple[int, str, str]
) -> None:
    api.publish_version(FunctionName=name)
    api.create_alias(FunctionName=name, Name="there", FunctionVersion="1")
    assert refused(api.create_alias, FunctionName=name, **given) == error


def test_reserved_concurrency_of_nothing_stops_a_function(api: Any, name: str) -> None:
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=name)
    api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert api.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(ClientError) as caught:
        api.invoke(FunctionName=name)
    answer = caught.value.response
    assert answer["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    api.delete_function_concurrency(FunctionName=name)
    assert api.invoke(FunctionName=name)["StatusCode"] == 200
    most = refused(
        api.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901
    )
    assert most[1] == "InvalidParameterValueException"
    limits = api.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["CodeSizeZipped"]) == (1000, 52428800)


def test_provisioned_concurrency_gets_ready(api: Any, name: str) -> None:
    api.publish_version(FunctionName=name)
    of = {"FunctionName": name, "Qualifier": "1"}
    put = api.put_provisioned_concurrency_config(**of, ProvisionedConcurrentExecutions=1)
    assert (put["Status"], put["AvailableProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    until(lambda: api.get_provisioned_concurrency_config(**of)["Status"] == "READY")
    listed = api.list_provisioned_concurrency_configs(FunctionName=name)
    assert listed["ProvisionedConcurrencyConfigs"][0]["FunctionArn"] == f"{ARN}:{name}:1"
    api.delete_provisioned_concurrency_config(**of)
    gone = refused(api.get_provisioned_concurrency_config, **of)
    assert gone[:2] == (404, "ProvisionedConcurrencyConfigNotFoundException")
    latest = refused(api.get_provisioned_concurrency_config, FunctionName=name, Qualifier="$LATEST")
    assert latest[2] == "The function resource provided must be an alias or a published version."


def test_asynchronous_settings_are_of_one_qualifier(aws: Served, api: Any, name: str) -> None:
    queue = aws.client("sqs").create_queue(QueueName=f"{name}-done")["QueueUrl"]
    to = f"arn:aws:sqs:us-east-1:123456789012:{name}-done"
    put = api.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": to}},
    )
    assert put["FunctionArn"] == f"{ARN}:{name}:$LATEST"
    assert put["MaximumEventAgeInSeconds"] == 21600
    updated = api.update_function_event_invoke_config(
        FunctionName=name, MaximumEventAgeInSeconds=60
    )
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (0, 60)
    api.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    received = aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)
    record = json.loads(received["Messages"][0]["Body"])
    assert record["requestContext"]["condition"] == "Success"
    listed = api.list_function_event_invoke_configs(FunctionName=name)
    assert len(listed["FunctionEventInvokeConfigs"]) == 1
    api.delete_function_event_invoke_config(FunctionName=name)
    assert refused(api.get_function_event_invoke_config, FunctionName=name) == (
        404,
        "ResourceNotFoundException",
        f"The function {ARN}:{name}:$LATEST doesn't have an EventInvokeConfig",
    )
    nothing = refused(api.put_function_event_invoke_config, FunctionName=name)
    assert nothing[2] == "You must specify at least one of error handling or destination setting."


def test_a_policy_grows_and_shrinks_by_statements(api: Any, name: str) -> None:
    given = {
        "FunctionName": name,
        "StatementId": "s3",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::photos",
    }
    statement = json.loads(api.add_permission(**given)["Statement"])
    assert statement == {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{ARN}:{name}",
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}},
    }
    assert refused(api.add_permission, **given)[:2] == (409, "ResourceConflictException")
    policy = json.loads(api.get_policy(FunctionName=name)["Policy"])
    assert policy == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    api.remove_permission(FunctionName=name, StatementId="s3")
    assert refused(api.get_policy, FunctionName=name) == (
        404,
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )


def test_tags_are_of_the_function(api: Any, name: str) -> None:
    arn = f"{ARN}:{name}"
    api.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    api.untag_resource(Resource=arn, TagKeys=["a"])
    assert api.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert api.get_function(FunctionName=name)["Tags"] == {"b": "2"}


def test_recursion_and_runtime_settings_are_told(api: Any, name: str) -> None:
    assert api.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    api.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert api.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    assert api.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"


def test_a_function_url_is_served_and_gone_again(aws: Served, api: Any, name: str) -> None:
    import httpx

    code = "def handler(event, context):\n    return event['rawPath']\n"
    api.update_function_code(FunctionName=name, ZipFile=zipped(app__py=code))
    made = api.create_function_url_config(FunctionName=name, AuthType="NONE")
    host = made["FunctionUrl"].removeprefix("http://").rstrip("/")
    assert host.endswith(f".lambda-url.us-east-1.localhost:{aws.base.rpartition(':')[2]}")
    assert httpx.get(f"{aws.base}/pets", headers={"Host": host}).text == "/pets"
    assert api.get_function_url_config(FunctionName=name)["AuthType"] == "NONE"
    api.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert httpx.get(f"{aws.base}/pets", headers={"Host": host}).status_code == 403
    assert len(api.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]) == 1
    api.delete_function_url_config(FunctionName=name)
    assert refused(api.get_function_url_config, FunctionName=name)[0] == 404


def test_a_function_finds_what_is_in_its_layers_the_last_one_first(api: Any, name: str) -> None:
    arns = []
    for number in (1, 2):
        package = zipped(**{f"python/said{each}__py": f"IT = {number}" for each in {"", number}})
        made = api.publish_layer_version(
            LayerName=f"{name}-{number}",
            Content={"ZipFile": package},
            CompatibleRuntimes=["python3.12"],
        )
        arns.append(made["LayerVersionArn"])
    assert arns[0] == f"arn:aws:lambda:us-east-1:123456789012:layer:{name}-1:1"
    code = "import said, said1, said2\ndef handler(e, c): return [said.IT, said1.IT, said2.IT]\n"
    api.update_function_code(FunctionName=name, ZipFile=zipped(app__py=code))
    api.update_function_configuration(FunctionName=name, Layers=arns)
    shown = api.get_function_configuration(FunctionName=name)["Layers"]
    assert [each["Arn"] for each in shown] == arns
    api.delete_layer_version(LayerName=f"{name}-1", VersionNumber=1)  # which functions keep
    assert json.load(api.invoke(FunctionName=name)["Payload"]) == [2, 1, 2]
    gone = refused(api.get_layer_version, LayerName=f"{name}-1", VersionNumber=1)
    assert gone[:2] == (404, "ResourceNotFoundException")
    found = api.get_layer_version_by_arn(Arn=arns[1])
    assert (found["Version"], found["CompatibleRuntimes"]) == (1, ["python3.12"])
    listed = api.list_layers(CompatibleRuntime="python3.12")["Layers"]
    assert f"{name}-2" in [each["LayerName"] for each in listed]
    assert len(api.list_layer_versions(LayerName=f"{name}-2")["LayerVersions"]) == 1
    missing = refused(api.update_function_configuration, FunctionName=name, Layers=arns)
    assert missing[2] == f"Layer version {arns[0]} does not exist."


def test_a_group_of_ones_own_takes_the_log(aws: Served, api: Any, name: str) -> None:
    api.update_function_configuration(FunctionName=name, LoggingConfig={"LogGroup": "/own/group"})
    api.invoke(FunctionName=name)
    logs = aws.client("logs")

    def groups() -> list[str]:
        found = logs.describe_log_groups(logGroupNamePrefix="/own")["logGroups"]
        return [each["logGroupName"] for each in found]

    until(lambda: groups() == ["/own/group"])


def test_lists_come_in_pages(api: Any, name: str) -> None:
    for number in range(3):
        create(api, f"{name}-page-{number}", ONE)
    pages = api.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    found = [each["FunctionName"] for page in pages for each in page["Functions"]]
    assert [each for each in found if each.startswith(f"{name}-page")] == [
        f"{name}-page-{number}" for number in range(3)
    ]
    assert len(found) == len(set(found))
    for number in range(3):
        api.delete_function(FunctionName=f"{name}-page-{number}")


def test_a_deleted_function_is_gone(api: Any, name: str) -> None:
    api.invoke(FunctionName=name)
    api.delete_function(FunctionName=name)
    missing = (404, "ResourceNotFoundException", f"Function not found: {ARN}:{name}")
    assert refused(api.get_function, FunctionName=name) == missing
    assert refused(api.delete_function, FunctionName=name) == missing
    create(api, name, TWO)
    assert json.load(api.invoke(FunctionName=name)["Payload"]) == 2


def test_the_page_of_the_server_lists_what_is_there_and_what_is_not() -> None:
    page = (Path(__file__).parent.parent / "docs" / "server.md").read_text()
    rows = page.partition("| | operations |")[2].partition("\n\n")[0]
    listed = [each for row in rows.splitlines()[2:] for each in row.split("|")[2].split(",")]
    assert sorted(each.strip() for each in listed) == sorted(OPERATIONS)
    absent = page.partition("by its name: ")[2].partition(".\n")[0].replace(" and ", ", ")
    assert absent.split(", ") == missing_operations(RestJson("lambda"))

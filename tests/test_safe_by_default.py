"""The law that nothing a handler does reaches a real account, whatever this machine is set to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import UnsafeEndpoint
from eventsim.rules.variables import CREDENTIALS
from tests.functions import function, local

REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAREALLOOKINGKEY00",
    "AWS_SECRET_ACCESS_KEY": "real-looking/secret",
    "AWS_SESSION_TOKEN": "real-looking-token",
    "AWS_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL_S3": "https://s3.eu-central-1.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/a/token",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/real",
    "HTTP_PROXY": "http://127.0.0.1:3",
    "https_proxy": "http://127.0.0.1:3",
}


@pytest.fixture
def real_looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process with credentials, a profile and an endpoint of S3's own."""
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "[default]\naws_access_key_id = AKIAOFTHEPROFILE0000\naws_secret_access_key = secret\n"
        "[prod]\naws_access_key_id = AKIAOFTHEPROFILE0001\naws_secret_access_key = secret\n"
    )
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-central-1\n[profile prod]\nregion = eu-central-1\n")
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


def uses_boto3(event: Any, context: Any) -> dict[str, Any]:
    """Ask S3 for buckets, by the default session; say who asked whom, and how it ended."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    quick = Config(retries={"max_attempts": 0}, connect_timeout=2)
    s3 = boto3.client("s3", config=quick)
    credentials = boto3.DEFAULT_SESSION.get_credentials().get_frozen_credentials()
    try:
        ended = str(s3.list_buckets())
    except BotoCoreError as error:
        ended = type(error).__name__
    return {
        "endpoint": s3.meta.endpoint_url,
        "key": credentials.access_key,
        "token": credentials.token,
        "ended": ended,
        "region": s3.meta.region_name,
        "profiles": boto3.DEFAULT_SESSION.available_profiles,
    }


@pytest.mark.usefixtures("real_looking")
async def test_a_handler_that_calls_boto3_reaches_nothing_outside(clock: Clock) -> None:
    import boto3

    boto3.setup_default_session()
    ours = boto3.DEFAULT_SESSION
    try:
        with local(clock, function(uses_boto3)) as running:
            assert await running.answer() == {
                "endpoint": "http://127.0.0.1:9",
                "key": CREDENTIALS["AWS_ACCESS_KEY_ID"],
                "token": CREDENTIALS["AWS_SESSION_TOKEN"],
                "ended": "EndpointConnectionError",
                "region": "us-east-1",
                "profiles": [],
            }
        assert boto3.DEFAULT_SESSION is ours
        assert ours.get_credentials().access_key == REAL["AWS_ACCESS_KEY_ID"]
    finally:
        boto3.DEFAULT_SESSION = None


@pytest.mark.usefixtures("real_looking")
async def test_a_handlers_variables_have_nothing_of_the_real_account(clock: Clock) -> None:
    with local(clock, function("answers.variables")) as running:
        seen = await running.answer()
    aws = {
        name: value
        for name, value in seen.items()
        if name.upper().startswith("AWS_") and not name.startswith("AWS_LAMBDA_")
    }
    runtime = aws.pop("AWS_EXECUTION_ENV")
    assert aws == {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    assert runtime.startswith("AWS_Lambda_python3.")
    assert seen["no_proxy"] == seen["NO_PROXY"]
    assert seen["no_proxy"].endswith("127.0.0.1,localhost")


@pytest.mark.usefixtures("real_looking")
async def test_children_of_a_handler_see_the_same_variables(clock: Clock) -> None:
    with local(clock, function("answers.child")) as running:
        child = json.loads(await running.answer())
    with local(clock, function("answers.variables")) as running:
        assert {name: child.get(name) for name in CREDENTIALS} == CREDENTIALS
        own = await running.answer()
    for name in ("AWS_LAMBDA_LOG_STREAM_NAME", "_HANDLER", "_X_AMZN_TRACE_ID"):  # of the handler
        del own[name]
    assert own.items() <= child.items()
    real = set(REAL.values()) - {"true"}
    assert not real & {value for name, value in child.items() if name.startswith("AWS_")}


async def test_a_function_sees_lambdas_variables_and_its_own(clock: Clock) -> None:
    f = function(
        "answers.variables",
        environment=(("TABLE", "orders"), ("AWS_ACCESS_KEY_ID", "AKIAITSOWN")),
        memory_size=512,
        runtime="python3.13",
    )
    with local(clock, f) as running:
        seen = await running.answer()
    assert {
        name: seen[name]
        for name in (
            "TABLE",
            "AWS_ACCESS_KEY_ID",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_EXECUTION_ENV",
            "_HANDLER",
            "LAMBDA_TASK_ROOT",
            "TZ",
        )
    } == {
        "TABLE": "orders",
        "AWS_ACCESS_KEY_ID": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "_HANDLER": "answers.variables",
        "LAMBDA_TASK_ROOT": str(Path(__file__).parent / "handlers"),
        "TZ": ":UTC",
    }


async def test_an_endpoint_of_ours_is_what_handlers_talk_to(clock: Clock) -> None:
    endpoint = "http://127.0.0.1:4566"
    with local(clock, function("answers.variables"), endpoint_url=endpoint) as running:
        assert (await running.answer())["AWS_ENDPOINT_URL"] == endpoint


async def test_a_function_may_name_an_endpoint_on_this_machine_only(clock: Clock) -> None:
    near = function("answers.variables", environment=(("AWS_ENDPOINT_URL_SQS", "http://[::1]:1"),))
    far = function(
        "answers.variables", "far", environment=(("AWS_ENDPOINT_URL_SQS", "https://example.com"),)
    )
    with local(clock, near, far) as running:
        assert (await running.answer())["AWS_ENDPOINT_URL_SQS"] == "http://[::1]:1"
        with pytest.raises(UnsafeEndpoint) as refused:
            await running.invoke(name="far")
    assert str(refused.value) == (
        "function 'far' sets AWS_ENDPOINT_URL_SQS to 'https://example.com', which is outside "
        "this machine; use an address of this machine, or give --allow-aws"
    )


@pytest.mark.usefixtures("real_looking")
async def test_who_allows_aws_gets_it(clock: Clock) -> None:
    with local(clock, function("answers.variables"), allow_aws=True) as running:
        seen = await running.answer()
    assert {name: seen.get(name) for name in REAL} == REAL
    assert seen["AWS_PROFILE"] == "prod"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "f"

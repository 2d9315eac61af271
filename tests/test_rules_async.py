"""Rules of asynchronous invocation: what follows an attempt, what is sent, what is a loop."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import InvokeError, TooManyRequests
from eventsim.rules import traces
from eventsim.rules.async_documents import Ended, cut, dead_letter, record
from eventsim.rules.async_retries import (
    Again,
    GiveUp,
    Succeed,
    Tries,
    after_refusal,
    after_run,
    before_run,
)
from eventsim.rules.deliveries import as_bus_event, as_notification, as_object, as_text
from eventsim.rules.event_invoke import config_of, dead_letter_refusals, refusals
from eventsim.types import EventInvokeConfig, Function, FunctionError, Outcome

F = "arn:aws:lambda:us-east-1:123456789012:function:f"
G = "arn:aws:lambda:us-east-1:123456789012:function:g"
NOW = 1573755365.568  # 2019-11-14T18:16:05.568Z
BOOM = FunctionError("ValueError", "boom")
ERROR = orjson.dumps({"errorMessage": "boom", "errorType": "ValueError"})
THROTTLED = TooManyRequests("Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded")
CONFIG = EventInvokeConfig()


def ended(**more: Any) -> Ended:
    given = {
        "request_id": "r",
        "function": "f",
        "function_arn": F,
        "version": "$LATEST",
        "payload": b'{"id": 1}',
        "condition": "RetriesExhausted",
        "invoke_count": 3,
        "now": NOW,
        "trace_header": "Root=1-5dcd",
        "outcome": Outcome(ERROR, BOOM, 0.1),
    }
    return Ended(**{**given, **more})


def test_a_success_counts_its_runs() -> None:
    assert after_run(CONFIG, Tries(2), None, 500.0) == Succeed(3)


def test_an_exhausted_event_is_given_up_for_that_and_not_for_its_age() -> None:
    config = EventInvokeConfig(0, 60)
    because = "MaximumRetryAttempts is 0"
    assert after_run(config, Tries(), BOOM, 999.0) == GiveUp("RetriesExhausted", 1, because)


def test_an_event_may_be_as_old_as_its_limit_at_the_next_attempt() -> None:
    config = EventInvokeConfig(2, 60)
    again = Again(Tries(1), 60.0, "ValueError: retry 1 of 2")
    because = "0.001 s old and to wait 60 s, over MaximumEventAgeInSeconds 60"
    assert after_run(config, Tries(), BOOM, 0.0) == again
    assert after_run(config, Tries(), BOOM, 0.001) == GiveUp("EventAgeExceeded", 1, because)


@pytest.mark.parametrize(
    ("refused", "reason"),
    [(THROTTLED, "ConcurrentInvocationLimitExceeded"), (InvokeError("no"), "ServiceException")],
)
def test_what_could_not_run_goes_back_and_keeps_its_retries(
    refused: InvokeError, reason: str
) -> None:
    step = after_refusal(CONFIG, Tries(1, 3), refused, 10.0)
    assert step == Again(Tries(1, 4), 8.0, f"{reason}: back in the queue")


def test_nothing_is_tried_where_nothing_may_run() -> None:
    assert before_run(Tries(), False, None) is None
    zero, looped = before_run(Tries(1), True, None), before_run(Tries(), False, 16)
    assert zero == GiveUp("ZeroReservedConcurrency", 1, "the function's reserved concurrency is 0")
    assert looped == GiveUp(
        "RecursiveInvocation", 0, "the function ran 16 times in this chain of requests"
    )


@given(
    st.integers(0, 2),
    st.integers(60, 21_600),
    st.lists(st.booleans(), max_size=200),
    st.floats(0.0, 900.0),
)
def test_every_event_ends_within_its_age_and_its_retries(
    attempts: int, age_max: int, throttles: list[bool], seconds: float
) -> None:
    config, tries, age, started = EventInvokeConfig(attempts, age_max), Tries(), 0.0, 0.0
    for throttled in [*throttles, *[False] * 3]:
        started = age
        if throttled:
            step = after_refusal(config, tries, THROTTLED, age)
        else:
            age += seconds
            step = after_run(config, tries, BOOM, age)
        if isinstance(step, GiveUp):
            break
        assert isinstance(step, Again)
        assert step.tries.invoked + step.tries.returned == tries.invoked + tries.returned + 1
        assert 1 <= step.wait <= 300
        tries, age = step.tries, age + step.wait
    assert isinstance(step, GiveUp)
    assert step.invoke_count <= attempts + 1
    assert started <= age_max


def test_a_record_has_its_keys_in_the_recorded_order() -> None:
    text = as_text(record(ended()))
    assert (
        text
        == orjson.dumps(
            {
                "version": "1.0",
                "timestamp": "2019-11-14T18:16:05.568Z",
                "requestContext": {
                    "requestId": "r",
                    "functionArn": f"{F}:$LATEST",
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": 3,
                },
                "requestPayload": orjson.Fragment(b'{"id": 1}'),
                "responseContext": {
                    "statusCode": 200,
                    "executedVersion": "$LATEST",
                    "functionError": "Unhandled",
                },
                "responsePayload": {"errorMessage": "boom", "errorType": "ValueError"},
            }
        ).decode()
    )


def test_a_success_has_no_function_error_and_its_qualifier() -> None:
    done = ended(
        condition="Success",
        function_arn=f"{F}:PROD",
        version="7",
        outcome=Outcome(b"null", None, 0.1),
    )
    body = json.loads(as_text(record(done)))
    assert body["requestContext"]["functionArn"] == f"{F}:PROD"
    assert body["responseContext"] == {"statusCode": 200, "executedVersion": "7"}
    assert body["responsePayload"] is None


def test_what_did_not_run_has_no_response() -> None:
    body = json.loads(as_text(record(ended(outcome=None, condition="EventAgeExceeded"))))
    assert list(body) == ["version", "timestamp", "requestContext", "requestPayload"]


def test_an_answer_that_is_not_json_is_told_as_text() -> None:
    body = json.loads(as_text(record(ended(outcome=Outcome(b"\xffno", None, 0.1)))))
    assert body["responsePayload"] == "\ufffdno"


def test_a_topic_gets_no_payload_that_would_be_over_256_kb() -> None:
    small = as_notification(record(ended(payload=b'"' + b"x" * 200_000 + b'"')))
    large = as_notification(record(ended(payload=b'"' + b"x" * 262_144 + b'"')))
    assert "requestPayload" in json.loads(small.message)
    told = json.loads(large.message)
    assert list(told) == ["version", "timestamp", "requestContext", "responseContext"]
    assert large.trace_header == "Root=1-5dcd"


def test_a_bus_gets_the_record_as_the_detail_of_an_event() -> None:
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/audit"
    for condition, word in (("Success", "Success"), ("EventAgeExceeded", "Failure")):
        document = record(ended(condition=condition))
        event = as_bus_event(document, bus)
        assert (event.source, event.detail_type, event.resources, event.detail) == (
            "lambda",
            f"Lambda Function Invocation Result - {word}",
            (bus, f"{F}:$LATEST"),
            as_text(document),
        )


def test_a_bucket_gets_the_record_under_the_functions_name_and_the_time() -> None:
    document = record(ended())
    stored = as_object(document, "6f")
    assert stored.key == "aws/lambda/async/f/2019/11/14/2019-11-14T18.16.05-6f"
    assert stored.body.decode() == as_text(document)


def test_a_dead_letter_is_the_event_to_the_byte() -> None:
    assert as_text(dead_letter(ended())) == '{"id": 1}'


def test_an_error_message_is_cut_to_1_kb_and_left_out_when_it_is_empty() -> None:
    long = ended(outcome=Outcome(ERROR, FunctionError("E", "ü" * 600), 0.1))
    nothing = ended(outcome=Outcome(ERROR, FunctionError("E", ""), 0.1))
    said = dead_letter(long).attributes["ErrorMessage"]["StringValue"]
    assert said == "ü" * 512
    assert set(dead_letter(nothing).attributes) == {"RequestID", "ErrorCode"}


@given(st.text(), st.integers(0, 20))
def test_a_text_is_cut_between_characters(text: str, bytes_max: int) -> None:
    found = cut(text.encode("utf-8", "replace").decode(), bytes_max)
    assert len(found.encode()) <= bytes_max
    assert text.encode("utf-8", "replace").decode().startswith(found)


def test_a_chain_counts_each_function_by_itself_and_not_by_its_qualifier() -> None:
    header = None
    for _ in range(3):
        header = traces.onward(header, f"{F}:PROD", "r", NOW)
        header = traces.onward(header, G, "s", NOW)
    assert [traces.invocations(header, arn) for arn in (F, f"{F}:1", G, f"{G}x")] == [3, 3, 3, 0]
    assert header is not None
    root = header.split(";")[0]
    assert root.startswith("Root=1-5dcd99e5-")
    assert header.count("Lineage=") == 1
    assert header.endswith(f"Lineage=1:{traces.digest(F)}:2|1:{traces.digest(G)}:2")


def test_sixteen_invocations_of_a_chain_are_let_through() -> None:
    header, ran = None, 0
    while not traces.is_loop(header, F):
        header, ran = traces.onward(header, F, "r", NOW), ran + 1
    assert ran == 16
    assert not traces.is_loop(header, G)


def test_what_comes_of_several_requests_is_as_far_as_the_furthest() -> None:
    once = traces.onward(None, F, "a", NOW)
    twice = traces.onward(traces.onward(None, F, "b", NOW), F, "c", NOW)
    other = traces.onward(None, G, "d", NOW)
    merged = traces.merged([None, once, twice, other])
    assert [traces.invocations(merged, arn) for arn in (F, G)] == [2, 1]
    assert traces.merged([None, None]) is None
    assert traces.merged([None, once]) == once


@given(st.text(max_size=300))
def test_a_header_that_is_none_begins_a_chain(text: str) -> None:
    assert traces.invocations(traces.onward(text, F, "r", NOW), F) >= 1
    assert not traces.is_loop(f"Lineage={text}:x", F)


def test_a_configuration_is_that_of_its_qualifier() -> None:
    config = EventInvokeConfig(0, qualifier="PROD")
    f = Function("f", "a.b", event_invoke=config)
    assert config_of(f, f"{F}:PROD") is config
    assert config_of(f, F) == config_of(f, f"{F}:1") == EventInvokeConfig()


def test_a_configuration_is_refused_as_lambda_does() -> None:
    def told(**fields: Any) -> list[str]:
        config = EventInvokeConfig(**fields)
        return [
            f"{each.code}: {each.message}" for each in refusals(config, F, lambda arn: arn == G)
        ]

    invalid, detected = "InvalidParameterValueException: ", "1 validation error detected: Value "
    assert (
        told(on_success=F, on_failure=f"{F}:1")
        == [f"{invalid}You can't specify the function as a destination for itself."] * 2
    )
    assert told(on_failure=f"{G}h") == [f"{invalid}The destination ARN {G}h is invalid."]
    assert told(on_success="arn:aws:s3:::b") == [
        f"{invalid}The provided destination config DestinationConfig("
        "onSuccess=OnSuccess(destination=arn:aws:s3:::b), onFailure=null) is invalid."
    ]
    assert told(maximum_event_age_in_seconds=59, maximum_retry_attempts=3) == [
        f"ValidationException: {detected}'3' at 'maximumRetryAttempts' failed to satisfy "
        "constraint: Member must have value less than or equal to 2",
        f"ValidationException: {detected}'59' at 'maximumEventAgeInSeconds' failed to satisfy "
        "constraint: Member must have value greater than or equal to 60",
    ]
    assert told(on_success=G, on_failure="arn:aws:s3:::b") == []
    assert told(on_failure="arn:aws:sqs:us-east-1:123456789012:q.fifo") == []


def test_a_dead_letter_queue_is_a_queue_or_a_topic() -> None:
    assert list(dead_letter_refusals(None)) == []
    assert list(dead_letter_refusals("arn:aws:sns:us-east-1:123456789012:t")) == []
    assert [each.path for each in dead_letter_refusals("arn:aws:s3:::b")] == [("TargetArn",)]


def test_what_was_stopped_may_be_sent_on_once_and_not_when_it_comes_back() -> None:
    arn, header = "arn:aws:lambda:us-east-1:123456789012:function:f", None
    for _ in range(traces.INVOCATIONS_MAX):
        assert not traces.is_loop(header, arn)
        header = traces.onward(header, arn, "r", 0.0)
    assert traces.is_loop(header, arn)

    first = traces.onward(header, arn, "r", 0.0)
    again = traces.onward(first, arn, "r", 0.0)

    assert (traces.came_back(first, arn), traces.came_back(again, arn)) == (False, True)

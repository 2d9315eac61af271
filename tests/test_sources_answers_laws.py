"""Whatever a function answers, a service makes something of it, and says why it takes it not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsim.push import read
from eventsim.push.builders import Builder, builders, module_of, sources
from eventsim.types import InvokeResult, Scene

ASKED = [
    event
    for source in sources()
    if hasattr(module_of(source), "answer")
    for event in builders(source).values()
]
# Keys that services look for, so that values of every type stand below them.
KEYS = st.sampled_from(
    (
        *("version", "response", "sessionAttributes", "outputSpeech", "type", "text", "ssml"),
        *("reprompt", "card", "permissions", "directives", "shouldEndSession", "slots"),
        *("canFulfillIntent", "canFulfill", "canUnderstand", "event", "header", "payload"),
        *("name", "namespace", "payloadVersion", "messageId", "correlationToken", "endpoints"),
        *("triggerSource", "sessionState", "dialogAction", "intent", "state", "messages"),
        *("contentType", "events", "id", "error", "isAuthorized", "resolverContext"),
        *("deniedFields", "ttlOverride", "status", "statusCode", "headers", "body", "uri"),
        *("method", "bodyEncoding", "isAuthenticated", "principalId", "policyDocuments"),
        *("disconnectAfterInSeconds", "refreshAfterInSeconds", "allowProvisioning"),
        *("parameterOverrides", "Role", "Policy", "PublicKeys", "HomeDirectoryType"),
        *("records", "recordId", "result", "data", "results", "resultCode", "cookies"),
        *("multiValueHeaders", "isBase64Encoded", "policyDocument", "context"),
    )
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1000),
    st.text("aé<>\n", max_size=3),
    st.sampled_from(["1.0", "3", "SSML", "Close", "Dialog.Delegate", "YES", "200", "/", "Alexa"]),
)
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6)
)
by_event = pytest.mark.parametrize("event", ASKED, ids=lambda event: f"{event.source}-{event.name}")


def lenient(told: Any, asked: Any) -> Any:
    """An answer that comes further than any: what was asked, with the answer's keys over it."""
    return {**asked, **told} if isinstance(told, dict) and isinstance(asked, dict) else told


@by_event
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told=JSON, failed=st.booleans(), cut=st.booleans())
def test_no_answer_is_too_strange(event: Builder, told: Any, failed: bool, cut: bool) -> None:
    asked, module = event.event(Scene()), module_of(event.source)
    for value in (told, lenient(told, asked)):
        payload = json.dumps(value).encode()
        error = "Unhandled" if failed else None
        answer = read(module, InvokeResult(200, payload[:-1] if cut else payload, error), asked)
        assert answer.accepted or answer.because

"""APIs, load balancers and function URLs in a scenario: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim import Scenario
from eventsim.errors import EventsimError, ScenarioError
from eventsim.sources import apigateway
from eventsim.types import Scene, Trigger


def scenario(event: Any = None, resource: Any = None, **function: Any) -> Scenario:
    events = {"Events": {"Web": event}} if event else {}
    return Scenario.of(
        {
            "name": "small",
            "resources": {"shop": resource} if resource else {},
            "functions": {"pets": {"Handler": "app.handler", **events, **function}},
        },
        Path(__file__).parent,
    )


def api(**properties: Any) -> dict[str, Any]:
    return {"Type": "Api", "Properties": {"Path": "/pets", "Method": "get", **properties}}


def test_an_event_of_an_api_stands_beside_mappings_and_roles() -> None:
    found = scenario(api(), Policies=["AWSLambdaBasicExecutionRole"])
    assert list(found.functions["pets"].triggers()) == ["Web"]
    assert found.mapping_values({}) == ()
    assert found.function_values()[0].role is not None


def test_what_nobody_can_reach_in_a_run_is_said() -> None:
    found = scenario(api(), {"type": "alb", "routes": {"*": "pets"}})
    keys = "resources.shop, functions.pets.Events.Web"
    assert list(found.notes()) == [f"no requests come to {keys}, unless by `eventsim serve`"]
    assert list(found.notes(served=True)) == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"event": api(Path="pets")}, r"Properties\.Path: 'pets' is no path"),
        ({"event": api(Method="fetch")}, r"Properties\.Method: write one of GET"),
        ({"event": api(Paht="/")}, "unknown key 'Paht'"),
        ({"event": api(RequestModel={})}, "'RequestModel' .* is not simulated yet"),
        ({"event": api(RestApiId="shopp")}, "RestApiId: is 'shopp', which is no resource"),
        (
            {"event": {"Type": "HttpApi", "Properties": {"Path": "/"}}},
            "write both Path and Method",
        ),
        ({"FunctionUrlConfig": {}}, "no AuthType in functions.pets.FunctionUrlConfig"),
        (
            {"FunctionUrlConfig": {"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}},
            "InvokeMode: is 'RESPONSE_STREAM'; it must be one of BUFFERED",
        ),
        ({"resource": {"type": "alb", "routes": {"*": "petz"}}}, "'petz', which is no function"),
        (
            {"resource": {"type": "apigateway", "routes": {"GET /": "petz"}}},
            "resources.shop.routes.GET /.function: is 'petz'",
        ),
        (
            {"resource": {"type": "apigateway", "routes": {"GO /": "pets"}}},
            "'GO /' begins with no method",
        ),
        (
            {"resource": {"type": "apigateway", "routes": {"$default": "pets"}}},
            r"write 'ANY /\{proxy\+\}'",
        ),
        (
            {
                "resource": {
                    "type": "apigateway",
                    "routes": {"GET /": {"function": "pets", "authorizer": "me"}},
                }
            },
            "'me' is no authorizer",
        ),
        (
            {
                "resource": {
                    "type": "apigateway",
                    "routes": {"GET /": {"function": "pets", "invocation_type": "Event"}},
                }
            },
            "needs integration: AWS",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ScenarioError, match=text):
        scenario(**given)


def test_two_events_of_one_route_or_of_another_protocol_are_refused() -> None:
    event = apigateway.SAM_EVENTS["Api"].model_validate({"Path": "/", "Method": "get"})
    twice = [Trigger("a.One", "a", event), Trigger("b.Two", "b", event)]
    with pytest.raises(EventsimError, match=r"b.Two has the route GET / of ServerlessRestApi once"):
        apigateway.open_fronts(Scene(), {}, twice)
    http = apigateway.Resource(protocol="HTTP")
    with pytest.raises(EventsimError, match="is of protocol HTTP, not REST"):
        apigateway.open_fronts(Scene(), {"ServerlessRestApi": http}, twice[:1])

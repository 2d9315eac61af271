"""Delivers an event for ``eventsim push``, as its service would."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import click
import orjson

from eventsim.cli.event_flags import Said, option
from eventsim.cli.exits import FAILED, OK
from eventsim.cli.functions import code_folder, scenario_of
from eventsim.cli.generating import perform as build
from eventsim.cli.handlers import function_of
from eventsim.cli.invoking import Errors
from eventsim.cli.talk import Talk
from eventsim.cli.variables import variables
from eventsim.errors import InvokeError
from eventsim.push import invocation_types
from eventsim.push.builders import module_of
from eventsim.scenario.run_in import FAMILIES
from eventsim.simulation import Options
from eventsim.simulation.pushing import push
from eventsim.types import Answer, Delivery


def perform(source: str, words: list[str], talk: Talk) -> int:
    """Push the event that the *words* after the source ask for; the exit code."""
    codes: list[int] = []
    build("push", source, words, own_flags(), lambda said: codes.append(_push(said, talk)))
    return codes[0] if codes else OK


def own_flags() -> list[click.Option]:
    """The flags of ``eventsim push`` itself."""
    return [
        option("handler", required=True, metavar="HANDLER", help="module.function."),
        option(
            "type",
            type=click.Choice(["RequestResponse", "Event"]),
            help="InvocationType, instead of the service's own.",
        ),
        option("event-source-token", help="For a permission that asks for one."),
        option("timeout", type=click.IntRange(1, 900), default=3, help="Seconds."),
        option("memory-size", type=click.IntRange(128, 10_240), default=128, help="MB."),
        option(
            "maximum-retry-attempts",
            type=click.IntRange(0, 2),
            default=2,
            help="Of an Event, after 1 and 2 real minutes.",
        ),
        option("env-vars", metavar="FILE", help="Environment variables, in sam's JSON."),
        option("code-uri", metavar="DIR", default=".", help="The folder of the code."),
        option(
            "run-in",
            type=click.Choice([*FAMILIES]),
            default="inline",
            help="In this process, or in a child process of that kind.",
        ),
        option("allow-aws", is_flag=True, help="Let the handler reach AWS itself."),
        option("async-handler", is_flag=True, help="Await an async def, as Lambda does not."),
        option("json", is_flag=True, help="The event and all that became of it."),
    ]


def _push(said: Said, talk: Talk) -> int:
    own, source = said.own, said.event.source
    name = function_of(own["handler"])
    scene = said.scene()
    module = module_of(source)
    delivery = Delivery(
        source,
        module,
        said.build(scene),
        name,
        own["type"],
        event_source_token=own["event_source_token"],
    )
    errors = Errors(talk)
    options = Options(
        allow_aws=own["allow_aws"],
        sinks=[errors],
        variables=variables(own["env_vars"], [name]) if own["env_vars"] else {},
        on_log=talk.log,
    )
    scenario = scenario_of(
        name,
        code_folder(own["code_uri"]),
        handler=own["handler"],
        timeout=own["timeout"],
        memory_size=own["memory_size"],
        async_handler=own["async_handler"],
        properties={
            "run_in": own["run_in"],
            "EventInvokeConfig": {"MaximumRetryAttempts": own["maximum_retry_attempts"]},
        },
        name="push",
        region=own["region"],
        account=own["account"],
        seed=own["seed"],
        start=scene.at,
    )
    answer = push(scenario, delivery, scene, options)
    return _tell(said, delivery, answer, errors.found, talk)


def _tell(said: Said, delivery: Delivery, answer: Answer, failed: list[str], talk: Talk) -> int:
    if isinstance(answer.value, InvokeError):
        answer = replace(answer, value=None)  # told by its text
    if said.own["json"]:
        print(_dumped(_whole(said, delivery, answer, failed)))
    elif answer.value is not None:
        print(_dumped(answer.value))
    for error in failed:
        talk.say(f"function error: {error}")
    if not answer.accepted:
        talk.say(f"{said.event.source} does not accept it: {answer.because}")
    return OK if answer.accepted and not failed else FAILED


def _whole(said: Said, delivery: Delivery, answer: Answer, failed: list[str]) -> dict[str, Any]:
    return {
        "source": said.event.source,
        "event": said.event.name,
        "type": delivery.invocation_type or invocation_types(delivery.module, "today")[0],
        "payload": delivery.event,
        "accepted": answer.accepted,
        "because": answer.because,
        "answer": answer.value,
        "function_errors": failed,
    }


def _dumped(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_text).decode()


def _text(value: Any) -> str:
    """What JSON has no word for: the body of a response, as text or else in base64."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()

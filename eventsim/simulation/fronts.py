"""What requests come to in a scenario: its APIs, load balancers and function URLs."""

from __future__ import annotations

from collections.abc import Iterator

from eventsim import registry
from eventsim.errors import EventsimError
from eventsim.front import PushCalling, Served
from eventsim.scenario import Scenario
from eventsim.simulation.setting import Setting
from eventsim.simulation.triggering import triggers_of
from eventsim.types import Front, Trigger

URLS = "function_url"


def open_fronts(setting: Setting, *, may_be_none: bool = False) -> list[Served]:
    """Every front of the scenario, ready to invoke its functions.

    Raises EventsimError for a scenario that has none, unless it may, or two of the same name.
    """
    scenario, served = setting.scenario, []
    for source in registry.names("sources"):
        module = registry.load("sources", source)
        if not hasattr(module, "open_fronts"):
            continue
        resources = {
            name: resource.settings
            for name, resource in scenario.resources.items()
            if resource.type == source
        }
        triggers = list(_triggers(scenario, source))
        fronts: list[Front] = module.open_fronts(setting.scene(), resources, triggers)
        calling = PushCalling(
            source,
            module,
            setting.pusher,
            setting.journal,
            setting.scene,
            setting.background.start_soon,
        )
        served += [Served(front, calling) for front in fronts]
    _check(served, may_be_none)
    return served


def _triggers(scenario: Scenario, source: str) -> Iterator[Trigger]:
    for name, block in scenario.functions.items():
        if source == URLS and block.function_url_config is not None:
            url, target = block.function_url_config, block.published(name)
            yield Trigger(f"{name}.FunctionUrlConfig", target, url)
    yield from triggers_of(scenario, source)


def _check(served: list[Served], may_be_none: bool) -> None:
    if not (served or may_be_none):
        raise EventsimError(
            "the scenario has nothing that requests come to; give a function FunctionUrlConfig or "
            "an event of Type Api or HttpApi, or write a resource of type apigateway or alb"
        )
    names = [each.front.name for each in served]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise EventsimError(f"two fronts are called '{twice}'; rename one of them")

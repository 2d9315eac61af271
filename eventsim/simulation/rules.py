"""The rules of a run: those below its functions, and those of its buses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eventsim import registry
from eventsim.push.rules import Made, Rules
from eventsim.rules.bus_rules import Naming
from eventsim.rules.function_policies import Permission
from eventsim.scenario.triggers import trigger_models
from eventsim.services.archives import Archive
from eventsim.services.buses import EventBus
from eventsim.simulation.outlets import StoreOutlets

if TYPE_CHECKING:
    from eventsim.simulation.setting import Setting


def open_rules(setting: Setting) -> Rules:
    """Every rule of the scenario, at work on every bus that the run simulates.

    A function that somebody judges who may invoke it gets the permission that SAM adds. Raises
    PermissionRefused where that cannot be added.
    """
    outlets = StoreOutlets(setting.stores, setting.streams)
    rules = Rules(
        setting.pusher,
        outlets,
        setting.journal,
        setting.chance,
        setting.scene,
        setting.in_flight.start_soon,
    )
    for made in (*_below_functions(setting), *_of_buses(setting)):
        rules.add(made)
    for name, bus in setting.stores.every_bus().items():
        if isinstance(bus, EventBus):
            for archive in _archives(setting, name):
                bus.subscribe(archive.on_event)
                rules.keep(name, archive)
            bus.subscribe(rules.on_event(name))
    return rules


def _below_functions(setting: Setting) -> Iterator[Made]:
    scenario = setting.scenario
    is_open = scenario.open_to_services()
    for function, name, source, properties in pushed_events(setting):
        if not hasattr(properties, "rule"):
            continue
        module = registry.load("sources", source)
        target = scenario.functions[function].published(function)
        rule = properties.rule(_naming(setting, f"{function}{name}", target))
        if function not in is_open and module.PRINCIPAL is not None:
            statement = f"{function}{name}Permission"
            permission = Permission(statement, module.PRINCIPAL, source_arn=rule.arn)
            setting.permissions.begin_with(target, permission)
        yield Made(rule, source, module)


def pushed_events(setting: Setting) -> Iterator[tuple[str, str, str, Any]]:
    """The events that services push: function, name, source, and properties."""
    for function, block in setting.scenario.functions.items():
        for name, event in block.triggers().items():
            yield function, name, trigger_models()[event.type][0], event.properties


def _of_buses(setting: Setting) -> Iterator[Made]:
    for name, resource in setting.scenario.resources.items():
        settings = resource.settings
        if hasattr(settings, "bus_rules"):
            module = registry.load("sources", resource.type)
            for rule in settings.bus_rules(name, _naming(setting, name, "")):
                yield Made(rule, resource.type, module)


def _archives(setting: Setting, bus: str) -> Iterator[Archive]:
    resource = setting.scenario.resources.get(bus)
    for name, block in getattr(resource and resource.settings, "archives", {}).items():
        yield Archive(name, setting.clock, block.pattern(), block.retention_days)


def _naming(setting: Setting, name: str, target: str) -> Naming:
    scenario = setting.scenario
    arn = scenario.place.arn(target) if target else ""
    return Naming(scenario.region, scenario.account, name, arn, scenario.start, setting.arn_of_text)

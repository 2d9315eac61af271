"""The subscription filters of a run, and the logs of its functions that they are about."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eventsim import registry
from eventsim.errors import EventsimError
from eventsim.push.logs import LogGroups, Subscription
from eventsim.rules.arns import arn
from eventsim.rules.function_policies import Permission
from eventsim.simulation.rules import pushed_events

if TYPE_CHECKING:
    from eventsim.simulation.setting import Setting

OF_FUNCTIONS = "/aws/lambda/"


def open_log_groups(setting: Setting) -> LogGroups:
    """Every subscription filter of the scenario; functions write to /aws/lambda/ and their name.

    Raises EventsimError for a function that would get its own log, PermissionRefused.
    """
    groups = LogGroups(setting.pusher, setting.scene, setting.in_flight.start_soon)
    scenario = setting.scenario
    is_open = scenario.open_to_services()
    for function, name, source, properties in pushed_events(setting):
        if not hasattr(properties, "log_filter"):
            continue
        module = registry.load("sources", source)
        group = properties.log_group_name
        if group == f"{OF_FUNCTIONS}{function}":
            text = f"{function}.{name}: a function that gets its own log runs for ever"
            raise EventsimError(text)
        target = scenario.functions[function].published(function)
        if function not in is_open:
            place = arn("logs", scenario.region, scenario.account, f"log-group:{group}:*")
            statement = f"{function}{name}Permission"
            permission = Permission(statement, module.PRINCIPAL, source_arn=place)
            setting.permissions.begin_with(target, permission)
        filter_ = properties.log_filter()
        groups.subscribe(Subscription(f"{function}{name}", group, filter_, target, source, module))
    for group in groups.groups():
        function = group.removeprefix(OF_FUNCTIONS)
        if group.startswith(OF_FUNCTIONS) and function in scenario.functions:
            setting.environments.read_log(function, partial(_write, groups, group))
    return groups


async def configure_log_groups(setting: Setting) -> None:
    """Let the log groups of a back end that tells the run's functions have these filters too.

    Raises BackendError, ServiceError, Unreachable.
    """
    if setting.backend.sends_to is None:
        return
    for each in setting.log_groups.subscriptions():
        function_arn = setting.scenario.place.arn(each.function)
        filter_ = each.filter.text
        await each.module.configure(each.group, each.name, filter_, function_arn, setting.backend)


def _write(groups: LogGroups, group: str, stream: str, text: str) -> None:
    groups.write(group, stream, text.splitlines(keepends=True))

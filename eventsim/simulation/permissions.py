"""What the policies of a scenario come to in a run: names made ARNs, identities, permissions."""

from __future__ import annotations

from collections.abc import Mapping

from eventsim import registry
from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.environments.permissions import Permissions
from eventsim.journal import Journal
from eventsim.scenario import Scenario
from eventsim.scenario.policies import Arns
from eventsim.simulation.stores import Stores
from eventsim.types import Stream


def policy_arns(scenario: Scenario, streams: Mapping[str, Stream], stores: Stores) -> Arns:
    """What a policy may mean by the name of a function or a resource, a resource first."""
    found = {name: (scenario.place.arn(name),) for name in scenario.functions}
    by_name = {name: stream.arn for name, stream in streams.items()} | stores.arns()
    for name, arn in by_name.items():
        source = registry.load("sources", scenario.resources[name].type)
        more = getattr(source, "policy_arns", None)
        found[name] = (arn,) if more is None else more(arn)
    return found


def open_permissions(
    scenario: Scenario, environments: Environments, clock: Clock, journal: Journal, arns: Arns
) -> Permissions:
    """The permissions of a run as it begins.

    Raises PermissionRefused or ResourceNotFound for a permission that Lambda does not add,
    PolicyError for a policy that is none.
    """
    permissions = Permissions(
        environments.find,
        clock,
        journal,
        scenario.identity_values(arns),
        scenario.open_to_services(),
    )
    identities = scenario.identity_arns()
    for function in scenario.function_values():
        if function.role is not None:
            permissions.issue(function.role, function.name)
    for name, block in scenario.functions.items():
        for each in block.permissions or ():
            permissions.begin_with(name, each.permission(arns, identities))
    return permissions

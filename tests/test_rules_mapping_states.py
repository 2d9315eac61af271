"""The states of a mapping, and what is refused on the way from one to the next."""

from __future__ import annotations

from typing import get_args

import pytest

from eventsim.rules.mapping_errors import Refusal
from eventsim.rules.mapping_states import (
    State,
    created,
    deleted,
    last_processing_result,
    transition_reason,
    updated,
)
from eventsim.types import MappingKind
from tests.mappings import CHANGES, SQS, STREAM


@pytest.mark.parametrize(
    ("kind", "enabled", "states"),
    [
        (STREAM, True, ("Creating", "Enabled")),
        (STREAM, False, ("Creating", "Disabled")),
        (CHANGES, False, ("Creating", "Disabled")),
        (SQS, True, ("Creating", "Enabled")),
        (SQS, False, ("Disabled",)),
    ],
)
def test_a_queues_mapping_is_disabled_at_once_and_a_streams_is_created_first(
    kind: MappingKind, enabled: bool, states: tuple[State, ...]
) -> None:
    assert created(kind, enabled) == states


@pytest.mark.parametrize(
    ("current", "enabled", "states"),
    [
        ("Enabled", None, ("Updating", "Enabled")),
        ("Enabled", True, ("Updating", "Enabled")),
        ("Enabled", False, ("Disabling", "Disabled")),
        ("Disabled", None, ("Updating", "Disabled")),
        ("Disabled", False, ("Updating", "Disabled")),
        ("Disabled", True, ("Enabling", "Enabled")),
    ],
)
def test_an_update_leads_to_the_state_that_is_asked_for(
    current: State, enabled: bool | None, states: tuple[State, ...]
) -> None:
    assert updated(current, enabled) == states


@pytest.mark.parametrize("current", ["Enabled", "Disabled"])
def test_a_settled_mapping_can_be_deleted(current: State) -> None:
    assert deleted(current) == ("Deleting",)


@pytest.mark.parametrize("current", sorted(set(get_args(State)) - {"Enabled", "Disabled"}))
def test_a_mapping_in_transition_is_in_use(current: State) -> None:
    text = "Cannot {} the event source mapping because it is in use."

    for found, verb in [(updated(current, True), "update"), (deleted(current), "delete")]:
        assert found == Refusal("UUID", "ResourceInUseException", text.format(verb))
        assert found.status == 400


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(STREAM, "User action"), (CHANGES, "User action"), (SQS, "USER_INITIATED")],
)
def test_streams_and_queues_give_the_reason_in_their_own_words(
    kind: MappingKind, reason: str
) -> None:
    assert transition_reason(kind) == reason


def test_only_a_stream_has_a_last_processing_result() -> None:
    assert [last_processing_result(STREAM, ok) for ok in (None, True, False)] == [
        "No records processed",
        "OK",
        "PROBLEM: Function call failed",
    ]
    assert [last_processing_result(SQS, ok) for ok in (None, True, False)] == [None, None, None]

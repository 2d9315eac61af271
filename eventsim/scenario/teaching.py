"""
What a scenario of the course teaches: a question, its answer, and one change to try.

The change is written in the grammar of ``--set PATH=VALUE``, and takes away what the scenario
teaches: with it, an expectation fails.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from eventsim.errors import EventsimError
from eventsim.rules.paths import parse
from eventsim.scenario.block import Block
from eventsim.scenario.problem import refuse, show
from eventsim.scenario.values import Text


def _change(value: Any) -> Any:
    try:
        parse(value)
    except EventsimError:
        raise refuse(f"is {show(value)}; write PATH=VALUE, such as Orders.BatchSize=3") from None
    return value


class Lesson(Block):
    """What ``eventsim learn`` asks before the run and tells after it.

    ``try`` is a change for ``--set``, and ``then`` says what comes of it.
    """

    question: Text = Field(examples=["How many batches does the function get?"])
    answer: Text = Field(examples=["Three, of two records each."])
    change: Annotated[Text, AfterValidator(_change)] = Field(
        alias="try", examples=["Orders.BatchSize=3"]
    )
    then: Text = Field(examples=["There are two, of three records each."])

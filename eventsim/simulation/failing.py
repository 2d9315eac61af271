"""What is told of a run that could not go on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from eventsim.errors import BackendError, EventsimError, HandlerStuck, Unreachable


def reason_of(error: BaseException, project: Path) -> str:
    """What went wrong, without what differs from one machine to the next."""
    if isinstance(error, BackendError | Unreachable):
        return f"the back end failed: {type(error).__name__}"  # its text has an address
    return str(error).replace(f"{project}{os.sep}", "").replace(str(project), ".")


def first_of_ours(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a user is told of several tasks that failed at once: our own error before any other."""
    leaves = list(_leaves(group))
    ours = [error for error in leaves if isinstance(error, EventsimError | HandlerStuck)]
    return (ours or leaves)[0]


def _leaves(error: BaseException) -> Sequence[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]

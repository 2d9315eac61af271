"""Messages at their times, sent together where they are due together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from eventsim.clock import Clock
from eventsim.rules.sqs import SEND_MESSAGES_MAX
from eventsim.types import SendMessage, TimedMessage


async def feed(
    clock: Clock,
    messages: Iterator[TimedMessage],
    send: Callable[[Sequence[SendMessage]], Awaitable[None]],
) -> None:
    """Send messages at their times, ten of the same time at once; hold no more than those."""
    together: list[SendMessage] = []
    for time, message in messages:
        if together and (len(together) == SEND_MESSAGES_MAX or time > clock.time()):
            await send(together)
            together = []
        await clock.sleep_until(time)
        together.append(message)
    if together:
        await send(together)

"""
How a command ends: what went wrong is told on stderr, and the exit code says whose fault it was.

0 is as expected; 1 an expectation or a function failed; 2 the request was wrong, and nothing but
another request will do; 130 interrupted; 141 whoever read the output had seen enough.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from eventsim.cli.talk import Talk, hush
from eventsim.errors import EventsimError, HandlerStuck, ScenarioError

OK, FAILED, WRONG, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141


@contextmanager
def exits(talk: Talk | None = None) -> Iterator[None]:
    """Tell what goes wrong inside, and leave with the exit code that says so."""
    talk = talk or Talk()
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        talk.say("interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except HandlerStuck as stuck:
        talk.say(f"error: {stuck}")
        raise typer.Exit(FAILED) from None
    except ScenarioError as error:
        talk.say(str(error))  # each line begins with its place, as editors want it
        raise typer.Exit(WRONG) from None
    except OSError as error:
        talk.say(f"error: cannot write to stdout: {error.strerror or error}")
        hush(sys.stdout)
        raise typer.Exit(WRONG) from None
    except EventsimError as error:
        talk.say(f"error: {error}")
        raise typer.Exit(WRONG) from None

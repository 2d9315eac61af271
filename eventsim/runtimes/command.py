"""
Any command line that speaks the Runtime API: how Java, C#, Go, Rust and the rest run, with
their own interface clients.

It is started in the code folder. A program without a slash in its name is looked for on PATH.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

from eventsim.errors import EventsimError
from eventsim.runtimes import Init, RuntimeOptions
from eventsim.runtimes._child import ChildRuntimes
from eventsim.runtimes._program import Program, program_at
from eventsim.runtimes._variables import code_folder, handler_text


def open_runtimes(options: RuntimeOptions) -> ChildRuntimes:
    """The processes of a run that are started by command lines."""
    return ChildRuntimes(options, _choose)


def _choose(init: Init) -> Program:
    function = init.function
    handler_text(function)
    if not function.command:
        raise EventsimError(
            f"function '{function.name}': run_in: command names no command; "
            "write run_in: {command: [java, Handler.java]}"
        )
    program, *arguments = function.command
    folder = code_folder(function)
    return Program((program_at(function, program, folder), *arguments), folder, function.runtime)

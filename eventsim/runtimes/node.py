"""
Node.js handlers in child processes, run by a small runtime of ours in JavaScript.

It takes async handlers and handlers with a callback, ES modules and CommonJS, and needs nothing
but a ``node`` on PATH.

https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
"""

from __future__ import annotations

from pathlib import Path

from eventsim.runtimes import Init, RuntimeOptions
from eventsim.runtimes._child import ChildRuntimes
from eventsim.runtimes._program import Program, program_at
from eventsim.runtimes._variables import code_folder, handler_text

CLIENT = Path(__file__).with_name("_node_bootstrap.mjs")
RUNTIME = "nodejs22.x"


def open_runtimes(options: RuntimeOptions) -> ChildRuntimes:
    """The Node.js processes of a run."""
    return ChildRuntimes(options, _choose)


def _choose(init: Init) -> Program:
    function = init.function
    handler_text(function)
    node = program_at(function, "node", ".")
    return Program((node, str(CLIENT)), code_folder(function), function.runtime or RUNTIME)

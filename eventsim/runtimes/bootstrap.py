"""
A runtime that the function brings: the executable ``bootstrap`` in its code folder.

It is any program that polls the Runtime API at ``$AWS_LAMBDA_RUNTIME_API``. A shell script with
curl is one.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

from __future__ import annotations

from eventsim.runtimes import Init, RuntimeOptions
from eventsim.runtimes._child import ChildRuntimes
from eventsim.runtimes._program import Program
from eventsim.runtimes._variables import code_folder, handler_text

NAME = "bootstrap"


def open_runtimes(options: RuntimeOptions) -> ChildRuntimes:
    """The bootstraps of a run."""
    return ChildRuntimes(options, _choose)


def _choose(init: Init) -> Program:
    handler_text(init.function)
    folder = code_folder(init.function)
    return Program((f"{folder}/{NAME}",), folder, entrypoint=f"/var/task/{NAME}")

"""
Python handlers in child processes, run by awslambdaric, AWS's own runtime interface client.

It runs in the Python that runs eventsim, with the packages of that. ``pip install
'eventsim[runtimes]'`` brings it; elsewhere than on Linux it has to be compiled.

https://github.com/aws/aws-lambda-python-runtime-interface-client
"""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib.util import find_spec

from eventsim.errors import EventsimError
from eventsim.rules import function_errors
from eventsim.runtimes import Init, RuntimeOptions
from eventsim.runtimes._child import ChildRuntimes
from eventsim.runtimes._errors import roots
from eventsim.runtimes._program import Program
from eventsim.runtimes._variables import code_folder, handler_text, python_of

CLIENT = "awslambdaric"


def open_runtimes(options: RuntimeOptions) -> ChildRuntimes:
    """The Python processes of a run."""
    return ChildRuntimes(options, _choose)


def _choose(init: Init) -> Program:
    function = init.function
    handler = handler_text(function)
    if find_spec(CLIENT) is None:
        raise EventsimError(
            f"run_in: python needs {CLIENT}, which is not installed; "
            "pip install 'eventsim[runtimes]', or use run_in: inline"
        )
    folder = code_folder(function)
    return Program(
        (sys.executable, "-m", CLIENT, handler),
        folder,
        python_of(function),
        named=partial(_named_in_json, folder),
        logged=partial(_logged, folder),
        out_of_memory=function_errors.OUT_OF_MEMORY,
    )


def _named_in_json(folder: str, body: bytes) -> bytes:
    for ours, theirs in roots(folder):
        if ours:
            for ascii_ in (True, False):
                quoted = json.dumps(f'File "{ours}/', ensure_ascii=ascii_)[1:-1].encode()
                body = body.replace(quoted, f'File \\"{theirs}/'.encode())
    return body


def _logged(folder: str, text: bytes) -> bytes:
    """On a plain stdout the client ends the lines of one event with carriage returns."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b'File "' in text:
        for ours, theirs in roots(folder):
            if ours:
                text = text.replace(f'File "{ours}/'.encode(), f'File "{theirs}/'.encode())
    return text

"""
The environment variables that Lambda itself sets, and where a function's code is.

Paths are those of this machine, so that they can be opened. ``AWS_LAMBDA_RUNTIME_API`` belongs
to child processes alone; who starts one adds it.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from eventsim.errors import EventsimError
from eventsim.runtimes import Init
from eventsim.types import Function


def python_of(function: Function) -> str:
    """The Python that the function is configured for, or else the one that runs it."""
    return function.runtime or f"python{sys.version_info.major}.{sys.version_info.minor}"


def code_folder(function: Function) -> str:
    """The whole path of the folder of the code. Raises EventsimError when it is not there."""
    folder = os.path.realpath(function.code_uri or ".")
    if not os.path.isdir(folder):  # noqa: PTH112  # a text, as sys.path wants it
        raise EventsimError(
            f"function '{function.name}': the code folder '{function.code_uri}' does not exist"
        )
    return folder


def lambda_variables(init: Init, runtime: str | None, folder: str | None) -> dict[str, str]:
    """What Lambda sets for this environment; a runtime of one's own has no AWS_EXECUTION_ENV."""
    function, handler = init.function, init.function.handler
    execution = {} if runtime is None else {"AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"}
    return {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": init.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": init.log_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": init.log_stream_name,
        "AWS_LAMBDA_INITIALIZATION_TYPE": init.initialization_type,
        **execution,
        "AWS_REGION": init.region,
        "AWS_DEFAULT_REGION": init.region,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "_HANDLER": handler if isinstance(handler, str) else handler_name(handler),
        "LAMBDA_TASK_ROOT": folder or os.path.realpath("."),
        "TZ": ":UTC",
    }


def handler_text(function: Function) -> str:
    """The Handler of a function that runs in a process of its own. Raises EventsimError."""
    if not isinstance(function.handler, str):
        raise EventsimError(
            f"function '{function.name}': a callable runs inline only; "
            f"run_in: {function.run_in} needs the name of a handler"
        )
    return function.handler


def handler_name(handler: Callable[..., Any]) -> str:
    """The name of a callable, as a Handler would name it."""
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    return f"{getattr(handler, '__module__', '__main__')}.{name}"

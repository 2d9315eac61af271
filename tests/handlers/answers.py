"""Handlers that answer in every way there is."""

import asyncio
import collections
import decimal
import logging
import os
import subprocess
import sys

Point = collections.namedtuple("Point", "x y")
logger = logging.getLogger(__name__)


def echo(event, context):
    return event


def nothing(event, context):
    return None


def raises(event, context):
    raise ValueError("boom")


def raises_below(event, context):
    def inner():
        raise KeyError("flüchtig")

    inner()


def exits(event, context):
    sys.exit(event["status"])


def raises_base(event, context):
    raise BaseException("the end")


def a_set(event, context):
    return {1, 2}


def text(event, context):
    return "grün"


def raw(event, context):
    return b'{"raw": true}'


def odd_types(event, context):
    return {
        "decimal": decimal.Decimal("5"),
        "exact": decimal.Decimal("12345678901234567890.10"),
        "point": Point(1, [Point(2, 3)]),
        "bytes": b"text",
        "tuple": (1, 2),
        "keys": {1: "one", True: "yes", None: "none"},
    }


def circular(event, context):
    answer = []
    answer.append(answer)
    return answer


def large(event, context):
    return "x" * (event["bytes"] - 2)


async def asynchronous(event, context):
    await asyncio.sleep(0)
    return "awaited"


def runs_a_loop(event, context):
    async def later():
        await asyncio.sleep(0.001)
        return asyncio.get_running_loop().is_running()

    return asyncio.run(later())


def asks_for_the_loop(event, context):
    async def later():
        return event

    loop = asyncio.get_event_loop()
    return [loop is asyncio.get_event_loop(), loop.run_until_complete(later())]


def prints(event, context):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    sys.stdout.buffer.write(b"as bytes\n")
    logger.warning("through %s", "logging")
    logging.getLogger().info("below the level")
    context.log("through the context")


def variables(event, context):
    return dict(os.environ)


def child(event, context):
    script = "import os, json; print(json.dumps(dict(os.environ)))"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout


def place(event, context):
    return {"cwd": os.getcwd(), "path": sys.path[0], "file": __file__}


def context_attributes(event, context):
    shown = {name: value for name, value in vars(context).items() if not name.startswith("_")}
    client, identity = shown.pop("client_context"), shown.pop("identity")
    return shown | {
        "remaining": context.get_remaining_time_in_millis(),
        "identity": [identity.cognito_identity_id, identity.cognito_identity_pool_id],
        "client": client and [client.custom, client.env, client.client.app_title],
        "w3c": context.w3c(),
    }


def spoils(event, context):
    """Change whatever there is in a process to change."""
    os.environ["SPOILT"] = "yes"
    os.environ.pop("HOME", None)
    os.chdir("/")
    sys.path.insert(0, "/spoilt")
    sys.stdout = None
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("eventsim.test").setLevel(logging.ERROR)
    logging.disable(logging.INFO)
    import colorsys as shared

    return shared.__name__

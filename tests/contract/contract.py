"""The handlers of the contract, in Python."""

import os
import sys
import time

calls = 0


def echo_event(event, context):
    return event


def nothing(event, context):
    return None


def raises(event, context):
    raise ValueError("boom")


def sleeps(event, context):
    global calls
    calls += 1
    open(os.environ["TMPDIR"] + "/kept", "w").close()
    time.sleep(30)


def counts(event, context):
    global calls
    calls += 1
    kept = os.path.exists(os.environ.get("TMPDIR", "/none") + "/kept")
    return {"calls": calls, "kept": kept, "stream": context.log_stream_name}


def exits(event, context):
    sys.exit(event["status"])


def oversized(event, context):
    return "x" * 6291555


def says(event, context):
    print("grün 1")
    print("two", file=sys.stderr)
    return "said"

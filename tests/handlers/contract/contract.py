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


def sleeps_once(event, context):
    global calls
    calls += 1
    mark = os.environ["TMPDIR"] + "/kept"
    kept = os.path.exists(mark)
    if not kept:
        open(mark, "w").close()
        time.sleep(3)
    return {"calls": calls, "kept": kept, "stream": context.log_stream_name}


def exits(event, context):
    sys.exit(event["status"])


def oversized(event, context):
    return "x" * 6291555


def says(event, context):
    print("grün 1")
    print("two", file=sys.stderr)
    return "said"


NUMBER = 5

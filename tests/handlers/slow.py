"""A handler that takes as long as its event says."""

import time

calls = 0


def handler(event, context):
    global calls
    calls += 1
    time.sleep(event["sleep"])
    return {"calls": calls, "stream": context.log_stream_name}

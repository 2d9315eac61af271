"""A handler with a global, which lasts as long as its execution environment."""

calls = 0


def handler(event, context):
    global calls
    calls += 1
    return {"calls": calls, "stream": context.log_stream_name}

"""A runtime that does what it should not: its argument says what. It has no dependencies."""

import http.client
import os
import signal
import socket
import sys
import time

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = "/2018-06-01/runtime"


class Api:
    def __init__(self):
        self.connection = http.client.HTTPConnection(HOST)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, ROOT + path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    def next(self):
        _status, event, headers = self.ask("GET", "/invocation/next")
        return headers["Lambda-Runtime-Aws-Request-Id"], event

    def respond(self, request_id, body):
        return self.ask("POST", f"/invocation/{request_id}/response", body)[:2]


def answers_twice(api):
    while True:
        request_id, _event = api.next()
        first = api.respond(request_id, '"first"')
        second = api.respond(request_id, '"second"')
        third = api.ask("POST", f"/invocation/{request_id}/error", '{"errorType": "late"}')[:2]
        print(*first, *second, *third, flush=True)


def wrong_id(api):
    while True:
        request_id, event = api.next()
        print(*api.respond("somebody-elses", '"wrong"'), flush=True)
        if event != '"stubborn"':
            api.respond(request_id, '"right"')


def asks_too_early(api):
    while True:
        request_id, event = api.next()
        print(*Api().ask("GET", "/invocation/next")[:2], flush=True)
        print(*api.ask("POST", "/init/error", "{}")[:2], flush=True)
        print(*api.ask("GET", "/elsewhere")[:2], flush=True)
        api.respond(request_id, event)


def closes_its_socket(api):
    """It hangs up in the middle of a question, and in the middle of an answer."""
    waiting = socket.create_connection(HOST.split(":"))
    waiting.sendall(f"GET {ROOT}/invocation/next HTTP/1.1\r\n".encode())
    waiting.close()
    while True:
        request_id, event = api.next()
        broken = socket.create_connection(HOST.split(":"))
        head = f"POST {ROOT}/invocation/{request_id}/response HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
        broken.sendall(head.encode() + b'"half')
        broken.close()
        if event == '"leaves"':
            api.connection.close()
            time.sleep(30)
        api.respond(request_id, '"whole"')


def crowds(api):
    """It opens more connections than anybody needs."""
    while True:
        request_id, _event = api.next()
        crowd = [Api().connection for _ in range(200)]
        refused = 0
        for connection in crowd:
            try:
                connection.request("GET", "/ping")
                connection.getresponse().read()
            except (http.client.HTTPException, OSError):
                refused += 1
        api.respond(request_id, str(refused))


def floods(api):
    while True:
        request_id, _event = api.next()
        for _ in range(80):
            os.write(1, b"x" * 99_999 + b"\n")
        api.respond(request_id, '"flooded"')


def sends_nonsense(api):
    while True:
        request_id, _event = api.next()
        stray = socket.create_connection(HOST.split(":"))
        stray.sendall(b"nonsense\r\n\r\n")
        print(stray.makefile().readline().strip(), flush=True)
        api.respond(request_id, "no JSON")


def streams(api):
    while True:
        request_id, event = api.next()
        headers = {
            "Lambda-Runtime-Function-Response-Mode": "streaming",
            "Trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
            "Transfer-Encoding": "chunked",
        }
        connection = api.connection
        connection.putrequest("POST", f"{ROOT}/invocation/{request_id}/response")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(b'4\r\n"one\r\n4\r\ntwo"\r\n0\r\n')
        if event == '"fails"':
            connection.send(b"Lambda-Runtime-Function-Error-Type: Midway\r\n")
            body = b"eyJlcnJvclR5cGUiOiJNaWR3YXkiLCJlcnJvck1lc3NhZ2UiOiJvb3BzIn0="
            connection.send(b"Lambda-Runtime-Function-Error-Body: " + body + b"\r\n")
        connection.send(b"\r\n")
        connection.getresponse().read()


def exits_after_its_answer(api):
    request_id, _event = api.next()
    print("once", flush=True)
    api.respond(request_id, f'"from {os.getpid()}"')
    sys.exit(7)


def answers_and_dies_at_once(api):
    """It does not wait to hear that its answer came."""
    request_id, _event = api.next()
    body = b'"' + b"x" * 3_000_000 + b'"'
    head = f"POST {ROOT}/invocation/{request_id}/response HTTP/1.1\r\nContent-Length: {len(body)}"
    api.connection.sock.sendall(head.encode() + b"\r\n\r\n" + body)
    os._exit(0)


def killed(api):
    api.next()
    os.kill(os.getpid(), signal.SIGKILL)


def hungry(api):
    """It is killed, as the system kills who takes too much memory."""
    api.next()
    taken = bytearray(200 * 1024 * 1024)
    os.kill(os.getpid(), signal.SIGKILL)
    return taken


def silent(api):
    time.sleep(30)


def vague(api):
    """Errors without a type, without JSON, without anything."""
    bodies = {'"type"': '{"errorMessage": "m"}', '"text"': "just text", '"nothing"': ""}
    while True:
        request_id, event = api.next()
        headers = {"Lambda-Runtime-Function-Error-Type": "Custom.Kind"} if event == '"text"' else {}
        api.ask("POST", f"/invocation/{request_id}/error", bodies[event], headers)


def tells(api):
    """It answers with what it was given: headers, variables, its folder."""
    import json

    while True:
        _status, _event, headers = api.ask("GET", "/invocation/next")
        told = {
            "headers": {n.lower(): v for n, v in headers.items() if n.startswith("Lambda-")},
            "variables": dict(os.environ),
            "folder": os.getcwd(),
            "arguments": sys.argv,
            "time": time.time(),
            "pid": os.getpid(),
        }
        api.respond(headers["Lambda-Runtime-Aws-Request-Id"], json.dumps(told))


if __name__ == "__main__":
    globals()[sys.argv[1]](Api())

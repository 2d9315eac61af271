"""Handlers that leave something running, or that are ended."""

import os
import signal
import subprocess
import sys
import threading
import time

count = 0


def _tick():
    global count
    while True:
        time.sleep(0.01)
        count += 1


def ticks(event, context):
    if not any(t.name == "ticker" for t in threading.enumerate()):
        threading.Thread(target=_tick, name="ticker", daemon=True).start()
    time.sleep(event["seconds"])
    return {"ticks": count}


def starts_children(event, context):
    """A child and a grandchild without our variables, and two in sessions of their own."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    grand = (
        "import subprocess, sys; p = subprocess.Popen(sys.argv[1:]); "
        "print(p.pid, flush=True); p.wait()"
    )
    orphan = (
        "import subprocess, sys; "
        "print(subprocess.Popen(sys.argv[1:], start_new_session=True).pid, flush=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", grand, *sleep], stdout=subprocess.PIPE, env={})
    pids = [child.pid, int(child.stdout.readline())]
    pids.append(subprocess.Popen(sleep, start_new_session=True).pid)
    parent = subprocess.Popen([sys.executable, "-c", orphan, *sleep], stdout=subprocess.PIPE)
    pids.append(int(parent.stdout.readline()))
    for pid in pids:
        print(pid)
    if event["then"] == "hang":
        time.sleep(60)
    if event["then"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"pids": pids}


def hungry(event, context):
    """It is killed, as the system kills who takes too much memory."""
    taken = bytearray(200 * 1024 * 1024)
    os.kill(os.getpid(), signal.SIGKILL)
    return taken


def sleeps(event, context):
    time.sleep(0.2)

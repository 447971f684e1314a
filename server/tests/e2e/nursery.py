"""The entry script of the servers under test: it has imported everything and forks on order.

A start of the command line costs more than a second of CPU, nearly all of it imports, and these
tests start servers dozens of times.  So one process imports it once; each order, a line of JSON
on standard input, forks a process of its own that becomes `watchword-server` with the words,
environment and folder of the order, after it has put the named alterations in place.  Killing,
signals, sockets and files are those of a real process; `test_lifecycle.py` starts the real
command line without any of this.
"""

import gc
import json
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

from e2e.alterations import ALTERATIONS
from watchword_server.cli import keys, projects, serve, webhooks
from watchword_server.cli.main import NAME, main

LOADED = (keys, projects, serve, webhooks)
"""Imported now, so that a fork need not."""


def become(order: dict[str, Any]) -> NoReturn:
    """Be the server of an order."""
    code = 70
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(order["folder"])
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(order["out"], flags, 0o600), 1)
        os.dup2(os.open(order["err"], flags, 0o600), 2)
        os.environ.clear()
        os.environ.update(order["environment"])
        for name in order["alterations"]:
            ALTERATIONS[name]()
        main(order["words"], prog_name=NAME)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def reaped(pid: int) -> int | None:
    """How a process ended (negative: by which signal), or None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def attend() -> None:
    """Carry out orders until there are no more; then kill what was forked and still runs."""
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            answer = reaped(order["reap"])
            if answer is not None:
                running.discard(order["reap"])
        else:
            answer = os.fork()
            if answer == 0:
                become(order)
            running.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends when pytest does, and its servers with it
    gc.freeze()
    print(json.dumps("ready"), flush=True)
    attend()

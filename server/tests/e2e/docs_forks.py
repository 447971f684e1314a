"""`watchword-server` as a reader's shell finds it: a short program that has it forked.

A start of the command line costs more than a second of CPU, nearly all of it imports, and pages
say it hundreds of times.  So one process has imported it; each call hands it the words, folder,
environment and open files of the caller, and a fork of it becomes the command, as in `e2e.nursery`.
"""

import array
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

from e2e.deployment import TESTS, environment
from watchword_server.cli.main import NAME, ROWS, load, main

_CALLER = """\
#!{python} -IS
import array, json, os, socket, sys
order = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({address!r})
    files = array.array("i", [0, 1, 2])
    asked.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    asked.sendall(order + b"\\n")
    told = asked.recv(16)
sys.exit(int(told) if told else 137)
"""


class Forks:
    """The process that forks commands, from `start` to `close`."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp()
        self._address = f"{self._folder}/forks"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "e2e.docs_forks", self._address],
            env=environment() | {"PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def write_command(self, path: Path) -> None:
        """Write the program that stands for `watchword-server`."""
        path.write_text(_CALLER.format(python=sys.executable, address=self._address))
        path.chmod(0o755)

    def close(self) -> None:
        """End it, and what it forked with it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._folder)


def attend(address: str) -> None:
    """Fork for every caller, until standard input ends."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen(64)
        threading.Thread(target=_leave_with_stdin, daemon=True).start()
        print("ready", flush=True)
        while True:
            caller, _ = door.accept()
            with caller:
                if os.fork() == 0:
                    door.close()
                    _become(caller)


def _leave_with_stdin() -> None:
    os.read(0, 1)  # not by sys.stdin, whose lock a fork would inherit
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _become(caller: socket.socket) -> NoReturn:
    """Be the command that a caller asks for."""
    code = 70
    try:
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        words, folder, environ = _order(caller)
        threading.Thread(target=_end_with, args=(caller,), daemon=True).start()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        main(words, prog_name=NAME)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        caller.sendall(str(code).encode())
        os._exit(code)


def _order(caller: socket.socket) -> tuple[list[str], str, dict[str, str]]:
    files = array.array("i")
    _, ancillary, _, _ = caller.recvmsg(1, socket.CMSG_SPACE(3 * files.itemsize))
    files.frombytes(ancillary[0][2])
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    told: Any = json.loads(caller.makefile("rb").readline())
    return told[0], told[1], told[2]


def _end_with(caller: socket.socket) -> None:
    """Take a caller's end for what a signal to the command would be."""
    caller.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the tests do
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork ended
    for name in ROWS:
        load(name)
    gc.freeze()
    attend(sys.argv[1])

"""The three servers that are compared: the real one, its static floor, and that floor alone."""

import base64
import json
import socket
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.processes import WATCHWORD, Failed, Served, operator

BIG = {"count": 1_000_000_000, "period": 60}
LIMITS = ("key", "project", "client", "range", "recipient", "requests")


@dataclass(frozen=True)
class Watchword:
    """A running server with a key that may send and check, its throughput limits raised."""

    served: Served
    authorization: str
    database: Path


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _basic(key: dict) -> str:
    pair = f"{key['dev_key']}:{key['dev_secret']}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _folder(place: Path, name: str) -> Path:
    folder = place / name
    folder.mkdir(exist_ok=True)
    return folder


def watchword(place: Path, name: str = "pair") -> Watchword:
    """`watchword-server serve` on a database of its own, made if it is not there.

    synchronous=FULL is the default; nothing is switched off.  The project is a development one,
    whose messages go to the inbox, a provider without a network.
    """
    folder = _folder(place, name)
    database = folder / "watchword.db"
    key = operator(database, "keys", "create", "--name", "bench")
    admin = operator(database, "keys", "create", "--name", "admin", "--scope", "server:admin")
    port = free_port()
    command = [*WATCHWORD, "serve", "--port", str(port)]
    served = Served(command, f"http://127.0.0.1:{port}", folder, database)
    raise_limits(served.url, _basic(admin), key["project_id"])
    return Watchword(served, _basic(key), database)


def raise_limits(url: str, authorization: str, project: str) -> None:
    """Raise every throughput limit through the API; each is still evaluated on every send."""
    request = urllib.request.Request(
        f"{url}/v1/projects/{project}",
        json.dumps({"limits": dict.fromkeys(LIMITS, BIG)}).encode(),
        {"Authorization": authorization, "Content-Type": "application/json"},
        method="PATCH",
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        raise Failed(f"the limits could not be raised: {error.read().decode()}") from None


def static(place: Path) -> Served:
    """The static application in the place of the API, all else as `serve` runs it."""
    folder = _folder(place, "static")
    port = free_port()
    command = [sys.executable, "-m", "bench.static_server", "serve", "--port", str(port)]
    return Served(command, f"http://127.0.0.1:{port}", folder, folder / "watchword.db")


def alone(place: Path) -> Served:
    """The static application in uvicorn's own server, with the same loop and parser."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.static_app:app", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--ws", "none", "--lifespan", "off"]
    command += ["--interface", "asgi3", "--no-access-log", "--no-server-header"]
    command += ["--no-proxy-headers", "--backlog", "2048", "--log-level", "warning"]
    return Served(command, f"http://127.0.0.1:{port}", _folder(place, "alone"), None)

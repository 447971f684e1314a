"""The command `watchword-mcp`: which server, which key, and what to say when that is wrong."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import environ
from urllib.parse import urlsplit

from watchword_mcp import __version__
from watchword_mcp.bridge import bridge

DEFAULT_URL = "http://127.0.0.1:8080"
SANDBOX = ("watchword_sandbox_demo", "watchword_sandbox_secret")
"""The public keys of every server's sandbox."""
_USAGE = f"""\
watchword-mcp {__version__}: MCP over stdio, passed on to a Watchword server.
Clients start it; it reads WATCHWORD_URL ({DEFAULT_URL} unless set), WATCHWORD_DEV_KEY and
WATCHWORD_DEV_SECRET (without them: the sandbox)."""


@dataclass(frozen=True)
class Target:
    """A server, and who asks it."""

    url: str
    bearer: str = field(repr=False)


def target(variables: Mapping[str, str]) -> Target:
    """What the environment says.

    Raises:
        ValueError: it says half of it, or no URL.
    """
    key, secret = variables.get("WATCHWORD_DEV_KEY"), variables.get("WATCHWORD_DEV_SECRET")
    if bool(key) != bool(secret):
        raise ValueError(
            "set WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET both, or neither for the sandbox"
        )
    url = (variables.get("WATCHWORD_URL") or DEFAULT_URL).rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("WATCHWORD_URL is the address of a server, such as " + DEFAULT_URL)
    return Target(url, ".".join((key, secret) if key and secret else SANDBOX))


def main() -> None:
    """Serve until the client closes standard input."""
    if len(sys.argv) > 1:
        print(__version__ if sys.argv[1] == "--version" else _USAGE)
        sys.exit(0 if sys.argv[1] in ("--version", "--help", "-h") else 2)
    try:
        found = target(environ)
    except ValueError as error:
        sys.exit(f"watchword-mcp: {error}")
    asyncio.run(bridge(found.url, found.bearer))

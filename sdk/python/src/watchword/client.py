"""The two clients: thin shells that hold a connection; `protocol.py` decides."""

import copy
import os
import random
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

import httpx2

from watchword import resources
from watchword.operations import W
from watchword.protocol import Settings, configure
from watchword.runners import AsyncRunner, SyncRunner, asleep

T = TypeVar("T")
SANDBOX = ("watchword_sandbox_demo", "watchword_sandbox_secret")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Client(resources.Server[W], Generic[W, T]):
    """What both clients have."""

    _parts: tuple[type[W], Any, Any]

    def __init__(
        self,
        base_url: str | None = None,
        dev_key: str | None = None,
        dev_secret: str | None = None,
        api_key: str | None = None,
        timeout: float = 10.0,
        max_retries: int = 2,
        transport: T | None = None,
        *,
        sleep: Callable[[float], Any] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        given = base_url, dev_key, dev_secret, api_key
        settings = configure(*given, os.environ, timeout=timeout, max_retries=max_retries)
        runs, http, waits = self._parts
        connections = http(transport=transport, **_connection(settings))
        self._attach(runs(settings, connections, sleep or waits, jitter))

    @classmethod
    def in_sandbox(cls, base_url: str | None = None, **options: Any) -> Self:
        """A client with the public keys of the sandbox, which need no signing up.

        `options` are those of the client itself, such as `timeout`.
        """
        return cls(base_url, *SANDBOX, **options)

    def with_options(
        self, *, max_retries: int | None = None, timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> Self:  # fmt: skip
        """The same client with other options; both share their connections.

        With an `idempotency_key` of your own, a call is executed once even if your program dies
        and makes it again: by default each call has a new one.
        """
        settings = self._runner.settings.changed(max_retries, timeout, idempotency_key)
        other = copy.copy(self)
        other._attach(replace(self._runner, settings=settings))
        return other

    def _attach(self, runner: W) -> None:
        self._runner = runner
        for name, group in resources.GROUPS.items():
            if not isinstance(self, group):
                setattr(self, re.sub(r"\B(?=[A-Z])", "_", name).lower(), group(runner))

    def __repr__(self) -> str:
        """The server, never the credentials."""
        return f"{type(self).__name__}({self._runner.settings.base_url!r})"


class Watchword(_Client[SyncRunner, httpx2.BaseTransport]):
    """A client of a Watchword server; safe to share between threads.

    With nothing passed it reads WATCHWORD_URL, WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET.

    Args:
        base_url: the server, with or without /v1.
        dev_key: the public half of an API key.
        dev_secret: its secret half.
        api_key: instead of both, a key to be sent as `Authorization: Bearer`.
        timeout: seconds to wait for each answer.
        max_retries: how often a failed call is repeated, where that is safe.
        transport: an httpx2 transport, such as `watchword.testing.FakeServer()`.
        sleep: waits between two tries.
        jitter: draws from [0, 1) to spread them.

    Raises:
        ConfigurationError: no credentials, or no usable base_url.
    """

    _parts = SyncRunner, httpx2.Client, time.sleep

    def close(self) -> None:
        """Close the connections."""
        self._runner.http.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the connections."""
        self.close()


class AsyncWatchword(_Client[AsyncRunner, httpx2.AsyncBaseTransport]):
    """`Watchword` for asyncio: the same arguments and operations, awaited."""

    _parts = AsyncRunner, httpx2.AsyncClient, asleep

    async def close(self) -> None:
        """Close the connections."""
        await self._runner.http.aclose()

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close the connections."""
        await self.close()


def _connection(settings: Settings) -> dict[str, Any]:
    parts = urlsplit(settings.base_url)
    # A proxy from the environment cannot reach this machine's loopback.
    options: dict[str, Any] = {"trust_env": parts.hostname not in _LOOPBACK}
    if parts.scheme == "http":
        # Without TLS, an empty context spares the 60 ms of loading a certificate store.
        options["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return options

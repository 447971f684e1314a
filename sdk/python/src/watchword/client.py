"""The two clients: thin shells that hold a connection; `protocol.py` decides."""

import copy
import importlib
import os
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from watchword import resources
from watchword.operations import W
from watchword.protocol import Settings, configure
from watchword.runners import AsyncRunner, SyncRunner

SANDBOX = ("watchword_sandbox_demo", "watchword_sandbox_secret")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Client(resources.Server[W]):
    """What both clients have."""

    def _attach(self, runner: W) -> None:
        self._runner = runner
        self.messages: resources.Messages[W] = resources.Messages(runner)
        self.verifications: resources.Verifications[W] = resources.Verifications(runner)
        self.sandbox: resources.Sandbox[W] = resources.Sandbox(runner)
        self.inbox: resources.Inbox[W] = resources.Inbox(runner)
        self.templates: resources.Templates[W] = resources.Templates(runner)
        self.routes: resources.Routes[W] = resources.Routes(runner)
        self.providers: resources.Providers[W] = resources.Providers(runner)
        self.opt_outs: resources.OptOuts[W] = resources.OptOuts(runner)
        self.keys: resources.Keys[W] = resources.Keys(runner)
        self.events: resources.Events[W] = resources.Events(runner)
        self.guard: resources.Guard[W] = resources.Guard(runner)
        self.projects: resources.Projects[W] = resources.Projects(runner)
        self.agent: resources.Agent[W] = resources.Agent(runner)
        self.webhooks: resources.Webhooks[W] = resources.Webhooks(runner)

    def with_options(
        self, *, max_retries: int | None = None, timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> Self:  # fmt: skip
        """The same client with other options; both share their connections.

        With an `idempotency_key` of your own, a call is executed once even if your program dies
        and makes it again: by default each call has a new one.
        """
        runner = copy.copy(self._runner)
        runner.settings = runner.settings.changed(
            max_retries=max_retries, timeout=timeout, idempotency_key=idempotency_key
        )
        other = copy.copy(self)
        other._attach(runner)
        return other

    def __repr__(self) -> str:
        """The server, never the credentials."""
        return f"{type(self).__name__}({self._runner.settings.base_url!r})"


class Watchword(_Client[SyncRunner]):
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

    def __init__(
        self,
        base_url: str | None = None,
        dev_key: str | None = None,
        dev_secret: str | None = None,
        api_key: str | None = None,
        timeout: float = 10.0,
        max_retries: int = 2,
        transport: httpx2.BaseTransport | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        given = base_url, dev_key, dev_secret, api_key
        settings = configure(*given, os.environ, timeout=timeout, max_retries=max_retries)
        self._http = httpx2.Client(transport=transport, **_connection(settings))
        self._attach(SyncRunner(settings, self._http, sleep, jitter))

    @classmethod
    def in_sandbox(cls, base_url: str | None = None, **options: Any) -> Self:
        """A client with the public keys of the sandbox, which need no signing up.

        `options` are those of the client itself, such as `timeout`.
        """
        return cls(base_url, *SANDBOX, **options)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the connections."""
        self.close()


class AsyncWatchword(_Client[AsyncRunner]):
    """`Watchword` for asyncio: the same arguments and operations, awaited."""

    def __init__(
        self,
        base_url: str | None = None,
        dev_key: str | None = None,
        dev_secret: str | None = None,
        api_key: str | None = None,
        timeout: float = 10.0,
        max_retries: int = 2,
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        given = base_url, dev_key, dev_secret, api_key
        settings = configure(*given, os.environ, timeout=timeout, max_retries=max_retries)
        self._http = httpx2.AsyncClient(transport=transport, **_connection(settings))
        # Only who awaits needs asyncio, and has it: 30 ms of import for nobody else.
        sleep = sleep or importlib.import_module("asyncio").sleep
        self._attach(AsyncRunner(settings, self._http, sleep, jitter))

    @classmethod
    def in_sandbox(cls, base_url: str | None = None, **options: Any) -> Self:
        """A client with the public keys of the sandbox, which need no signing up.

        `options` are those of the client itself, such as `timeout`.
        """
        return cls(base_url, *SANDBOX, **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

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

"""The two clients: they hold the connection, the clock and the dice; `protocol.py` decides."""

import asyncio
import copy
import os
import random
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from watchword import endpoints, providers, resources
from watchword.errors import ConnectionFailed, TimedOut
from watchword.models import Health
from watchword.opt_outs import OptOuts
from watchword.protocol import Call, Exchange, Feed, Retry, Settings, configure
from watchword.resources import AsyncRunner, SyncRunner, W
from watchword.routes import Routes
from watchword.sandbox import Sandbox
from watchword.templates import Templates

SANDBOX = ("watchword_sandbox_demo", "watchword_sandbox_secret")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OK = 200
_RECONNECT = 1.0
_SILENCE = 45.0
"""Seconds; a stream says every 15 that it is alive."""
_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)


@dataclass
class _Blocking(SyncRunner):
    settings: Settings
    http: httpx2.Client
    sleep: Callable[[float], None]
    jitter: Callable[[], float]

    def run(self, call: Call[Any]) -> Any:
        exchange = Exchange(self.settings, call, uuid.uuid4().hex, self.jitter)
        while isinstance(step := self._send(exchange), Retry):
            self.sleep(step.after)
        return step

    def follow(self, feed: Feed[Any]) -> Iterator[Any]:
        while True:
            exchange = Exchange(self.settings, feed.call, "", self.jitter, feed.retries)
            step = Retry(0)
            try:
                with self.http.stream(**_streamable(exchange)) as answer:
                    if answer.status_code == _OK:
                        for line in answer.iter_lines():
                            if (event := feed.take(line)) is not None:
                                yield event
                    else:
                        content = answer.read()
                        step = exchange.answered(answer.status_code, answer.headers, content)
            except httpx2.RequestError as cause:
                exchange.retries = feed.retries
                step = exchange.failed(_translated(cause, exchange.settings))
            feed.retries = exchange.retries
            self.sleep(step.after or _RECONNECT)

    def _send(self, exchange: Exchange[Any]) -> Any:
        try:
            answer = self.http.request(**_sendable(exchange))
        except httpx2.RequestError as cause:
            return exchange.failed(_translated(cause, exchange.settings))
        return exchange.answered(answer.status_code, answer.headers, answer.content)


@dataclass
class _Awaiting(AsyncRunner):
    settings: Settings
    http: httpx2.AsyncClient
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]

    async def run(self, call: Call[Any]) -> Any:
        exchange = Exchange(self.settings, call, uuid.uuid4().hex, self.jitter)
        while isinstance(step := await self._send(exchange), Retry):
            await self.sleep(step.after)
        return step

    async def follow(self, feed: Feed[Any]) -> AsyncIterator[Any]:
        while True:
            exchange = Exchange(self.settings, feed.call, "", self.jitter, feed.retries)
            step = Retry(0)
            try:
                async with self.http.stream(**_streamable(exchange)) as answer:
                    if answer.status_code == _OK:
                        async for line in answer.aiter_lines():
                            if (event := feed.take(line)) is not None:
                                yield event
                    else:
                        content = await answer.aread()
                        step = exchange.answered(answer.status_code, answer.headers, content)
            except httpx2.RequestError as cause:
                exchange.retries = feed.retries
                step = exchange.failed(_translated(cause, exchange.settings))
            feed.retries = exchange.retries
            await self.sleep(step.after or _RECONNECT)

    async def _send(self, exchange: Exchange[Any]) -> Any:
        try:
            answer = await self.http.request(**_sendable(exchange))
        except httpx2.RequestError as cause:
            return exchange.failed(_translated(cause, exchange.settings))
        return exchange.answered(answer.status_code, answer.headers, answer.content)


class _Client(resources.Resource[W]):
    """What both clients have."""

    def _attach(self, runner: W) -> None:
        self._runner = runner
        self.messages: resources.Messages[W] = resources.Messages(runner)
        self.verifications: resources.Verifications[W] = resources.Verifications(runner)
        self.sandbox: Sandbox[W] = Sandbox(runner)
        self.inbox: resources.Inbox[W] = resources.Inbox(runner)
        self.templates: Templates[W] = Templates(runner)
        self.routes: Routes[W] = Routes(runner)
        self.opt_outs: OptOuts[W] = OptOuts(runner)
        self.keys: resources.Keys[W] = resources.Keys(runner)
        self.events: resources.Events[W] = resources.Events(runner)
        self.guard: resources.Guard[W] = resources.Guard(runner)
        self.projects: resources.Projects[W] = resources.Projects(runner)
        self.providers: providers.Providers[W] = providers.Providers(runner)
        self.webhooks: endpoints.Webhooks[W] = endpoints.Webhooks(runner)

    @resources.operation
    def health(self) -> Call[Health]:
        """Whether the server is up, and its version; the credentials do not matter."""
        return Call("GET", "/healthz", Health.from_wire, prefix="")

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
        self._attach(_Blocking(settings, self._http, sleep, jitter))

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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        given = base_url, dev_key, dev_secret, api_key
        settings = configure(*given, os.environ, timeout=timeout, max_retries=max_retries)
        self._http = httpx2.AsyncClient(transport=transport, **_connection(settings))
        self._attach(_Awaiting(settings, self._http, sleep, jitter))

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


def _sendable(exchange: Exchange[Any]) -> dict[str, Any]:
    return {**vars(exchange.request), "timeout": exchange.settings.timeout}


def _streamable(exchange: Exchange[Any]) -> dict[str, Any]:
    patience = max(exchange.settings.timeout, _SILENCE)
    return {**vars(exchange.request), "timeout": patience}


def _translated(cause: httpx2.RequestError, settings: Settings) -> ConnectionFailed:
    kind, text = ConnectionFailed, f"({type(cause).__name__}). Is watchword-server running there?"
    if isinstance(cause, httpx2.TimeoutException):
        kind, text = TimedOut, f"within {settings.timeout:g} s."
    maybe_processed = not isinstance(cause, _NEVER_SENT)
    error = kind(f"No answer from {settings.base_url} {text}", maybe_processed=maybe_processed)
    error.__cause__ = cause
    return error

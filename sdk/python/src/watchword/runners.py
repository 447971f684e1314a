"""What makes calls: the connection, the clock and the dice; `protocol.py` decides."""

import importlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx2

from watchword.errors import ConnectionFailed, TimedOut
from watchword.protocol import Call, Exchange, Feed, Listing, Retry, Settings

T = TypeVar("T")
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
class SyncRunner:
    """Runs calls and blocks."""

    settings: Settings
    http: httpx2.Client
    sleep: Callable[[float], None]
    jitter: Callable[[], float]

    def run(self, call: Call[Any]) -> Any:
        """The call's result."""
        exchange = Exchange(self.settings, call, os.urandom(16).hex(), self.jitter)
        while True:
            try:
                answer = self.http.request(**_sendable(exchange))
                step = exchange.answered(answer.status_code, answer.headers, answer.content)
            except httpx2.RequestError as cause:
                step = exchange.failed(_translated(cause, self.settings))
            if not isinstance(step, Retry):
                return step
            self.sleep(step.after)

    def items(self, rest: Listing[Any] | None) -> Iterator[Any]:
        """Every item of a list, page after page."""
        while rest:
            found, rest = rest.take(self.run(rest.call))
            yield from found

    def follow(self, feed: Feed[Any]) -> Iterator[Any]:
        """Everything a stream brings, over as many connections as it takes."""
        retries = 0
        while True:
            exchange = Exchange(self.settings, feed.call, "", self.jitter, retries)
            step = Retry(_RECONNECT)
            try:
                with self.http.stream(**_sendable(exchange, _SILENCE)) as answer:
                    if answer.status_code == _OK:
                        for line in answer.iter_lines():
                            exchange.retries = 0
                            if (event := feed.take(line)) is not None:
                                yield event
                    else:
                        content = answer.read()
                        step = exchange.answered(answer.status_code, answer.headers, content)
            except httpx2.RequestError as cause:
                step = exchange.failed(_translated(cause, self.settings))
            retries = exchange.retries
            self.sleep(step.after)


@dataclass
class AsyncRunner:
    """Runs calls and is awaited."""

    settings: Settings
    http: httpx2.AsyncClient
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]

    async def run(self, call: Call[Any]) -> Any:
        """The call's result."""
        exchange = Exchange(self.settings, call, os.urandom(16).hex(), self.jitter)
        while True:
            try:
                answer = await self.http.request(**_sendable(exchange))
                step = exchange.answered(answer.status_code, answer.headers, answer.content)
            except httpx2.RequestError as cause:
                step = exchange.failed(_translated(cause, self.settings))
            if not isinstance(step, Retry):
                return step
            await self.sleep(step.after)

    async def items(self, rest: Listing[Any] | None) -> AsyncIterator[Any]:
        """Every item of a list, page after page."""
        while rest:
            found, rest = rest.take(await self.run(rest.call))
            for item in found:
                yield item

    async def follow(self, feed: Feed[Any]) -> AsyncIterator[Any]:
        """Everything a stream brings, over as many connections as it takes."""
        retries = 0
        while True:
            exchange = Exchange(self.settings, feed.call, "", self.jitter, retries)
            step = Retry(_RECONNECT)
            try:
                async with self.http.stream(**_sendable(exchange, _SILENCE)) as answer:
                    if answer.status_code == _OK:
                        async for line in answer.aiter_lines():
                            exchange.retries = 0
                            if (event := feed.take(line)) is not None:
                                yield event
                    else:
                        content = await answer.aread()
                        step = exchange.answered(answer.status_code, answer.headers, content)
            except httpx2.RequestError as cause:
                step = exchange.failed(_translated(cause, self.settings))
            retries = exchange.retries
            await self.sleep(step.after)


async def asleep(seconds: float) -> None:
    """Wait.  Only who awaits needs asyncio, and has it: 30 ms of import for nobody else."""
    await importlib.import_module("asyncio").sleep(seconds)


def at_once(steps: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing, as with a client that blocks."""
    try:
        steps.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("it waits")


def _sendable(exchange: Exchange[Any], patience: float = 0.0) -> dict[str, Any]:
    return {**vars(exchange.request), "timeout": max(exchange.settings.timeout, patience)}


def _translated(cause: httpx2.RequestError, settings: Settings) -> ConnectionFailed:
    kind, text = ConnectionFailed, f"({type(cause).__name__}). Is watchword-server running there?"
    if isinstance(cause, httpx2.TimeoutException):
        kind, text = TimedOut, f"within {settings.timeout:g} s."
    maybe_processed = not isinstance(cause, _NEVER_SENT)
    error = kind(f"No answer from {settings.base_url} {text}", maybe_processed=maybe_processed)
    error.__cause__ = cause
    return error

"""A program that a test drives: its lines as they come, and its end by its own process id."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

PATIENCE_S = 60


class Program:
    """What it said on stdout, one JSON object per line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"{"):
                self.said.append(json.loads(line))
            async with self._news:
                self._news.notify_all()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.said if one["event"] == event]

    async def until(self, event: str, times: int = 1) -> dict[str, Any]:
        async with self._news, asyncio.timeout(PATIENCE_S):
            await self._news.wait_for(lambda: len(self.of(event)) >= times)
        return self.of(event)[times - 1]

    async def kill(self) -> None:
        """As `kill -9` does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._reading


@contextlib.asynccontextmanager
async def running(*words: str, **environment: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *words,
        env={**_plain(os.environ), **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    program = Program(process)
    try:
        yield program
    finally:
        await program.kill()


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("WATCHWORD_")}

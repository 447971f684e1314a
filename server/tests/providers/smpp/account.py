"""An SMPP account of a peer, and what comes in over it."""

import asyncio
import contextlib

import pytest

from providers import contract, vendor_peer
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers.smpp.provider import Settings, Smpp

PASSWORD = "s3cr3tpw"
MESSAGE = contract.message(
    to="+14155552671", channel="sms", subject=None, html=None, ttl_s=300,
    text=f"{contract.CODE} is your Acme code.",
)  # fmt: skip


def settings(peer, **changes):
    plain = {
        "host": peer.host, "port": peer.port, "system_id": "acme", "password": PASSWORD,
        "tls": False, "source": "+18005550100", "response_timeout_s": 5.0, "reconnect_s": 0.5,
    }  # fmt: skip
    return Settings(**{**plain, **changes})


class Told:
    """A listener that remembers; `refuse` makes it fail as a full disk would."""

    def __init__(self):
        self.heard = []
        self.refuse = False
        self.batches = 0
        self._news = asyncio.Condition()

    async def __call__(self, inbound):
        self.batches += 1
        if self.refuse:
            raise OSError("the disk is full")
        self.heard += inbound
        async with self._news:
            self._news.notify_all()

    async def until(self, count):
        async with self._news, asyncio.timeout(10):
            await self._news.wait_for(lambda: len(self.heard) >= count)
        return self.heard[count - 1]


@contextlib.asynccontextmanager
async def account(peer, now=None, **changes):
    """An adapter that opens a connection when it has to."""
    given = vendor_peer.setup() if now is None else vendor_peer.setup(now=now)
    smpp = Smpp(settings(peer, **changes), given)
    try:
        yield smpp
    finally:
        await smpp.aclose()


@contextlib.asynccontextmanager
async def listening(peer, told=None, **changes):
    """An adapter whose session runs."""
    async with account(peer, **changes) as smpp:
        running = asyncio.ensure_future(smpp.run(told or Told()))
        await asyncio.sleep(0)
        try:
            yield smpp
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def failure(smpp, message=MESSAGE):
    with pytest.raises((Rejected, Unavailable, Uncertain)) as caught:
        await smpp.send(message)
    return caught.value

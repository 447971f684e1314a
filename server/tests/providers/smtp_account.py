"""A mail account of a peer, and how a hand-over to it fails."""

import contextlib

import pytest

from providers import contract
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers.smtp import Settings, Smtp

MESSAGE = contract.message()
LOGIN = ("watchword", "correct-horse-battery")


def settings(peer, **changes):
    plain = {
        "host": peer.host,
        "port": peer.port,
        "security": peer.security,
        "ca_file": peer.ca_file,
        "from_address": "codes@acme.example",
        "timeout_s": 5.0,
    }
    return Settings(**{**plain, **changes})


@contextlib.asynccontextmanager
async def account(peer, **changes):
    smtp = Smtp(settings(peer, **changes))
    try:
        yield smtp
    finally:
        await smtp.aclose()


async def failure(smtp, message=MESSAGE):
    with pytest.raises((Rejected, Unavailable, Uncertain)) as caught:
        await smtp.send(message)
    return caught.value

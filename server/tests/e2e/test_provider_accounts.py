"""A running server takes up an account that another process has added, and lets go of it."""

import time
from collections.abc import Callable

import pytest

from e2e.deployment import Server, Site
from e2e.test_smtp import client_of
from providers.smtp_peer import SmtpPeer
from watchword import APIError, Message, Watchword

TRIES = 40
TICK_S = 0.05
"""Two seconds: a server looks for changes every 0.9 s."""


def answers(client: Watchword, number: int, wanted: type) -> bool:
    """Whether a code by email is taken (or refused, as wanted) within some tries."""
    for each in range(TRIES):
        try:
            said: object = client.messages.send(
                to=f"ada{number}-{each}@mail.test", template_id="otp-email"
            )
        except APIError as error:
            assert error.extra["reason"] == "no_provider_account"
            said = error
        if isinstance(said, wanted):
            return True
        time.sleep(TICK_S)
    return False


def follows(site: Site, server: Server, peer: SmtpPeer) -> None:
    settings = (
        f"host={peer.host}", f"port={peer.port}", "security=none",
        "from_address=codes@watchword.test",
    )  # fmt: skip
    given = [word for pair in settings for word in ("--set", pair)]
    with client_of(site, server) as client:
        assert answers(client, 0, APIError)
        site.command("providers", "add", "mail", "--provider", "smtp", *given)
        assert answers(client, 1, Message)
        site.command("providers", "update", "mail", "--disable")
        assert answers(client, 2, APIError)


def live(deploy: Callable[..., Site], *alterations: str) -> tuple[Site, Server]:
    site = deploy()
    site.command("projects", "set-mode", "default", "live")
    return site, site.serve(*alterations)


def test_a_running_server_follows_the_accounts(deploy: Callable[..., Site]) -> None:
    with SmtpPeer("none") as peer:
        site, server = live(deploy)
        follows(site, server, peer)
        assert server.stop() == 0
        assert peer.messages


def test_a_server_that_never_looks_again_mutant_is_caught(deploy: Callable[..., Site]) -> None:
    with SmtpPeer("none") as peer, pytest.raises(AssertionError):
        follows(*live(deploy, "never_look_for_accounts"), peer)

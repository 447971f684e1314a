"""kill -9 under load: what was accepted is neither lost nor stuck nor silently doubled.

A live project sends through a real SMTP peer.  The server is killed twenty times at points that
a seed sets by the number of accepted requests, and started again on the same file.  When no work
is left, three accounts must agree: what callers were told, what the peer received, and what the
API says.

The servers run with `quick` (alterations.py): a lease holds 2 s instead of 15, a hand-over may
take 1.5 s instead of 10, and a step waits 1 s instead of 60 before an uncertain one is sent once
more.  Nothing else differs from the product; without it each restart would cost minutes.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from e2e.deployment import Site, until
from e2e.outage import Outage
from e2e.wire import basic, connections, request, together
from providers.smtp_peer import SmtpPeer
from watchword_server.cli.hosting import run

TYPICAL, MANY, FEW = 20, 200, 4
ENDED = ("approved", "canceled")
TERMINAL = {"sent", "delivered", "undelivered", "failed", "unknown"}


@pytest.fixture(autouse=True)
def quiet() -> None:
    """A kill breaks connections to the peer, which it says at length."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)


def settings(peer: SmtpPeer) -> dict[str, str]:
    """Mail goes to the peer."""
    return {
        "smtp_host": peer.host, "smtp_port": str(peer.port), "smtp_ca_file": peer.ca_file,
        "smtp_from_address": "codes@watchword.test", "smtp_connections": "16",
    }  # fmt: skip


def settle(site: Site) -> None:
    """Wait until no work is pending."""
    until(lambda: site.rows("SELECT count(*) FROM work") == [(0,)], "the work is done")


async def as_the_api_says(outage: Outage) -> dict[str, dict[str, Any]]:
    """Every verification in the ledger, read through the API."""
    authorization = basic(outage.key)
    async with connections([outage.server.url], 8) as made:
        asked = [request("GET", f"/v1/messages/{id}", authorization) for id in outage.ledger]
        answers = await together(made, asked)
    assert {answer.status for answer in answers} == {200}
    return {answer.json["message_id"]: answer.json for answer in answers}


def received(peer: SmtpPeer) -> Counter[str]:
    """How often each delivery arrived, by its id in the Message-ID."""
    return Counter(
        mail.parsed["Message-ID"].strip("<>").partition("@")[0] for mail in peer.messages
    )


def inbox(peer: SmtpPeer) -> Callable[[str], bool]:
    """Tells whether an address has received anything."""
    seen: set[str] = set()
    unread = 0

    def has_mail(to: str) -> bool:
        nonlocal unread
        new = peer.messages[unread:]
        seen.update(mail.to for mail in new)
        unread += len(new)
        return to in seen

    return has_mail


def nothing_is_lost(outage: Outage, mails: Counter[str]) -> None:
    """The ledger, the mail server and the store agree."""
    said = run(as_the_api_says(outage))
    assert said.keys() == outage.ledger.keys()
    for id, told in outage.ledger.items():
        shown = said[id]
        deliveries = shown["deliveries"]
        ids = [each["delivery_id"] for each in deliveries]
        assert deliveries, f"{id} has no delivery"
        assert {each["status"] for each in deliveries} <= TERMINAL, f"{id} is stuck"
        assert shown["status"] != "failed"
        if told.approved:
            assert shown["status"] == "approved"
        if told.canceled:
            assert shown["status"] == "canceled"
        assert shown["checks"] >= told.wrong
        arrived = sum(mails[each] for each in ids)
        assert arrived or shown["status"] in ENDED, f"{id} was accepted and never sent"
        marked = [each["delivery_id"] for each in deliveries if each["maybe_duplicate"]]
        assert max(mails[each] for each in ids) <= 1, f"{id}: one delivery arrived twice"
        assert sum(mails[each] for each in ids if each not in marked) <= 1, f"{id} doubled"


def nothing_is_stuck(site: Site) -> None:
    """Also of sends that nobody was told about: no work is left, no delivery is queued."""
    assert site.rows("SELECT count(*) FROM work") == [(0,)]
    queued = site.rows("SELECT count(*) FROM deliveries WHERE status = 'queued'")
    assert queued == [(0,)]
    logs = "".join(server.process.logged() for server in site.servers)
    assert '"level": "error"' not in logs
    assert '"level": "critical"' not in logs


def account(site: Site, peer: SmtpPeer, kills: int, *alterations: str) -> None:
    """A run with so many kills, and the comparison after it."""
    outage = Outage.begin(site, inbox(peer), ("quick", *alterations), kills)
    run(outage.run())
    assert outage.killed == kills
    settle(site)
    assert outage.server.stop() == 0
    outage.server = site.serve("quick", *alterations)
    nothing_is_stuck(site)
    nothing_is_lost(outage, received(peer))
    assert not outage.refused, outage.refused
    assert outage.unanswered, "no kill met a request under way"
    marked = site.rows("SELECT count(*) FROM deliveries WHERE maybe_duplicate")[0][0]
    assert marked, "no kill met a hand-over under way"
    told = (outage.killed, outage.accepted, len(outage.ledger), outage.unanswered)
    print("kills {}, accepted {}, sends {}, unanswered {}".format(*told))
    print(f"mails {len(peer.messages)}, deliveries marked maybe_duplicate {marked}")


@pytest.mark.parametrize("kills", [TYPICAL, pytest.param(MANY, marks=pytest.mark.long)])
def test_nothing_accepted_is_lost(deploy: Callable[..., Site], kills: int) -> None:
    with SmtpPeer() as peer:
        account(deploy(**settings(peer)), peer, kills)


def test_a_mutant_is_caught(deploy: Callable[..., Site]) -> None:
    with SmtpPeer() as peer:
        site = deploy(**settings(peer))
        with pytest.raises(AssertionError, match=r"queued|stuck|never sent|== \[\(0,\)\]"):
            account(site, peer, FEW, "delete_at_claim")

"""kill -9 under load: what was accepted is neither lost nor stuck nor silently doubled.

A live project sends through a real SMTP peer.  The server is killed twenty times at points that
a seed sets by the number of accepted requests, and started again on the same file.  When no work
is left, three accounts must agree: what callers were told, what the peer received, and what the
API says.  In the second test half of the codes go to an SMSC, and a receiver of webhooks that
fails one call in five must have every event.

The servers run with `quick` (alterations.py): a lease holds 2 s instead of 15, a hand-over may
take 1.5 s instead of 10, and a step waits 1 s instead of 60 before an uncertain one is sent once
more.  Nothing else differs from the product; without it each restart would cost minutes.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from e2e.deployment import Server, Site, until
from e2e.hook_peer import HookPeer
from e2e.outage import Outage
from e2e.smsc_peer import SmscPeer
from e2e.wire import basic, connections, request, together
from providers.smtp_peer import SmtpPeer
from watchword_server.cli.hosting import run

TYPICAL, MANY, FEW = 20, 200, 4
SOME, FIFTY = 6, 50
TEN = ",".join(["0s", *["0.1s"] * 9])
"""As many attempts at a webhook as the product's own schedule has."""
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


# ---- SMTP, SMPP and webhooks together ------------------------------------------------------------


def with_everything(deploy: Callable[..., Site], mail: SmtpPeer, smsc: SmscPeer) -> Site:
    """A live project with a mail server and an SMSC."""
    site = deploy(**settings(mail), webhook_schedule=TEN)
    told = site.folder / "smsc.json"
    told.write_text(json.dumps(smsc.settings(response_timeout_s=5.0, reconnect_s=0.2)))
    words = ("--provider", "smpp", "--settings-file", str(told))
    site.command("providers", "add", "carrier", *words)
    return site


def hook(server: Server, key: dict[str, str], hooks: HookPeer) -> None:
    """Have every event posted."""

    async def ask() -> None:
        asked = request("POST", "/v1/webhook-endpoints", basic(key), {"url": hooks.url})
        async with connections([server.url], 1) as made:
            (answer,) = await together(made, [asked])
        assert answer.status < 300, answer.body

    run(ask())


def told_of_everything(site: Site, hooks: HookPeer) -> None:
    """The receiver of webhooks took every event since its endpoint was made."""
    query = "SELECT number FROM events WHERE number > (SELECT after FROM webhook_endpoints)"
    events = {row[0] for row in site.rows(query)}
    heads = (id.partition("-")[0].removeprefix("evt_") for id in hooks.taken)
    assert {int(head[16:], 16) & ~(1 << 63) for head in heads} == events


def posted(site: Site) -> None:
    """Wait until every event was given out and every webhook has ended."""
    owed = "SELECT count(*) FROM events WHERE number > (SELECT after FROM webhook_endpoints)"
    ended = "SELECT count(*) FROM webhook_deliveries WHERE status != 'pending'"
    until(lambda: site.rows(owed) == site.rows(ended), "every webhook ends", 0.2)


def nothing_is_lost_by_sms(outage: Outage, smsc: SmscPeer, said: dict[str, Any]) -> None:
    """The SMSC has what callers were told of, twice at most where that is marked."""
    by_sms = {id: told for id, told in outage.ledger.items() if told.to.startswith("+")}
    assert len(by_sms) > len(outage.ledger) / 3
    for id, told in by_sms.items():
        deliveries = said[id]["deliveries"]
        marked = sum(each["maybe_duplicate"] for each in deliveries)
        arrived = smsc.taken[told.to]
        assert {each["status"] for each in deliveries} <= TERMINAL, f"{id} is stuck"
        assert arrived or said[id]["status"] in ENDED, f"{id} was accepted and never sent"
        assert arrived <= 1 + marked, f"{id} doubled"


def account_for_everything(
    deploy: Callable[..., Site], kills: int, *alterations: str
) -> dict[str, int]:
    """A run with so many kills over all three, and the comparison after it."""
    with SmtpPeer() as mail, SmscPeer() as smsc, HookPeer(0.2, 8) as hooks:
        site = with_everything(deploy, mail, smsc)
        has_mail = inbox(mail)
        arrived = lambda to: smsc.taken[to] > 0 if to.startswith("+") else has_mail(to)  # noqa: E731
        outage = Outage.begin(site, arrived, ("quick", *alterations), kills)
        outage.by_sms = True
        hook(outage.server, outage.key, hooks)
        run(outage.run())
        assert outage.killed == kills
        settle(site)
        posted(site)
        said = run(as_the_api_says(outage))
        assert outage.server.stop() == 0
        nothing_is_stuck(site)
        mails = received(mail)
        for told in list(outage.ledger.values()):  # each is compared with what its peer received
            if told.to.startswith("+"):
                first = said[told.message_id]["deliveries"][0]["delivery_id"]
                mails[first] = min(1, smsc.taken[told.to])
        outage.server = site.serve("quick", *alterations)
        nothing_is_lost(outage, mails)
        nothing_is_lost_by_sms(outage, smsc, said)
        told_of_everything(site, hooks)
        assert not outage.refused, outage.refused
        marked = site.rows("SELECT count(*) FROM deliveries WHERE maybe_duplicate")[0][0]
        return {
            "kills": kills, "sends": len(outage.ledger), "mails": len(mail.messages),
            "sms": smsc.taken.total(), "twice by SMS": smsc.taken.total() - len(smsc.taken),
            "receipts": smsc.receipts, "webhooks": len(hooks.taken),
            "unanswered": outage.unanswered, "marked": marked,
        }  # fmt: skip


@pytest.mark.parametrize("kills", [SOME, pytest.param(FIFTY, marks=pytest.mark.long)])
def test_nothing_accepted_is_lost_by_mail_sms_or_webhook(
    deploy: Callable[..., Site], kills: int
) -> None:
    found = account_for_everything(deploy, kills)
    assert found["marked"], "no kill met a hand-over under way"
    print(found)


def test_without_kills_nothing_is_sent_twice(deploy: Callable[..., Site]) -> None:
    found = account_for_everything(deploy, 0)
    assert (found["marked"], found["twice by SMS"], found["unanswered"]) == (0, 0, 0)
    print(found)


def test_nothing_is_lost_by_mail_sms_or_webhook_mutant_is_caught(
    deploy: Callable[..., Site],
) -> None:
    with pytest.raises(AssertionError, match=r"queued|stuck|never sent|== \[\(0,\)\]"):
        account_for_everything(deploy, FEW, "delete_at_claim")

"""Mail that bounces, from the mail server and back: the delivery is undelivered, the route goes on.

Real mail servers on both sides: what leaves is read from a peer's mailbox, and what comes back was
written to the address that the mail had left with.
"""

from contextlib import asynccontextmanager

import pytest

from providers.smtp_account import settings as account_settings
from providers.smtp_peer import SmtpPeer
from providers.test_smtp_bounces import SAMPLES
from services.desk import GENEROUS, PHONE, Desk
from watchword_server.domain.channel import Channel
from watchword_server.domain.project import Mode
from watchword_server.domain.template import Content, Status, Template
from watchword_server.ports.providers import Callback, Forged
from watchword_server.providers.smtp import Smtp, bounces
from watchword_server.services.bouncing import Bounced
from watchword_server.testing import FakeProvider, open_runtime

ADA = "ada@mail.test"
BOUNCES = {"bounce_address": "bounces@mail.acme.example", "bounce_secret": "a secret of ours"}


@asynccontextmanager
async def post_office(folder, clock, peer, **changes):
    """A desk whose mail goes to a peer, with a template for email and SMS."""
    smtp = Smtp(account_settings(peer, **(BOUNCES | changes)))
    sms = FakeProvider(name="sms carrier", channels=["sms"])
    async with open_runtime(folder, clock=clock, outside=(smtp, sms)) as runtime:
        project = await runtime.services.projects.create("shop", Mode.LIVE)
        await runtime.services.projects.update(project.id, None, None, GENEROUS)
        desk = Desk(runtime, clock, await runtime.operator("shop"), sms, sms, sms)
        contents = {
            Channel.SMS: {"default": Content("Your Acme code is {{code}}.")},
            Channel.EMAIL: {"default": Content("Your Acme code is {{code}}.", subject="Acme code")},
        }
        template = Template("both", (Channel.EMAIL, Channel.SMS), contents, brand_name="Acme")
        await runtime.services.templates.create(desk.caller, template)
        review = runtime.services.templates.review
        await review(desk.caller, "both", Status.APPROVED, "so it is", None)
        yield desk


async def start(desk):
    return await desk.start(PHONE, template="both", route="email|sms", alternate_email=ADA)


def bounce(name, sender):
    """A mail that came back to the address another had left with."""
    body = (SAMPLES / name).read_text("utf-8").replace("{bounce}", sender).encode()
    return Callback(
        method="POST", url="", query={}, headers={"content-type": "message/rfc822"}, body=body
    )


async def comes_back_and_falls_back(folder, clock):
    with SmtpPeer() as peer:
        async with post_office(folder, clock, peer) as desk:
            verification = await start(desk)
            await desk.deliver()
            assert await desk.deliveries(verification) == ["email sent"]
            sender = peer.messages[0].mail_from
            take = desk.runtime.bouncing.take
            for name in ("postfix-delayed.eml", "vacation.eml"):
                assert await take(None, "smtp", bounce(name, sender)) is Bounced.NOTHING
            await desk.deliver()
            assert await desk.deliveries(verification) == ["email sent"]
            assert await take(None, "smtp", bounce("exim-failed.eml", sender)) is Bounced.TAKEN
            await desk.deliver()
            assert await desk.deliveries(verification) == ["email undelivered", "sms sent"]
            for _ in range(2):  # told again, and too late
                await take(None, "smtp", bounce("exim-failed.eml", sender))
                await take(None, "smtp", bounce("postfix-delivered.eml", sender))
            await desk.deliver()
            assert await desk.deliveries(verification) == ["email undelivered", "sms sent"]
            assert (await desk.check(verification, desk.code)).verified
            mailed = (await desk.timeline(verification)).deliveries[0]
            assert (mailed.reason, ADA in (mailed.raw or "")) == ("unreachable", False)


async def test_a_mail_that_bounces_is_undelivered_and_the_route_falls_back(tmp_path, clock):
    await comes_back_and_falls_back(tmp_path, clock)


async def test_a_reader_that_hears_no_bounces_is_caught(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(bounces, "_report", lambda delivery, header, body: None)
    with pytest.raises(AssertionError):
        await comes_back_and_falls_back(tmp_path, clock)


async def test_a_bounce_to_an_address_that_was_not_made_here_changes_nothing(tmp_path, clock):
    with SmtpPeer() as peer:
        async with post_office(tmp_path, clock, peer) as desk:
            verification = await start(desk)
            await desk.deliver()
            forged = f"bounces+{'a' * 40}@mail.acme.example"
            with pytest.raises(Forged):
                await desk.runtime.bouncing.take(None, "smtp", bounce("exim-failed.eml", forged))
            await desk.deliver()
            assert await desk.deliveries(verification) == ["email sent"]


async def test_a_bounce_of_a_delivery_that_nobody_knows_is_to_come_again(tmp_path, clock):
    with SmtpPeer() as peer:
        async with post_office(tmp_path, clock, peer) as desk:
            smtp = desk.runtime.accounts.named(b"", "smtp")
            sender = smtp._verp.address("dlv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60")
            take = desk.runtime.bouncing.take
            assert await take(None, "smtp", bounce("exim-failed.eml", sender)) is Bounced.UNKNOWN
            with pytest.raises(LookupError):
                await take(None, "pigeon", bounce("exim-failed.eml", sender))


async def test_a_greylisted_mail_falls_back_at_once_and_the_next_one_passes(tmp_path, clock):
    with SmtpPeer(answers={"RCPT": ["451 4.7.1 greylisted"]}) as peer:
        async with post_office(tmp_path, clock, peer) as desk:
            verification = await start(desk)
            await desk.deliver()
            assert await desk.deliveries(verification) == ["email failed", "sms sent"]
            first = (await desk.timeline(verification)).deliveries[0]
            assert first.reason == "throttled"
            assert peer.recipients == 1
            desk.later(120)
            await desk.resend(verification, "email")
            await desk.deliver()
            assert (await desk.deliveries(verification))[2:] == ["email sent"]
            assert len(peer.messages) == 1
            assert desk.code in peer.messages[0].text

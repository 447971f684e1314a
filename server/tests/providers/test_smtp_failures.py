"""What each failure of a hand-over by mail means, and that none shows what it must hide."""

import asyncio
import contextlib

import pytest

from providers import contract
from providers.contract import CODE, ProviderContract, Situation
from providers.smtp_account import LOGIN, MESSAGE, account, failure, settings
from providers.smtp_peer import DROP, HANG, SmtpPeer
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers.smtp import Smtp, Stage, answered


async def refusal(answer, step="RCPT", message=MESSAGE, **changes):
    """What it means when the server says this at that step."""
    # A hung one is timed, so that it does without the time that TLS takes.
    with SmtpPeer("none" if answer == HANG else "starttls", answers={step: [answer]}) as peer:
        async with account(peer, **changes) as smtp:
            error = await failure(smtp, message)
            assert peer.messages == []
            return error


# ---- the contract ---------------------------------------------------------------------------

ECHO = f"<{MESSAGE.to}> <{MESSAGE.to.upper()}> rosalind=lab.example.com code {CODE}"


class TestContract(ProviderContract):
    @pytest.fixture
    def situations(self):
        with contextlib.ExitStack() as stack:

            def situation(ends_in, peer, **changes):
                peer = stack.enter_context(peer)
                configured = settings(peer, **changes)
                return Situation(lambda: Smtp(configured), ends_in, secrets=LOGIN[1:])

            def always(step, answer, security="starttls"):
                return SmtpPeer(security, answers={step: [answer] * 50}, login=LOGIN)

            right = {"username": LOGIN[0], "password": LOGIN[1]}
            hasty = {**right, "timeout_s": 0.3}
            yield {
                "taken": situation(Receipt, SmtpPeer(login=LOGIN), **right),
                "refused": situation(Rejected, always("RCPT", f"550 5.1.1 {ECHO}"), **right),
                "deferred": situation(Unavailable, always("MAIL", f"451 4.3.0 {ECHO}"), **right),
                "garbled": situation(Unavailable, always("RCPT", f"{ECHO}"), **right),
                "dropped": situation(Unavailable, always("RCPT", DROP), **right),
                "greeted badly": situation(Unavailable, always("GREETING", f"554 {ECHO}"), **right),
                "locked out": situation(
                    Unavailable, SmtpPeer(login=LOGIN), username="eve", password=LOGIN[1]
                ),
                "spam": situation(Rejected, always("CONTENT", f"554 5.7.1 {ECHO}"), **right),
                "hung": situation(Uncertain, always("CONTENT", HANG, "none"), **hasty),
                "cut after": situation(Uncertain, always("CONTENT", DROP), **right),
                "garbled after": situation(Uncertain, always("CONTENT", f"{ECHO}"), **right),
            }


# ---- refusals -------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_greylisted_message_is_throttled_and_taken_the_next_time():
    with SmtpPeer(answers={"RCPT": ["451 4.7.1 greylisted, try again"]}) as peer:
        async with account(peer) as smtp:
            error = await failure(smtp)
            assert (type(error), error.reason) == (Unavailable, Reason.THROTTLED)
            assert error.raw == "451 4.7.1 greylisted, try again"
            await smtp.send(MESSAGE)
        assert CODE in peer.messages[0].text
        assert peer.connections == 1


@pytest.mark.asyncio
async def test_an_unknown_mailbox_is_an_invalid_recipient_and_masked_in_raw():
    error = await refusal(f"550 5.1.1 <{MESSAGE.to}>: no rosalind here, code {CODE} lost")
    assert (type(error), error.reason) == (Rejected, Reason.INVALID_RECIPIENT)
    assert error.raw == "550 5.1.1 <r***@l***.com>: no r*** here, code *** lost"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("to", "echo"),
    [
        ("al@lab.example.com", "AL@Lab.Example.com"),
        ("rosalind@lab.example.com", "bounce+rosalind=lab.example.com@relay.example"),
        ("rosalind@lab.example.com", "ROSALIND"),
        ("rosalind@büro.example", "rosalind@xn--bro-hoa.example"),
        ("rosalind@lab.example.com", "_rosalind@lab.example.com_"),
    ],
)
async def test_an_address_is_masked_however_it_is_spelled(to, echo):
    error = await refusal(f"550 5.1.1 {echo}", message=contract.message(to=to))
    assert "rosalind" not in error.raw.lower()
    assert "al@lab" not in error.raw.lower()


@pytest.mark.asyncio
async def test_raw_is_cut_at_200_characters_after_masking():
    error = await refusal(f"550 5.1.1 {'x' * 178} <{MESSAGE.to}>")
    assert len(error.raw) == 200
    assert "rosal" not in error.raw


S, C, R = Reason, Stage.CONTENT, Stage.RCPT
MEANINGS = [
    (R, "550 5.1.1 unknown", Rejected, S.INVALID_RECIPIENT),
    (R, "550 5.1.10 null MX", Rejected, S.INVALID_RECIPIENT),
    (R, "550 no such user", Rejected, S.INVALID_RECIPIENT),
    (R, "553 5.1.3 bad syntax", Rejected, S.INVALID_RECIPIENT),
    (R, "550 5.1.8 your domain", Rejected, S.SENDER_REJECTED),
    (R, "550 5.2.1 disabled", Rejected, S.UNREACHABLE),
    (R, "552 5.2.2 mailbox full", Rejected, S.UNREACHABLE),
    (R, "552 mailbox full", Rejected, S.UNREACHABLE),
    (R, "550 5.4.4 unable to route", Rejected, S.UNREACHABLE),
    (R, "554 5.7.1 relay access denied", Rejected, S.SENDER_REJECTED),
    (R, "550 5.7.26 unauthenticated", Rejected, S.SENDER_REJECTED),
    (R, "503 5.5.1 bad sequence", Rejected, S.OTHER),
    (R, "599 what", Rejected, S.OTHER),
    (R, "530 5.7.0 must authenticate", Unavailable, S.MISCONFIGURED),
    (R, "550 5.7.28 mail flood", Unavailable, S.THROTTLED),
    (R, "450 4.2.1 receiving too fast", Unavailable, S.UNREACHABLE),
    (R, "451 4.7.1 greylisted", Unavailable, S.THROTTLED),
    (R, "451 later", Unavailable, S.THROTTLED),
    (R, "452 4.3.1 disk full", Unavailable, S.PROVIDER_DOWN),
    (R, "421 4.3.2 going down", Unavailable, S.PROVIDER_DOWN),
    (Stage.MAIL, "550 5.1.0 sender", Rejected, S.SENDER_REJECTED),
    (Stage.MAIL, "553 not yours", Rejected, S.SENDER_REJECTED),
    (Stage.MAIL, "452 4.3.1 disk full", Unavailable, S.PROVIDER_DOWN),
    (Stage.MAIL, "450 4.1.8 no such domain", Unavailable, S.SENDER_REJECTED),
    (Stage.DATA, "554 no valid recipients", Rejected, S.CONTENT_REJECTED),
    (C, "554 5.7.1 spam", Rejected, S.CONTENT_REJECTED),
    (C, "550 5.6.0 bad MIME", Rejected, S.CONTENT_REJECTED),
    (C, "552 5.3.4 too big", Rejected, S.CONTENT_REJECTED),
    (C, "550 5.1.1 unknown after all", Rejected, S.INVALID_RECIPIENT),
    (C, "554 no", Rejected, S.CONTENT_REJECTED),
    (C, "451 4.3.0 try later", Unavailable, S.PROVIDER_DOWN),
    (C, "421 4.3.2 going down", Unavailable, S.PROVIDER_DOWN),
    (Stage.CONNECT, "554 no service here", Unavailable, S.PROVIDER_DOWN),
    (Stage.LOGIN, "535 5.7.8 wrong", Unavailable, S.MISCONFIGURED),
    (Stage.LOGIN, "454 4.7.0 try later", Unavailable, S.PROVIDER_DOWN),
]


@pytest.mark.parametrize(("stage", "said", "kind", "reason"), MEANINGS)
def test_what_a_refusal_means(stage, said, kind, reason):
    code, _, text = said.partition(" ")
    error = answered(stage, int(code), text, said)
    assert (type(error), error.reason, error.raw) == (kind, reason, said)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("step", "said", "kind", "reason"),
    [
        ("GREETING", "554 5.3.2 no service", Unavailable, Reason.PROVIDER_DOWN),
        ("GREETING", DROP, Unavailable, Reason.PROVIDER_DOWN),
        ("EHLO", "550 go away", Unavailable, Reason.PROVIDER_DOWN),
        ("MAIL", "421 4.7.0 too many", Unavailable, Reason.PROVIDER_DOWN),
        ("MAIL", "550 5.7.1 not you", Rejected, Reason.SENDER_REJECTED),
        ("MAIL", DROP, Unavailable, Reason.PROVIDER_DOWN),
        ("RCPT", DROP, Unavailable, Reason.PROVIDER_DOWN),
        ("RCPT", "gibberish", Unavailable, Reason.PROVIDER_DOWN),
        ("DATA", "451 4.3.0 not now", Unavailable, Reason.PROVIDER_DOWN),
        ("DATA", "421 4.3.2 bye", Unavailable, Reason.PROVIDER_DOWN),
        ("DATA", DROP, Unavailable, Reason.PROVIDER_DOWN),
        ("CONTENT", "554 5.7.1 spam", Rejected, Reason.CONTENT_REJECTED),
        ("CONTENT", "421 4.3.2 bye", Unavailable, Reason.PROVIDER_DOWN),
    ],
)
async def test_a_refusal_on_the_wire(step, said, kind, reason):
    error = await refusal(said, step)
    assert (type(error), error.reason) == (kind, reason)


# ---- silence --------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("said", [DROP, HANG, "gibberish", "354 go on"])
async def test_without_an_answer_after_the_content_nobody_knows(said):
    assert type(await refusal(said, "CONTENT", timeout_s=0.3)) is Uncertain


@pytest.mark.asyncio
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_silence_before_the_content_has_sent_nothing(step):
    error = await refusal(HANG, step, timeout_s=0.3)
    assert (type(error), error.reason) == (Unavailable, Reason.TIMED_OUT)


@pytest.mark.asyncio
async def test_a_server_that_does_not_greet_is_down():
    error = await refusal(HANG, "GREETING", timeout_s=0.3)
    assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_a_server_that_is_not_there_is_down(host):
    with SmtpPeer() as peer:
        configured = settings(peer, host=host)
        peer.stop()
        error = await failure(Smtp(configured))
        peer.start()
    assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)


@pytest.mark.asyncio
async def test_the_timeout_covers_the_wait_for_a_free_connection():
    with SmtpPeer(answers={"CONTENT": [HANG]}) as peer:
        async with account(peer, connections=1, timeout_s=0.3) as smtp:
            first, second = await asyncio.gather(
                smtp.send(MESSAGE), smtp.send(MESSAGE), return_exceptions=True
            )
    assert type(first) is Uncertain
    assert type(second) is Unavailable

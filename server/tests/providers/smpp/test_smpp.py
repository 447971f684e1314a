"""The adapter against an SMSC that answers as a test says: what each failure means."""

import asyncio
import contextlib

import pytest

from providers import contract
from providers.contract import CODE, Situation
from providers.smpp import smsc_peer
from providers.smpp.account import MESSAGE, PASSWORD, Told, account, failure, listening, settings
from providers.smpp.smsc_peer import HANG_UP, SILENCE, Smsc
from providers.smpp.test_receipts import receipt
from providers.vendor_peer import setup
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.inbound import Incoming
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers.smpp import provider
from watchword_server.providers.smpp import status as statuses
from watchword_server.providers.smpp.pdu import Command, Pdu, Short, Taken
from watchword_server.providers.smpp.provider import Smpp, validity
from watchword_server.providers.smpp.session import Session
from watchword_server.providers.smpp.settings import Ids
from watchword_server.providers.smpp.status import Status
from watchword_server.providers.smpp.text import Long

LONG = MESSAGE.text + " " + "x" * 300


def long_message():
    return contract.message(to=MESSAGE.to, channel="sms", text=LONG)


class TestTheContract(contract.ProviderContract):
    @pytest.fixture
    async def situations(self):
        ends = {
            "taken": ("m1", Receipt), "refused": (Status.ESME_RINVDSTADR, Rejected),
            "a vendor's own number": (0x0412, Rejected),
            "throttled": (Status.ESME_RTHROTTLED, Unavailable), "silent": (SILENCE, Uncertain),
            "hangs up": (HANG_UP, Uncertain),
        }  # fmt: skip
        async with contextlib.AsyncExitStack() as stack:
            made = {}
            for name, (said, end) in ends.items():
                peer = await stack.enter_async_context(Smsc())
                peer.on_submit = lambda short, said=said: said
                made[name] = self.situation(peer, end)
            shut = await stack.enter_async_context(Smsc(bind=Status.ESME_RINVPASWD))
            made["shut out"] = self.situation(shut, Unavailable)
            async with Smsc() as gone:
                pass
            made["nobody there"] = self.situation(gone, Unavailable)
            yield made

    @staticmethod
    def situation(peer, end):
        return Situation(
            make=lambda: Smpp(settings(peer, response_timeout_s=0.2), setup()),
            ends_in=end, message=MESSAGE, secrets=(PASSWORD,),
        )  # fmt: skip


# ---- what is handed over --------------------------------------------------------------------


async def test_the_code_arrives_as_it_was_written():
    async with Smsc() as smsc, account(smsc) as smpp:
        receipt = await smpp.send(MESSAGE)
    (short,) = smsc.submitted
    assert short.short_message.decode("ascii") == f"{CODE} is your Acme code."
    assert (short.dest_ton, short.dest_npi, short.dest) == (1, 1, "14155552671")
    assert (short.source_ton, short.source_npi, short.source) == (1, 1, "18005550100")
    assert (short.registered_delivery, short.validity_period) == (1, "000000000500000R")
    assert receipt == Receipt(reference="m1")


@pytest.mark.parametrize(
    ("source", "ton", "npi", "address"),
    [("Acme", 5, 0, "Acme"), ("12345", 3, 0, "12345"), ("+4912345", 1, 1, "4912345"),
     ("4915112345678", 1, 1, "4915112345678"), ("", 0, 0, "")],
)  # fmt: skip
async def test_the_sender_is_what_its_form_says(source, ton, npi, address):
    peer = type("Peer", (), {"host": "127.0.0.1", "port": 1})
    assert settings(peer, source=source).sender == (ton, npi, address)
    assert settings(peer, source=source, source_ton=6, source_npi=8).sender == (6, 8, address)


async def test_of_a_long_message_the_last_part_asks_for_a_receipt():
    async with Smsc() as smsc, account(smsc) as smpp:
        receipt = await smpp.send(long_message())
    assert [short.registered_delivery for short in smsc.submitted] == [0, 0, 1]
    assert receipt.reference == "m3"
    assert "".join(short.short_message[6:].decode() for short in smsc.submitted) == LONG


@pytest.mark.parametrize("method", [Long.SAR, Long.PAYLOAD, Long.UDH16])
async def test_a_long_message_goes_the_way_it_is_set_to(method):
    async with Smsc() as smsc, account(smsc, long_messages=method) as smpp:
        await smpp.send(long_message())
    assert len(smsc.submitted) == (1 if method is Long.PAYLOAD else 3)


def test_a_validity_period_is_as_long_as_the_code_is_good():
    assert validity(0) == ""
    assert validity(90_061) == "000001010101000R"


# ---- what a failure means -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [*sorted(set(Status) - {Status.ESME_ROK}), 0x400, 0xFFFFFFFF])
async def test_every_status_is_one_of_ours(status):
    async with Smsc() as smsc, account(smsc) as smpp:
        smsc.on_submit = lambda short: status
        error = await failure(smpp)
    assert not isinstance(error, Uncertain)
    assert error.raw == statuses.raw(status)
    known = {**statuses.REFUSED, **statuses.UNAVAILABLE}
    assert error.reason is known.get(status, Reason.OTHER)


def test_a_vendors_own_number_is_kept():
    assert statuses.refusal(0x0412).raw == "ESME_0x00000412"
    assert statuses.refusal(0x0412).reason is Reason.OTHER


async def test_a_wrong_password_is_a_misconfiguration():
    async with Smsc(bind=Status.ESME_RINVPASWD) as smsc, account(smsc) as smpp:
        error = await failure(smpp)
        checkup = await smpp.checkup()
    assert (type(error), error.reason) == (Unavailable, Reason.MISCONFIGURED)
    assert (checkup.ok, checkup.detail) == (False, "Not bound: ESME_RINVPASWD.")


async def test_what_was_written_and_not_answered_is_uncertain():
    async with Smsc() as smsc, account(smsc, response_timeout_s=0.1) as smpp:
        smsc.on_submit = lambda short: SILENCE
        error = await failure(smpp)
    assert (type(error), error.raw) == (Uncertain, "no answer in time")


async def test_what_was_written_is_uncertain_also_where_time_runs_out_first(monkeypatch):
    monkeypatch.setattr(provider, "_PATIENCE_S", 0.2)
    async with Smsc() as smsc, account(smsc) as smpp:
        smsc.on_submit = lambda short: SILENCE
        error = await failure(smpp)
    assert (type(error), error.raw) == (Uncertain, "the hand-over took too long")


async def test_what_never_got_into_the_window_was_not_sent(monkeypatch):
    async with Smsc() as smsc, account(smsc, window=1) as smpp:
        smsc.on_submit = lambda short: SILENCE
        first = asyncio.ensure_future(smpp.send(MESSAGE))
        await smsc.until(Command.SUBMIT_SM)
        monkeypatch.setattr(provider, "_PATIENCE_S", 0.2)
        error = await failure(smpp)
        smsc.say(taken(smsc.of(Command.SUBMIT_SM)[0]))
        await first
    assert (type(error), error.reason) == (Unavailable, Reason.TIMED_OUT)
    assert len(smsc.submitted) == 1


async def test_what_was_written_before_the_connection_broke_is_uncertain():
    async with Smsc() as smsc, account(smsc) as smpp:
        smsc.on_submit = lambda short: HANG_UP
        assert type(await failure(smpp)) is Uncertain


async def test_when_some_parts_were_taken_nobody_says_nothing_was_sent():
    async with Smsc() as smsc, account(smsc) as smpp:
        smsc.on_submit = lambda short: "m1" if len(smsc.submitted) == 1 else Status.ESME_RTHROTTLED
        error = await failure(smpp, long_message())
    assert (type(error), error.raw) == (Uncertain, "only some parts were taken: ESME_RTHROTTLED")


async def test_an_smsc_that_forgot_the_bind_is_bound_to_again():
    async with Smsc() as smsc, account(smsc) as smpp:
        smsc.on_submit = lambda short: Status.ESME_RINVBNDSTS
        assert (await failure(smpp)).reason is Reason.PROVIDER_DOWN
        smsc.on_submit = lambda short: "m2"
        assert (await smpp.send(MESSAGE)).reference == "m2"
    assert smsc.connections == 2


# ---- pace -------------------------------------------------------------------------------------


async def test_a_throttled_account_rests_twice_as_long_each_time():
    time = [1_000_000]
    async with Smsc() as smsc, account(smsc, now=lambda: time[0]) as smpp:
        smsc.on_submit = lambda short: Status.ESME_RTHROTTLED
        for rest_ms in (1_000, 2_000, 4_000):
            error = await failure(smpp)
            assert (type(error), error.reason) == (Unavailable, Reason.THROTTLED)
            asked = len(smsc.submitted)
            time[0] += rest_ms - 1
            assert (await failure(smpp)).raw == "resting after the SMSC throttled"
            assert len(smsc.submitted) == asked  # it was not asked at all
            time[0] += 1
        smsc.on_submit = lambda short: "m"
        await smpp.send(MESSAGE)
        smsc.on_submit = lambda short: Status.ESME_RMSGQFUL
        await failure(smpp)
        time[0] += 1_000  # a message that was taken ended it: the first rest is short again
        smsc.on_submit = lambda short: "m"
        await smpp.send(MESSAGE)


async def test_no_more_await_an_answer_than_the_window_lets():
    async with Smsc() as smsc, account(smsc, window=3) as smpp:
        smsc.on_submit = lambda short: SILENCE
        sends = [asyncio.ensure_future(smpp.send(MESSAGE)) for _ in range(5)]
        await smsc.until(Command.SUBMIT_SM, 3)
        await smpp.checkup()  # round trip: whatever was written by now has arrived
        assert len(smsc.submitted) == 3
        for pdu in smsc.of(Command.SUBMIT_SM):
            smsc.say(taken(pdu))
        await smsc.until(Command.SUBMIT_SM, 5)
        for pdu in smsc.of(Command.SUBMIT_SM)[3:]:
            smsc.say(taken(pdu))
        assert len(await asyncio.gather(*sends)) == 5


def taken(pdu):
    body = Taken(message_id=f"m{pdu.sequence}")
    return Pdu(command=Command.SUBMIT_SM_RESP, sequence=pdu.sequence, body=body)


async def test_a_rate_that_is_too_slow_for_what_waits_is_said():
    async with Smsc() as smsc, account(smsc, per_second=0.1) as smpp:
        await smpp.send(MESSAGE)
        error = await failure(smpp)
    assert (type(error), error.reason) == (Unavailable, Reason.THROTTLED)
    assert len(smsc.submitted) == 1


# ---- what comes in ----------------------------------------------------------------------------


async def acknowledges_what_is_durable():
    told = Told()
    async with Smsc() as smsc, listening(smsc, told) as smpp:
        sent = await smpp.send(MESSAGE)
        told.refuse = True
        refused = await smsc.deliver(receipt("UNDELIV", message_id=sent.reference))
        assert (refused.status, told.heard) == (Status.ESME_RX_T_APPN, [])
        told.refuse = False
        kept = await smsc.deliver(receipt("UNDELIV", message_id=sent.reference))
        assert kept.status == Status.ESME_ROK
    (report,) = told.heard
    assert report.references == (sent.reference,)
    assert report.status is DeliveryStatus.UNDELIVERED


async def test_a_receipt_is_acknowledged_once_it_is_durable():
    await acknowledges_what_is_durable()


async def test_an_adapter_that_acknowledges_at_once_is_caught(monkeypatch):
    deliver_to = Session._deliver_to

    def hasty(self, listener):
        deliver = deliver_to(self, listener)

        async def at_once(batch):
            await deliver(batch)
            return True

        return at_once

    monkeypatch.setattr(Session, "_deliver_to", hasty)
    with pytest.raises(AssertionError):
        await acknowledges_what_is_durable()


async def test_one_that_cannot_be_kept_does_not_hold_up_the_others():
    class Picky(Told):
        async def __call__(self, inbound):
            if any(isinstance(one, Incoming) for one in inbound):
                raise ValueError
            await super().__call__(inbound)

    told = Picky()
    async with Smsc() as smsc, listening(smsc, told) as smpp:
        await smpp.send(MESSAGE)
        answers = await asyncio.gather(
            smsc.deliver(receipt(message_id="1")),
            smsc.deliver(Short(source="14155552671", short_message=b"STOP")),
            smsc.deliver(receipt(message_id="2")),
        )
    assert [one.status for one in answers] == [0, Status.ESME_RX_T_APPN, 0]
    assert [one.references for one in told.heard] == [("1",), ("2",)]


async def test_a_flood_is_sent_back_to_the_smsc_and_not_held():
    class Slow(Told):
        gate = asyncio.Event()

        async def __call__(self, inbound):
            await self.gate.wait()
            await super().__call__(inbound)

    told = Slow()
    told.gate = asyncio.Event()
    async with Smsc() as smsc, listening(smsc, told) as smpp:
        await smpp.send(MESSAGE)
        flood = [asyncio.ensure_future(smsc.deliver(receipt())) for _ in range(600)]
        await smsc.until(Command.DELIVER_SM_RESP, 200)
        sent_back = len(smsc.of(Command.DELIVER_SM_RESP))
        told.gate.set()
        answers = await asyncio.gather(*flood)
    kept = [one for one in answers if one.status == Status.ESME_ROK]
    assert {one.status for one in answers} == {Status.ESME_ROK, Status.ESME_RX_T_APPN}
    assert len(kept) == len(told.heard) <= 600 - sent_back


async def test_what_is_under_way_is_answered_before_goodbye_is_said():
    async with Smsc() as smsc, account(smsc) as smpp:
        smsc.on_submit = lambda short: SILENCE
        sending = asyncio.ensure_future(smpp.send(MESSAGE))
        asked = await smsc.until(Command.SUBMIT_SM)
        closing = asyncio.ensure_future(smpp.aclose())
        await asyncio.sleep(0)
        smsc.say(taken(asked))
        assert (await sending).reference
        await closing
    assert smsc.of(Command.UNBIND)


async def test_the_same_answer_twice_is_two_messages():
    told = Told()
    async with Smsc() as smsc, listening(smsc, told) as smpp:
        await smpp.send(MESSAGE)
        for _ in range(2):
            await smsc.deliver(Short(source="14155552671", short_message=b"STOP"))
    assert [one.text for one in told.heard] == ["STOP", "STOP"]
    assert len({one.reference for one in told.heard}) == 2


async def test_an_answer_that_was_too_late_still_ties_its_receipt_to_the_delivery():
    told = Told()
    async with Smsc() as smsc, listening(smsc, told, response_timeout_s=0.1) as smpp:
        smsc.on_submit = lambda short: SILENCE
        assert type(await failure(smpp)) is Uncertain
        smsc.say(taken(smsc.of(Command.SUBMIT_SM)[0]))
        await smsc.deliver(receipt(message_id=f"m{smsc.of(Command.SUBMIT_SM)[0].sequence}"))
    (report,) = told.heard
    assert report.references[1] == MESSAGE.id


async def test_ids_in_hexadecimal_are_remembered_as_receipts_write_them():
    told = Told()
    async with Smsc() as smsc, listening(smsc, told, message_ids=Ids.HEX_THEN_DECIMAL) as smpp:
        smsc.on_submit = lambda short: "00007F3A"
        sent = await smpp.send(MESSAGE)
        await smsc.deliver(receipt(message_id="0000032570"))
    assert told.heard[0].references == (sent.reference,)


# ---- the session ------------------------------------------------------------------------------


async def test_whoever_does_not_listen_binds_as_a_transmitter():
    async with Smsc() as smsc:
        async with account(smsc) as smpp:
            await smpp.send(MESSAGE)
            await smpp.send(MESSAGE)
        async with listening(smsc) as smpp:
            await smpp.send(MESSAGE)
            await smpp.send(MESSAGE)
        await smsc.until(Command.UNBIND, 2)
    binds = [pdu.command for pdu in smsc.heard if pdu.command in smsc_peer.BINDS]
    assert binds == [Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER]


async def test_a_session_that_begins_takes_over_from_a_connection_on_demand():
    async with Smsc() as smsc, account(smsc) as smpp:
        await smpp.send(MESSAGE)
        running = asyncio.ensure_future(smpp.run(Told()))
        await smsc.until(Command.BIND_TRANSCEIVER)
        await smsc.until(Command.UNBIND)
        await smpp.send(MESSAGE)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(smsc.submitted) == 2


async def test_the_smsc_is_killed_and_comes_back():
    told = Told()
    async with Smsc() as smsc, listening(smsc, told) as smpp:
        await smpp.send(MESSAGE)
        await smsc.kill()
        await failure(smpp)  # uncertain, where the end of the connection is not known yet
        assert not (await smpp.checkup()).ok
        error = await failure(smpp)
        assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
        await smsc.start()
        await smsc.until(Command.BIND_TRANSCEIVER, 2)
        assert (await smpp.send(MESSAGE)).reference == "m2"
        await smsc.deliver(receipt(message_id="m2"))
        assert told.heard[0].status is DeliveryStatus.DELIVERED


async def test_an_smsc_that_falls_silent_is_left():
    async with Smsc() as smsc:
        smsc.enquiries_answered = False
        async with listening(smsc, enquire_link_s=0.05, response_timeout_s=0.1):
            await smsc.until(Command.BIND_TRANSCEIVER, 2)
    assert smsc.of(Command.ENQUIRE_LINK)


async def test_a_link_in_use_is_kept_alive():
    async with Smsc() as smsc, listening(smsc, enquire_link_s=0.05) as smpp:
        await smsc.until(Command.ENQUIRE_LINK, 3)
        assert (await smpp.checkup()).ok
    assert smsc.connections == 1


async def test_the_smscs_own_questions_are_answered():
    async with Smsc() as smsc, listening(smsc) as smpp:
        await smpp.send(MESSAGE)
        assert (await smsc.ask(Command.ENQUIRE_LINK)).command == Command.ENQUIRE_LINK_RESP
        unknown = await smsc.ask(0x0000_0103)
        assert (unknown.command, unknown.status) == (
            Command.GENERIC_NACK, Status.ESME_RINVCMDID
        )  # fmt: skip


async def test_noise_ends_the_connection_and_the_session_goes_on():
    async with Smsc() as smsc, listening(smsc) as smpp:
        await smpp.send(MESSAGE)
        smsc.say(b"GET / HTTP/1.1\r\n\r\n")
        await smsc.until(Command.BIND_TRANSCEIVER, 2)
        assert await smpp.send(MESSAGE)


async def pauses(monkeypatch, peer, times, **changes):
    """How long the session waits between its first tries to bind."""
    waited, done = [], asyncio.Event()

    async def wait(_session, pause):
        waited.append(pause)
        if len(waited) == times:
            done.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(Session, "_wait", wait)
    async with listening(peer, **changes), asyncio.timeout(10):
        await done.wait()
    return waited


async def test_an_smsc_that_is_gone_is_tried_less_and_less_often(monkeypatch):
    async with Smsc() as gone:
        pass
    waited = await pauses(monkeypatch, gone, 5, reconnect_s=1.5)
    assert waited == [0.2, 0.4, 0.8, 1.5, 1.5]


async def test_a_refused_password_is_not_tried_again_soon(monkeypatch):
    async with Smsc(bind=Status.ESME_RINVPASWD) as smsc:
        assert await pauses(monkeypatch, smsc, 2, reconnect_s=60) == [60, 60]


async def test_an_smsc_that_binds_and_hangs_up_is_not_hammered(monkeypatch):
    class Fickle(Smsc):
        def _answer(self, pdu, writer):
            super()._answer(pdu, writer)
            writer.close()

    async with Fickle() as smsc:
        assert await pauses(monkeypatch, smsc, 3, reconnect_s=1.5) == [0.2, 0.4, 0.8]
        assert len(smsc.of(Command.BIND_TRANSCEIVER)) == 3


# ---- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"host": "smsc.example.com"}, "tls: codes would travel unencrypted"),
        ({"host": "a b"}, "host: write a host name"),
        ({"system_id": ""}, "system_id: write the name"),
        ({"source": "Much too long a name"}, "source: write a number"),
        ({"system_type": "sms\0"}, "system_type: write printable ASCII"),
        ({"ca_file": "/etc/ca.pem"}, "ca_file: goes together with tls"),
    ],
)
def test_a_wrong_setting_says_what_to_write(changes, advice):
    peer = type("Peer", (), {"host": "127.0.0.1", "port": 1})
    with pytest.raises(Misconfigured, match=advice):
        settings(peer, **changes)


def test_credentials_are_in_no_repr():
    peer = type("Peer", (), {"host": "127.0.0.1", "port": 1})
    assert repr(settings(peer)) == str(settings(peer)) == "<smpp 127.0.0.1>"

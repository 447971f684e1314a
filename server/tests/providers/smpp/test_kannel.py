"""Kannel on the other side of the codec: its PDUs are read, and it understands ours."""

import asyncio
import contextlib

import pytest

from providers import vendor_peer
from providers.smpp.account import settings
from providers.smpp.kannel import PASSWORD, SYSTEM_ID, kannel
from providers.smpp.smsc_peer import Smsc
from providers.smpp.test_receipts import receipt
from providers.vendor_peer import Answered
from watchword_server.providers.smpp import text
from watchword_server.providers.smpp.pdu import Command, Short
from watchword_server.providers.smpp.status import Status
from watchword_server.providers.smpp.text import Charset

DELIVERED, UNDELIVERED, SMSC_SUCCESS, SMSC_REJECT = "1", "2", "8", "16"


class Heard:
    """What Kannel told by HTTP, in order of arrival."""

    def __init__(self):
        self.requests = []
        self._news = asyncio.Condition()

    async def __call__(self, request):
        self.requests.append(request)
        async with self._news:
            self._news.notify_all()
        return Answered(body=b"", headers={"content-type": "text/plain"})

    async def until(self, path, **query):
        def found():
            return any(
                one.path == path and query.items() <= one.query.items() for one in self.requests
            )

        async with self._news, asyncio.timeout(60):
            await self._news.wait_for(found)


@pytest.fixture
async def desk(tmp_path):
    heard = Heard()
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(vendor_peer.vendor(heard))
        smsc = await stack.enter_async_context(Smsc())
        send = await stack.enter_async_context(kannel(smsc, tmp_path, url))
        yield smsc, send, heard


def body(short):
    content = short.short_message
    content = text.without_header(content) if short.esm_class & text.UDHI else content
    return text.decode(content, short.data_coding, Charset())


async def test_kannel_and_the_codec_understand_each_other(desk):
    smsc, send, heard = desk
    bind = smsc.of(Command.BIND_TRANSCEIVER)[0].body
    assert (bind.system_id, bind.password, bind.interface_version) == (SYSTEM_ID, PASSWORD, 0x34)

    # a message in GSM-7, and the receipt of its delivery
    await send("+14155552671", "482913 is your code: [€]")
    first = (await smsc.until(Command.SUBMIT_SM, 1)).body
    assert (first.dest, body(first)) == ("14155552671", "482913 is your code: [€]")
    await heard.until("/dlr", type=SMSC_SUCCESS, to="14155552671")
    answer = await smsc.deliver(receipt("DELIVRD", message_id="m1"))
    assert (answer.command, answer.status) == (Command.DELIVER_SM_RESP, Status.ESME_ROK)
    await heard.until("/dlr", type=DELIVERED, to="14155552671")

    # in UCS-2, which is not delivered
    await send("+79161234567", "Код: 482913", coding="2")
    second = (await smsc.until(Command.SUBMIT_SM, 2)).body
    assert (second.data_coding, body(second)) == (8, "Код: 482913")
    await smsc.deliver(receipt("UNDELIV", message_id="m2"))
    await heard.until("/dlr", type=UNDELIVERED, to="79161234567")

    # in parts
    long = "x" * 300
    await send("+14155552673", long)
    await smsc.until(Command.SUBMIT_SM, 4)
    parts = smsc.submitted[2:]
    assert "".join(map(body, parts)) == long
    assert [part.short_message[-len(body(part)) - 2 :][:2] for part in parts] == [b"\2\1", b"\2\2"]


async def test_kannel_understands_a_refusal_and_an_answer(desk):
    smsc, send, heard = desk
    smsc.on_submit = lambda short: Status.ESME_RINVDSTADR
    await send("+14155552671", "482913")
    await heard.until("/dlr", type=SMSC_REJECT, to="14155552671")

    (part,) = text.parts("СТОП", settings(smsc).charset, text.Long.UDH, 1)
    answer = await smsc.deliver(
        Short(
            source_ton=1, source_npi=1, source="79161234567", dest="18005550100",
            data_coding=part.data_coding, short_message=part.content,
        )
    )  # fmt: skip
    assert answer.status == Status.ESME_ROK
    await heard.until("/answer")
    said = next(one for one in heard.requests if one.path == "/answer")
    assert said.query["from"] in ("+79161234567", "79161234567")
    await smsc.until(Command.ENQUIRE_LINK)

"""One connection as a state machine: no socket, and time as the test says."""

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from providers.smpp.test_pdu import FRAME
from watchword_server.providers.smpp import link as links
from watchword_server.providers.smpp.link import (
    Answered,
    Bound,
    Came,
    Ended,
    Link,
    Refused,
    State,
    Unanswered,
)
from watchword_server.providers.smpp.pdu import (
    HEADER,
    RESPONSE,
    Bind,
    Command,
    Frames,
    Nothing,
    Pdu,
    Short,
    Taken,
    decode,
    encode,
)
from watchword_server.providers.smpp.status import Status

untimed = runs(deadline=None)  # a busy machine is no failure

BIND = Bind(system_id="acme", password="s3cr3tpw")


def pdu(command, sequence, body=None, status=0):
    bodies = {Command.SUBMIT_SM_RESP: Taken(message_id="1"), Command.DELIVER_SM: Short()}
    body = body or bodies.get(command, Nothing())
    if command == Command.BIND_TRANSCEIVER_RESP:
        body = links.decode(HEADER.pack(17, command, 0, sequence) + b"\0").body
    return encode(Pdu(command=command, sequence=sequence, body=body, status=status))


def said(link):
    """What it wants to be written, by command, sequence and status."""
    read = [decode(frame) for frame in Frames().feed(link.take())]
    return [(Command(one.command), one.sequence, one.status) for one in read]


def bound(**more):
    link = Link(BIND, 0, **{"enquire_ms": 30_000, "timeout_ms": 8_000, **more})
    assert said(link) == [(Command.BIND_TRANSCEIVER, 1, 0)]
    assert link.receive(pdu(Command.BIND_TRANSCEIVER_RESP, 1), 0) == [Bound()]
    return link


# ---- getting in -----------------------------------------------------------------------------


def test_nothing_is_submitted_before_the_smsc_lets_us_in():
    link = Link(BIND, 0)
    with pytest.raises(ValueError, match="not bound"):
        link.submit(Short(), 0)
    assert bound().state is State.BOUND


def test_a_refused_bind_says_why_and_is_over():
    link = Link(BIND, 0)
    assert link.receive(pdu(Command.BIND_TRANSCEIVER_RESP, 1, status=Status.ESME_RINVPASWD), 0) == [
        Refused(Status.ESME_RINVPASWD)
    ]
    assert link.state is State.CLOSED


def test_an_smsc_that_nacks_the_bind_refuses_it():
    link = Link(BIND, 0)
    assert link.receive(pdu(Command.GENERIC_NACK, 1, status=Status.ESME_RINVCMDID), 0) == [
        Refused(Status.ESME_RINVCMDID)
    ]


def test_a_bind_that_nobody_answers_ends_in_time():
    link = Link(BIND, 0, timeout_ms=8_000)
    assert (link.due(), link.tick(7_999)) == (8_000, [])
    assert link.tick(8_000) == [Ended("bind_transceiver was not answered")]
    assert link.state is State.CLOSED


def test_a_message_that_comes_before_the_bind_is_sent_back():
    link = Link(BIND, 0)
    link.take()
    assert link.receive(pdu(Command.DELIVER_SM, 5), 0) == []
    assert said(link) == [(Command.DELIVER_SM_RESP, 5, Status.ESME_RINVBNDSTS)]


# ---- asking and answering -------------------------------------------------------------------


def test_answers_find_their_requests_in_any_order():
    link = bound()
    first, second = link.submit(Short(), 0), link.submit(Short(), 0)
    assert [one[:2] for one in said(link)] == [(Command.SUBMIT_SM, 2), (Command.SUBMIT_SM, 3)]
    events = link.receive(
        pdu(Command.SUBMIT_SM_RESP, second) + pdu(Command.SUBMIT_SM_RESP, first), 0
    )
    assert [one.sequence for one in events] == [second, first]


def test_a_request_without_an_answer_is_told_once_and_its_late_answer_too():
    link = bound()
    sequence = link.submit(Short(), 100)
    assert link.due() == 8_100
    assert link.tick(8_100) == [Unanswered(sequence)]
    assert link.tick(9_000) == []
    (late,) = link.receive(pdu(Command.SUBMIT_SM_RESP, sequence), 10_000)
    assert (late.sequence, late.pdu.body) == (sequence, Taken(message_id="1"))


def test_an_answer_to_something_else_answers_nothing():
    link = bound()
    sequence = link.submit(Short(), 0)
    assert link.receive(pdu(Command.ENQUIRE_LINK_RESP, sequence), 0) == []
    assert link.receive(pdu(Command.GENERIC_NACK, sequence, status=3), 0)[0].pdu.status == 3


def test_an_answer_that_cannot_be_read_is_an_answer_all_the_same():
    link = bound()
    sequence = link.submit(Short(), 0)
    frame = HEADER.pack(17, Command.SUBMIT_SM_RESP, 0, sequence) + b"x"
    assert link.receive(frame, 0) == [Answered(sequence, None)]


def test_a_message_is_acknowledged_when_it_is_settled_and_not_before():
    link = bound()
    assert link.receive(pdu(Command.DELIVER_SM, 5), 0) == [Came(5, Short())]
    assert said(link) == []
    link.settle(5, Status.ESME_ROK)
    assert said(link) == [(Command.DELIVER_SM_RESP, 5, 0)]


def test_the_smsc_is_answered_what_it_asks():
    link = bound()
    link.receive(pdu(Command.ENQUIRE_LINK, 8), 0)
    assert said(link) == [(Command.ENQUIRE_LINK_RESP, 8, 0)]
    link.receive(encode(Pdu(command=0x0103, sequence=9)), 0)  # data_sm
    link.receive(encode(Pdu(command=Command.SUBMIT_SM, sequence=10, body=Short())), 0)
    nack = Command.GENERIC_NACK
    assert said(link) == [
        (nack, 9, Status.ESME_RINVCMDID), (nack, 10, Status.ESME_RINVCMDID)
    ]  # fmt: skip


def test_a_message_that_cannot_be_read_is_refused_and_the_next_one_is_not():
    link = bound()
    bad = HEADER.pack(18, Command.DELIVER_SM, 0, 6) + b"xx"
    assert link.receive(bad + pdu(Command.DELIVER_SM, 7), 0) == [Came(7, Short())]
    ((command, sequence, status),) = said(link)
    assert (command, sequence) == (Command.DELIVER_SM_RESP, 6)
    assert status


def test_a_stream_that_makes_no_sense_is_ended():
    link = bound()
    assert link.receive(bytes(16), 0) == [Ended("the stream cannot be read")]
    assert [one[0] for one in said(link)] == [Command.GENERIC_NACK]
    assert link.receive(pdu(Command.DELIVER_SM, 7), 0) == []


def test_sequence_numbers_begin_anew_where_the_specification_ends_them():
    link = bound()
    link._sequence = 0x7FFF_FFFF - 1
    assert [link.submit(Short(), 0) for _ in range(2)] == [0x7FFF_FFFF, 1]


# ---- silence and goodbye --------------------------------------------------------------------


def test_silence_is_asked_about_and_then_believed():
    link = bound()
    assert link.due() == 30_000
    assert link.tick(30_000) == []
    assert [one[0] for one in said(link)] == [Command.ENQUIRE_LINK]
    assert link.tick(37_999) == []
    assert link.tick(38_000) == [Ended("enquire_link was not answered")]


def test_an_answer_to_the_enquiry_keeps_the_link():
    link = bound()
    link.tick(30_000)
    ((_, sequence, _),) = said(link)
    link.receive(pdu(Command.ENQUIRE_LINK_RESP, sequence), 30_100)
    assert link.tick(38_000) == []
    assert link.due() == 60_100


def test_goodbye_is_said_and_answered():
    link = bound()
    link.unbind(0)
    assert said(link) == [(Command.UNBIND, 2, 0)]
    assert link.receive(pdu(Command.UNBIND_RESP, 2), 0) == [Ended("unbound")]
    other = bound()
    assert other.receive(pdu(Command.UNBIND, 4), 0) == [Ended("the SMSC said goodbye")]
    assert said(other) == [(Command.UNBIND_RESP, 4, 0)]


# ---- whatever comes ---------------------------------------------------------------------------

REQUESTS = {Command.ENQUIRE_LINK, Command.UNBIND, Command.DELIVER_SM, Command.SUBMIT_SM}


def answers_every_request(link, frames):
    """Whatever comes: no error, and each request is answered once, unless the link has ended."""
    owed = []
    for frame in frames:
        if link.state is State.CLOSED:
            break
        read = decode(frame)
        if not read.command & RESPONSE:
            owed.append(read.sequence)
        for event in link.receive(frame, 0):
            if isinstance(event, Came):
                link.settle(event.sequence, Status.ESME_ROK)
    assert [one[1] for one in said(link) if one[0] & RESPONSE] == owed


@untimed
@given(st.lists(FRAME, max_size=20))
def test_whatever_comes_each_request_is_answered_once(frames):
    answers_every_request(bound(), frames)


@untimed
@given(st.lists(st.binary(max_size=100), max_size=10))
def test_whatever_octets_come_the_link_stands_or_ends(chunks):
    link = bound()
    for chunk in chunks:
        link.receive(chunk, 0)
        link.tick(0)
    assert link.state in (State.BOUND, State.CLOSED)


def test_a_link_that_forgets_to_answer_is_caught():
    class Mute(Link):
        def _heard_of(self, one):
            return [] if one.command == Command.ENQUIRE_LINK else super()._heard_of(one)

    link = Mute(BIND, 0)
    link.take()
    link.receive(pdu(Command.BIND_TRANSCEIVER_RESP, 1), 0)
    with pytest.raises(AssertionError):
        answers_every_request(link, [pdu(Command.ENQUIRE_LINK, 8)])

"""What an SMSC's numbers and words mean: command_status, message_state and `stat`.

A non-zero command_status says that the SMSC did not take the message (section 4.4.2), so nothing
was sent.  Numbers from 0x400 to 0x4FF are each vendor's own.
"""

from collections.abc import Mapping
from enum import IntEnum

from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.ports.providers import Rejected, Unavailable

_R, _S = Reason, DeliveryStatus


class Status(IntEnum):
    """Section 5.1.3, by the specification's own names."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


# https://smpp.org/SMPP_v3_4_Issue1_2.pdf section 5.1.3.  REFUSED is about this message;
# UNAVAILABLE about the account, its settings or the SMSC: another account may do better.
REFUSED: dict[int, Reason] = {
    Status.ESME_RINVMSGLEN: _R.CONTENT_REJECTED,
    Status.ESME_RINVSRCADR: _R.SENDER_REJECTED,
    Status.ESME_RINVSRCTON: _R.SENDER_REJECTED,
    Status.ESME_RINVSRCNPI: _R.SENDER_REJECTED,
    Status.ESME_RINVDSTADR: _R.INVALID_RECIPIENT,
    Status.ESME_RINVDSTTON: _R.INVALID_RECIPIENT,
    Status.ESME_RINVDSTNPI: _R.INVALID_RECIPIENT,
    Status.ESME_RX_P_APPN: _R.OTHER,
    Status.ESME_RX_R_APPN: _R.OTHER,
    Status.ESME_RSUBMITFAIL: _R.OTHER,
    Status.ESME_RDELIVERYFAILURE: _R.UNREACHABLE,
}
UNAVAILABLE: dict[int, Reason] = {
    Status.ESME_RTHROTTLED: _R.THROTTLED,
    Status.ESME_RMSGQFUL: _R.THROTTLED,
    Status.ESME_RSYSERR: _R.PROVIDER_DOWN,
    Status.ESME_RX_T_APPN: _R.PROVIDER_DOWN,
    Status.ESME_RUNKNOWNERR: _R.PROVIDER_DOWN,
    Status.ESME_RINVBNDSTS: _R.PROVIDER_DOWN,
    Status.ESME_RALYBND: _R.PROVIDER_DOWN,
    Status.ESME_RINVCMDLEN: _R.MISCONFIGURED,
    Status.ESME_RINVCMDID: _R.MISCONFIGURED,
    Status.ESME_RINVPRTFLG: _R.MISCONFIGURED,
    Status.ESME_RINVREGDLVFLG: _R.MISCONFIGURED,
    Status.ESME_RBINDFAIL: _R.MISCONFIGURED,
    Status.ESME_RINVPASWD: _R.MISCONFIGURED,
    Status.ESME_RINVSYSID: _R.MISCONFIGURED,
    Status.ESME_RINVSYSTYP: _R.MISCONFIGURED,
    Status.ESME_RINVSERTYP: _R.MISCONFIGURED,
    Status.ESME_RINVESMCLASS: _R.MISCONFIGURED,
    Status.ESME_RINVREPFLAG: _R.MISCONFIGURED,
    Status.ESME_RINVSCHED: _R.MISCONFIGURED,
    Status.ESME_RINVEXPIRY: _R.MISCONFIGURED,
    Status.ESME_RINVDFTMSGID: _R.MISCONFIGURED,
    Status.ESME_RINVOPTPARSTREAM: _R.MISCONFIGURED,
    Status.ESME_ROPTPARNOTALLWD: _R.MISCONFIGURED,
    Status.ESME_RINVPARLEN: _R.MISCONFIGURED,
    Status.ESME_RMISSINGOPTPARAM: _R.MISCONFIGURED,
    Status.ESME_RINVOPTPARAMVAL: _R.MISCONFIGURED,
}
THROTTLING = frozenset({Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL})


_NAMES: Mapping[int, str] = {one.value: one.name for one in Status}


def raw(status: int) -> str:
    """A command_status for people: its name, or its number where it is a vendor's own."""
    return _NAMES.get(status) or f"ESME_0x{status:08X}"


def refusal(status: int) -> Rejected | Unavailable:
    """What a submit_sm's command_status means."""
    reason = UNAVAILABLE.get(status)
    if reason is not None:
        return Unavailable(reason, raw(status))
    return Rejected(REFUSED.get(status, _R.OTHER), raw(status))


def unbound(status: int) -> Unavailable:
    """What a bind's command_status means: it never says anything about a message."""
    return Unavailable(UNAVAILABLE.get(status, _R.MISCONFIGURED), raw(status))


# Appendix B and section 5.2.28 of the same document.  None: more will come.  EXPIRED is what a
# validity period ends in when the handset was off; DELETED is an operator's doing.
Meaning = tuple[DeliveryStatus, Reason | None] | None
STATES: dict[str, Meaning] = {
    "SCHEDULED": None,
    "ENROUTE": None,
    "DELIVRD": (_S.DELIVERED, None),
    "EXPIRED": (_S.UNDELIVERED, _R.UNREACHABLE),
    "DELETED": (_S.UNDELIVERED, _R.OTHER),
    "UNDELIV": (_S.UNDELIVERED, _R.UNREACHABLE),
    "ACCEPTD": None,
    "UNKNOWN": (_S.UNKNOWN, None),
    "REJECTD": (_S.UNDELIVERED, _R.BLOCKED_BY_CARRIER),
}
MESSAGE_STATES: Mapping[int, str] = {
    0: "SCHEDULED", 1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV",
    6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip


def meaning(state: str) -> Meaning:
    """What a receipt's state means; a word that no table has leaves the delivery unknown."""
    return STATES.get(state, (_S.UNKNOWN, _R.OTHER))

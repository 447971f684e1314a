"""EngageLab's callbacks: our events in that vendor's envelope, signed its way.

The vendor's own SDK takes `sent_failed`, `delivered_failed` and `verified_failed` as final.  So
the failure of a delivery is held back as long as another of the same verification may arrive,
and `verified_failed` says that no further code will be looked at.  The tables below are the whole
mapping; an event that is in none of them has no counterpart and is not sent.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.delivery import Delivery, DeliveryStatus, Reason
from watchword_server.domain.events import Data, Event, EventType
from watchword_server.domain.ids import Prefix
from watchword_server.domain.verification import Status
from watchword_server.domain.webhook import MAX_PAYLOAD

CALLBACK_HEADER = "x-callback-id"
PING_BODY = b"{}"
DEFAULT_USERNAME = "watchword"
_SERVER = "otp"
_MS = 1000
_T = EventType

STATUSES: dict[EventType, str] = {
    _T.VERIFICATION_CREATED: "plan",
    _T.DELIVERY_SENT: "sent",
    _T.DELIVERY_DELIVERED: "delivered",
    _T.DELIVERY_UNDELIVERED: "delivered_failed",
    _T.DELIVERY_FAILED: "sent_failed",
    _T.VERIFICATION_APPROVED: "verified",
    _T.VERIFICATION_EXHAUSTED: "verified_failed",
    _T.VERIFICATION_EXPIRED: "verified_timeout",
}
"""`message_status` of a row about a verification.  Not there: a wrong code with checks left and
an uncertain hand-over, which the vendor has no word for and which decide nothing yet."""

HELD_BACK = frozenset({_T.DELIVERY_UNDELIVERED, _T.DELIVERY_FAILED})
"""Failures that are sent only once the chain is over."""

AUDITS: dict[EventType, int] = {_T.TEMPLATE_APPROVED: 2, _T.TEMPLATE_REJECTED: 3}
"""`status` of a `template_audit_result` notification."""

ACTIONS: dict[EventType, tuple[str, str]] = {
    _T.TEMPLATE_SUBMITTED: ("template_manage", "create template"),
    _T.TEMPLATE_DELETED: ("template_manage", "delete template"),
    _T.KEY_CREATED: ("key_manage", "create api_key"),
    _T.KEY_UPDATED: ("key_manage", "update api_key"),
    _T.KEY_ROTATED: ("key_manage", "update api_key"),
    _T.KEY_DELETED: ("key_manage", "delete api_key"),
}
"""`event` and `action` of a system_event row."""

UPLINK = _T.MESSAGE_RECEIVED
"""`uplink_message`: what a person wrote, its sender masked."""

ERROR_CODES: dict[Reason, int] = {
    Reason.INVALID_RECIPIENT: 5011,
    Reason.UNREACHABLE: 5012,
    Reason.BLOCKED_BY_CARRIER: 5015,
    Reason.OPTED_OUT: 5019,
    Reason.CONTENT_REJECTED: 5014,
    Reason.SENDER_REJECTED: 5015,
    Reason.THROTTLED: 5016,
    Reason.NO_CREDIT: 5001,
    Reason.MISCONFIGURED: 5016,
    Reason.PROVIDER_DOWN: 5016,
    Reason.TIMED_OUT: 5016,
    Reason.NOT_NEEDED: 5001,
    Reason.INTERRUPTED: 5016,
    Reason.OTHER: 5001,
}
"""`error_code` of a failed row: the vendor's own table of errors."""

_OWN_CODES = frozenset({"5001", "5012", "5018"})
"""Raw words that are the vendor's numbers already: the sandbox's."""

_types = {one.value: one for one in EventType}
_reasons = {one.value: one for one in Reason}
_data = msgspec.json.Decoder(Data)
_encode = msgspec.json.Encoder().encode
Row = dict[str, Any]


class Concerned(msgspec.Struct, frozen=True):
    """The verification a row is about.  `to` is the full address: it is never printed."""

    to: str
    channel: str
    template: str
    metadata: Mapping[str, str]

    def __repr__(self) -> str:
        return "<Concerned>"


def is_told(type: str) -> bool:
    """Whether events of this type have a counterpart."""
    known = _types[type]
    return known in STATUSES or known in AUDITS or known in ACTIONS or known is UPLINK


def is_final(event: Event, status: Status, deliveries: Sequence[Delivery]) -> bool:
    """Whether the failure of a delivery ends the chain: nothing follows it, nothing arrived."""
    data = _data.decode(event.data)
    if status is Status.APPROVED or data.reason == Reason.NOT_NEEDED or not deliveries:
        return False
    last = ids.text(Prefix.DELIVERY, deliveries[-1].id)
    return data.delivery_id == last and all(
        one.status is not DeliveryStatus.DELIVERED for one in deliveries
    )


def body(event: Event, concerned: Concerned | None) -> bytes:
    """The body of a callback: one row, or none for an event without a counterpart.

    `concerned` is there for events of verifications and their deliveries.
    """
    row = _row(event, concerned)
    raw = _encode({"total": 1, "rows": [row]} if row else {"total": 0, "rows": []})
    if row and len(raw) >= MAX_PAYLOAD:
        raw = _encode({"total": 1, "rows": [row | {"custom_args": {}}]})
    return raw


def headers(
    username: str, secret: str, authorization: str | None, timestamp: int, nonce: str
) -> dict[str, str]:
    """The header fields of one attempt; `timestamp` is in seconds."""
    signed = f"{timestamp}{nonce}{username}".encode()
    signature = hmac.digest(secret.encode(), signed, sha256).hex()
    callback_id = f"timestamp={timestamp};nonce={nonce};username={username};signature={signature}"
    fields = {CALLBACK_HEADER: callback_id}
    return fields if authorization is None else fields | {"authorization": authorization}


def _row(event: Event, concerned: Concerned | None) -> Row | None:
    type, data = _types[event.type], _data.decode(event.data)
    about: Row = {"server": _SERVER, "itime": event.at // _MS}
    if type in STATUSES and concerned is not None:
        return _status_row(event, STATUSES[type], data, concerned) | about
    if type in AUDITS:
        detail = {"template_id": event.subject.decode(), "status": AUDITS[type]}
        notified = detail | {"reason": data.reason or ""}
        return about | {
            "notification": {"event": "template_audit_result", "notification_data": notified}
        }
    if type is UPLINK:
        return about | _uplink(event, data)
    if type in ACTIONS:
        return about | {"system_event": _system_event(event, *ACTIONS[type], data)}
    return None


def _status_row(event: Event, status: str, data: Data, concerned: Concerned) -> Row:
    message, channel = ids.text(Prefix.VERIFICATION, event.subject), data.channel
    told: Row = {
        "message_status": status,
        "status_data": {
            "msg_time": event.at // _MS,
            "message_id": message,
            "current_send_channel": channel or concerned.channel,
            "template_key": concerned.template,
            "business_id": ids.text(Prefix.PROJECT, event.project),
        },
        "error_code": 0,
    }
    if _types[event.type] in HELD_BACK:
        reason = _reasons.get(data.reason or "", Reason.OTHER)
        own = int(data.raw) if data.raw in _OWN_CODES else ERROR_CODES[reason]
        told |= {"error_code": own, "error_detail": {"message": reason.value}}
    return {
        "message_id": message,
        "to": concerned.to,
        "channel": channel or concerned.channel,
        "custom_args": dict(concerned.metadata),
        "status": told,
    }


def _uplink(event: Event, data: Data) -> Row:
    written = {
        "message_sid": ids.text(Prefix.INCOMING, event.subject), "account_sid": data.provider or "",
        "from": data.sender or "", "to": data.to or "", "body": data.said or "",
    }  # fmt: skip
    response = {"event": "uplink_message", "response_data": written}
    return {"message_id": "0", "business_id": "0", "response": response}


def _system_event(event: Event, name: str, action: str, data: Data) -> Row:
    detail: Callable[[], Row] = {
        "template_manage": lambda: {
            "template_id": event.subject.decode(), "template_name": event.subject.decode(),
        },
        "key_manage": lambda: {
            "api_key": ids.text(Prefix.API_KEY, event.subject), "description": "",
        },
    }[name]  # fmt: skip
    operator = {"email": "", "api_key": data.by or "", "ip_address": ""}
    project = ids.text(Prefix.PROJECT, event.project)
    about: Row = {"business_id": project, "org_id": project, "operator": operator}
    return {"event": name, "data": about | {name: {"action": action} | detail()}}

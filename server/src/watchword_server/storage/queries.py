"""The queries of `sql/*.sql`: named, with `:name` parameters.

A query is prepared once when the module is imported: named parameters become plain ones, so that
a call binds a tuple, which is the cheapest binding there is.  A record's columns stand in its
table in the order of its fields (a test holds them to it), so `*` and `{record}` mean them all:
the text of a statement is hashed at every call, and short ones are cheaper.
"""

import re
from collections.abc import Callable
from importlib.resources import files
from operator import attrgetter
from typing import Any

import msgspec

from watchword_server.domain.delivery import Delivery
from watchword_server.domain.inbound import OptOut
from watchword_server.domain.oauth import Authorization, Grant, Token
from watchword_server.domain.project import ApiKey, Project
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.domain.verification import Live, Verification
from watchword_server.domain.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from watchword_server.ports.alerts import Alert, AlertMail
from watchword_server.ports.inbound import HeldReport, KeptReport
from watchword_server.ports.records import IdempotencyKey, InboxMessage, Work

RECORDS: dict[str, tuple[str, ...]] = {
    "live": Live.__struct_fields__,
    "verification": Verification.__struct_fields__,
    "delivery": Delivery.__struct_fields__,
    "work": Work.__struct_fields__,
    "inbox": InboxMessage.__struct_fields__,
    "project": Project.__struct_fields__,
    "api_key": ApiKey.__struct_fields__,
    "idempotency_key": IdempotencyKey.__struct_fields__,
    "webhook_endpoint": WebhookEndpoint.__struct_fields__,
    "webhook_delivery": WebhookDelivery.__struct_fields__,
    "webhook_attempt": WebhookAttempt.__struct_fields__,
    "provider_account": ProviderAccount.__struct_fields__,
    "kept_report": KeptReport.__struct_fields__,
    "held_report": HeldReport.__struct_fields__,
    "opt_out": OptOut.__struct_fields__,
    "alert": Alert.__struct_fields__,
    "alert_mail": AlertMail.__struct_fields__,
    "authorization": Authorization.__struct_fields__,
    "grant": Grant.__struct_fields__,
    "token": Token.__struct_fields__,
}
_PLACES = {f"{name}_values": ":" + ",:".join(fields) for name, fields in RECORDS.items()}
_PLACES |= {name: ",".join(fields) for name, fields in RECORDS.items()}
_PLACES["event"] = (
    "number, (SELECT count(*) FROM events AS s WHERE s.project = e.project "
    "AND s.subject = e.subject AND s.number <= e.number), project, subject, type, at, data"
)
"""An event's sequence number is its place among those of its subject: see `events_of`."""
_PLACES["checkable"] = """project = :project AND id = :id AND expires_at > :now
  AND checks < max_checks AND NOT EXISTS (
      SELECT 1 FROM address_states AS s
      WHERE s.project = live.project AND s.address = live.address
        AND (s.consecutive >= :max_consecutive
             OR (SELECT count(*) FROM failed_checks AS f
                 WHERE f.project = s.project AND f.address = s.address
                   AND f.at > :failures_since) >= :max_failures))"""
"""What must hold for a submitted code to be evaluated.

An address without a row in address_states has no failures, so the count is seldom taken.
"""
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


class Query(msgspec.Struct, frozen=True):
    """One query: its SQL with numbered parameters, and their names in that order."""

    sql: str
    parameters: tuple[str, ...]

    def binder(self, record: type[msgspec.Struct]) -> Callable[[Any], tuple[Any, ...]]:
        """A function that takes the parameters from a record's attributes."""
        if self.parameters == record.__struct_fields__:
            return msgspec.structs.astuple
        get: Callable[[Any], tuple[Any, ...]] = attrgetter(*self.parameters)
        return get


def _prepare(text: str) -> Query:
    sql = text.format(**_PLACES)
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
            return "?"
        return f"?{names.index(match[1]) + 1}"

    sql = _PARAMETER.sub(number, sql)
    return Query(" ".join(sql.split()).rstrip(";"), tuple(names))


def load(file: str) -> dict[str, Query]:
    """The queries of one file of `sql/`, by name."""
    text = files(__package__).joinpath("sql", file).read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {
        name: _prepare(_COMMENT.sub("", body))
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }

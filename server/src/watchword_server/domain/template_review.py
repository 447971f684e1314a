"""The review of templates: who may say yes, and which version is in use.

Every change makes a version, and a version is reviewed once and for all, until an operator
changes their mind.  The newest approved version is in use; a change waits beside it.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from watchword_server.domain.project import Mode
from watchword_server.domain.template import Status, Template

AUTOMATIC_REMARK = "Approved automatically: it passed the lint."
WITHDRAWN_REMARK = "Approved automatically before the project was live: a person has to look at it."

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.APPROVED, Status.REJECTED}),
    Status.APPROVED: frozenset({Status.REJECTED}),
    Status.REJECTED: frozenset({Status.APPROVED}),
}
"""What a reviewer may make of a version; rejecting an approved one withdraws it."""


class AutoApprove(StrEnum):
    """In which projects passing the lint is enough."""

    OFF = "off"
    DEVELOPMENT = "development"
    ON = "on"


def approves_itself(setting: AutoApprove, mode: Mode) -> bool:
    """Whether a template that passes the lint needs no person's yes in such a project."""
    if setting is AutoApprove.DEVELOPMENT:
        return mode is not Mode.LIVE
    return setting is AutoApprove.ON


def may_be_sent(template: Template, mode: Mode) -> bool:
    """Whether messages may be made of it: only in the sandbox without approval."""
    return template.status is Status.APPROVED or mode is Mode.SANDBOX


def decided(
    template: Template, status: Status, remark: str, by: str, now: int, *, automatic: bool = False
) -> Template:
    """The version with a decision about it."""
    return msgspec.structs.replace(
        template, status=status, audit_remark=remark, reviewed_by=by, reviewed_at=now,
        automatic=automatic,
    )  # fmt: skip


def in_use(versions: Sequence[Template]) -> Template:
    """Which of a template's versions is in use: the newest approved one, else the newest."""
    newest = sorted(versions, key=lambda each: each.version, reverse=True)
    approved = (each for each in newest if each.status is Status.APPROVED)
    return next(approved, newest[0])


def as_live(template: Template) -> Template:
    """The version as it stands once its project is live: no approval by a setting outlasts it."""
    if not template.automatic or template.status is not Status.APPROVED:
        return template
    return msgspec.structs.replace(
        template, status=Status.PENDING, audit_remark=WITHDRAWN_REMARK, reviewed_by="",
        reviewed_at=None, automatic=False,
    )  # fmt: skip

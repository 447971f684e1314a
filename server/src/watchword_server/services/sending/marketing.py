"""What has to hold before marketing is sent: the project's yes, and no quiet hour."""

from watchword_server.domain.address import Address, Kind
from watchword_server.domain.errors import NOT_ALLOWED_HERE, RATE_LIMITED, Problem
from watchword_server.domain.project import Project
from watchword_server.domain.quiet_hours import Marketing, wait_min, written
from watchword_server.domain.template import Category, Template
from watchword_server.ports.outside import LocalMinutes

_MIN_S = 60
_MIN_MS = 60_000


def carries_code(chosen: Template) -> None:
    """Refuse a template of marketing where a code is to be sent.

    Raises:
        Problem: NOT_ALLOWED_HERE.
    """
    if chosen.category is Category.MARKETING:
        raise Problem(
            NOT_ALLOWED_HERE,
            "A marketing message is sent with POST /v1/custom-messages.",
            extra={"reason": "template_category"},
        )


def allowed(project: Project) -> Marketing:
    """The hours in which a project sends marketing.

    Raises:
        Problem: NOT_ALLOWED_HERE where it sends none.
    """
    if not project.marketing.enabled:
        raise Problem(
            NOT_ALLOWED_HERE,
            "This project sends no marketing; its operator may allow it: "
            f"watchword-server projects set-marketing {project.name} on",
            extra={"reason": "marketing_off"},
        )
    return project.marketing


def check_hours(marketing: Marketing, to: Address, local_minutes: LocalMinutes, now: int) -> None:
    """Refuse a recipient whom a message might wake; emails wake nobody.

    Raises:
        Problem: RATE_LIMITED until the quiet hours are over, NOT_ALLOWED_HERE where nobody knows
            what time it is for the recipient.
    """
    if to.kind is Kind.EMAIL:
        return
    local = local_minutes(to.value, now)
    wait = wait_min(marketing, local)
    if wait is None:
        reason = "quiet_hours_always" if local else "time_zone_unknown"
        raise Problem(
            NOT_ALLOWED_HERE,
            "The recipient's time zone is not known, or its zones leave no hour that is not quiet "
            "in one of them.",
            extra={"field": "to", "reason": reason},
        )
    if wait:
        raise Problem(
            RATE_LIMITED,
            f"Marketing is sent from {written(marketing.start)} to {written(marketing.end)} where "
            "the recipient is.",
            retry_after=wait * _MIN_S - now % _MIN_MS // 1000,
            extra={"limit": "quiet_hours", "field": "to"},
        )

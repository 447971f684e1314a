"""Sample rows: of two projects, each with one of everything."""

import msgspec

from watchword_server.domain.alerts import Tally
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Delivery, DeliveryStatus
from watchword_server.domain.inbound import OptOut
from watchword_server.domain.numbering import NumberType
from watchword_server.domain.oauth import Grant, Token
from watchword_server.domain.project import ApiKey, Mode, Project, Scope
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.domain.route_plan import Plan, PlanStep, When
from watchword_server.domain.routing import Until
from watchword_server.domain.template import Content, Template
from watchword_server.domain.template import Status as TemplateStatus
from watchword_server.domain.verification import Assurance, Live, Status, Trigger, end
from watchword_server.domain.webhook import (
    Dialect,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookStatus,
)
from watchword_server.ports.alerts import Alert, AlertMail
from watchword_server.ports.inbound import HeldReport, KeptReport
from watchword_server.ports.records import IdempotencyKey, InboxMessage, Work
from watchword_server.ports.store import Transaction
from watchword_server.testing import START

NOW = START
DAY = 86_400_000
HOUR = 3_600_000
MINUTE = 60_000


def key(name: str, number: int = 0) -> bytes:
    """Sixteen bytes that read well in a failure and sort by number."""
    return f"{name:_<12}{number:04d}".encode()


OURS, THEIRS = key("ours"), key("theirs")
VERIFICATION, ENDED = key("pending", 2), key("ended", 1)
ADDRESS = key("address")
ENDPOINT = key("endpoint")
ACCOUNT = key("account")
DIGEST = b"DIGEST-THAT-GOES-WITH-ITS-ROW!!!"
SECRETS = b"SECRETS-THAT-GO-WITH-THEIR-ROW!!"


def live(**changes: object) -> Live:
    """A pending verification that was sent a moment ago."""
    plain = Live(
        project=OURS, id=VERIFICATION, status=Status.PENDING, address=ADDRESS, masked="+1***71",
        details=b"sealed details", template="otp-sms", language="en", channel="sms",
        purpose="login", assurance=Assurance.RESTRICTED, api_key=key("key"), created_at=NOW,
        expires_at=NOW + 5 * MINUTE, ended_at=None, checks=0, max_checks=5, sends=1,
        sameness=key("same"), binding=b"", pepper=1, digest=DIGEST, secrets=SECRETS,
        policy="native", next_send_at=NOW + 30_000, route=b"[]", step=0,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def ended(trigger: Trigger = Trigger.CANCEL, **changes: object):
    """An ended verification."""
    return end(live(**({"id": ENDED} | changes)), trigger, NOW)


def delivery(number: int = 1, **changes: object) -> Delivery:
    """A queued delivery."""
    plain = Delivery(
        project=OURS, verification=VERIFICATION, number=number, id=key("delivery", number),
        step=0, channel="sms", provider="acme", status=DeliveryStatus.QUEUED, reason=None,
        raw=None, reference=None, maybe_duplicate=False, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def work(number: int = 1, **changes: object) -> Work:
    """Due work."""
    plain = Work(
        due_at=NOW, id=key("work", number), project=OURS, verification=VERIFICATION,
        kind="deliver", number=number, claims=0,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def inbox(number: int = 1, **changes: object) -> InboxMessage:
    """A message that stayed here."""
    plain = InboxMessage(
        project=OURS, id=key("inbox", number), address=ADDRESS, verification=VERIFICATION,
        channel="sms", at=NOW, body=b"sealed body",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def idempotency_key(number: int = 1, **changes: object) -> IdempotencyKey:
    """A key whose call runs."""
    plain = IdempotencyKey(
        project=OURS, id=key("use", number), body=key("body"), claim=key("claim"), made_at=NOW,
        lease_until=NOW + 15_000, answer=None,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def project(id: bytes = OURS, **changes: object) -> Project:
    """A project."""
    plain = Project(
        id=id, name=id.decode(), mode=Mode.DEVELOPMENT, created_at=NOW, limits={"key": (5, 60)}
    )
    return msgspec.structs.replace(plain, **changes)


def api_key(number: int = 1, **changes: object) -> ApiKey:
    """A key with two secrets, one of which goes."""
    plain = ApiKey(
        project=OURS, id=key("key", number), name="app",
        scopes=frozenset({Scope.MESSAGES_SEND, Scope.VERIFICATIONS_CHECK}),
        allowed_ips=("192.0.2.0/24", "2001:db8::/32"), expires_at=NOW + DAY, disabled=False,
        created_at=NOW, secrets=((b"\x00\xff" * 16, None), (b"\x01" * 32, NOW + HOUR)),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def template(id: str = "otp-sms", **changes: object) -> Template:
    """A template with two languages and a variable."""
    contents = {Channel.SMS: {"en": Content("{{code}} is it"), "pt_BR": Content("É {{code}} “ok”")}}
    plain = Template(
        id,
        (Channel.SMS, Channel.VOICE),
        contents,
        brand_name="Acme",
        status=TemplateStatus.APPROVED,
    )
    return msgspec.structs.replace(plain, **changes)


def plan(id: str = "log-in", **changes: object) -> Plan:
    """A saved route with everything that a step can say."""
    when = When(("SG", "MY"), (), (NumberType.MOBILE,))
    steps = (PlanStep(Channel.WHATSAPP, ("acme", "bulk"), 30, Until.VERIFIED, when), SMS_STEP)
    plain = Plan(id, steps, "Log-in codes", NOW, NOW + 1)
    return msgspec.structs.replace(plain, **changes)


SMS_STEP = PlanStep(Channel.SMS)


def endpoint(id: bytes = ENDPOINT, **changes: object) -> WebhookEndpoint:
    """An endpoint that is enabled."""
    plain = WebhookEndpoint(
        project=OURS, id=id, url="https://example.com/", description="", dialect=Dialect.STANDARD,
        types=("key.*", "verification.approved"), secrets=b"sealed", verified=True, disabled=None,
        failing_since=NOW, not_before=0, after=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def webhook_delivery(number: int = 1, **changes: object) -> WebhookDelivery:
    """One that is due."""
    plain = WebhookDelivery(
        project=OURS, endpoint=ENDPOINT, number=number, sequence=1, status=WebhookStatus.PENDING,
        step=0, tries=0, due_at=NOW, leased=False, answer=None, error=None, created_at=NOW,
        updated_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def webhook_attempt(number: int = 1, **changes: object) -> WebhookAttempt:
    """One that was refused."""
    plain = WebhookAttempt(
        project=OURS, endpoint=ENDPOINT, number=number, attempt=1, at=NOW, ms=5, answer=500,
        error="HTTP 500", response=b"sealed",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def account(id: bytes = ACCOUNT, **changes: object) -> ProviderAccount:
    """An account that is enabled."""
    plain = ProviderAccount(
        project=OURS, id=id, name="sms-gate", provider="http", settings=b"sealed", weight=1,
        disabled=False, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def kept_report(serial: int = 1, **changes: object) -> KeptReport:
    """A report that moved its delivery."""
    plain = KeptReport(
        project=OURS, verification=VERIFICATION, number=1, id=key("report", serial),
        status="undelivered", reason="unreachable", raw="30003", moved=True, at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def held_report(serial: int = 1, **changes: object) -> HeldReport:
    """A report that was faster than its hand-over."""
    plain = HeldReport(
        project=OURS, account="acme", reference="SM1", id=key("held", serial),
        status="undelivered", reason="unreachable", raw="30003", at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def alert(**changes: object) -> Alert:
    """One that is on."""
    plain = Alert(project=OURS, kind="alert.budget", about="budget", raised_at=NOW, seen_at=NOW)
    return msgspec.structs.replace(plain, **changes)


def alert_mail(**changes: object) -> AlertMail:
    """One that is being mailed."""
    plain = AlertMail(
        project=OURS, kind="alert.budget", at=NOW, about="budget", data=b"{}",
        due_at=NOW + MINUTE, tried_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def grant(**changes: object) -> Grant:
    """What a client of MCP has."""
    plain = Grant(
        project=OURS, api_key=key("grant"), client="https://client.example/c.json",
        client_name="Client", resource="https://otp.example/mcp", created_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def token(**changes: object) -> Token:
    """A refresh token of it."""
    plain = Token(
        project=OURS, api_key=key("grant"), hash=key("hash"), kind="refresh",
        scopes="messages:send", expires_at=NOW + DAY,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def opt_out(serial: int = 1, **changes: object) -> OptOut:
    """Somebody who answered STOP."""
    plain = OptOut(
        project=OURS, id=key("opt-out", serial), address=ADDRESS, channel="sms",
        masked="+1***71", source="recipient", at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def one_of_everything(tx: Transaction, owner: bytes) -> None:
    """A row in every table for one project."""
    name = owner.decode()
    assert tx.projects.insert(project(owner, name=name))
    tx.api_keys.insert(api_key(project=owner, id=owner[::-1]))
    tx.templates.put(owner, template())
    tx.routes.put(owner, plan())
    assert tx.live.insert(live(project=owner))
    tx.verifications.insert(ended(project=owner))
    tx.deliveries.insert(delivery(project=owner))
    tx.events.append(owner, VERIFICATION, "verification.created", NOW, b"{}")
    tx.work.add(work(project=owner, id=owner[::-1]))
    tx.addresses.failed_check(owner, ADDRESS, NOW, key("check"))
    tx.addresses.sent(owner, ADDRESS, 2, NOW + MINUTE)
    tx.inbox.add(inbox(project=owner))
    assert tx.idempotency_keys.claim(idempotency_key(project=owner), NOW - DAY)
    assert tx.webhook_endpoints.insert(endpoint(project=owner))
    tx.webhook_deliveries.add(webhook_delivery(project=owner))
    tx.webhook_deliveries.log(webhook_attempt(project=owner))
    assert tx.provider_accounts.insert(account(project=owner))
    tx.reports.refer(owner, "acme", "SM1", VERIFICATION, 1, NOW)
    tx.reports.keep(kept_report(project=owner))
    tx.reports.hold(held_report(project=owner, reference="SM2"))
    assert tx.incoming.insert(owner, "acme", "MO1", NOW)
    assert tx.opt_outs.add(opt_out(project=owner))
    tx.alerts.put(alert(project=owner))
    tx.alerts.queue(alert_mail(project=owner))
    tx.tallies.add(owner, NOW, Tally(2, 1))
    tx.tallies.spend(owner, "2026-03-01", 40_000)
    tx.grants.insert(grant(project=owner))
    tx.grants.add_token(token(project=owner, hash=owner[::-1]))


def everything(tx: Transaction, owner: bytes) -> dict[str, object]:
    """All that can be read of one project."""
    return {
        "project": tx.projects.get(owner),
        "grants": tx.grants.of(owner),
        "token": tx.grants.token(owner[::-1]),
        "api_keys": tx.api_keys.of(owner),
        "templates": tx.templates.of(owner),
        "versions": tx.templates.versions(owner, "otp-sms", 9),
        "routes": tx.routes.of(owner),
        "live": tx.live.get(owner, VERIFICATION),
        "of_address": tx.live.of_address(owner, ADDRESS),
        "page": tx.verifications.page(owner, None, None, NOW, 9),
        "deliveries": tx.deliveries.of(owner, VERIFICATION),
        "events": tx.events.of(owner, VERIFICATION),
        "address": tx.addresses.get(owner, ADDRESS, NOW - DAY),
        "inbox": tx.inbox.page(owner, None, None, 9),
        "idempotency_key": tx.idempotency_keys.get(owner, key("use", 1)),
        "endpoints": tx.webhook_endpoints.of(owner),
        "webhooks": tx.webhook_deliveries.page(owner, ENDPOINT, None, None, 0, NOW + DAY, 9),
        "attempts": tx.webhook_deliveries.attempts(owner, ENDPOINT, 1),
        "provider_accounts": tx.provider_accounts.of(owner),
        "referred": tx.reports.find(owner, "acme", ("SM1",)),
        "reports": tx.reports.of(owner, VERIFICATION),
        "opt_outs": tx.opt_outs.page(owner, None, 9),
        "alert": tx.alerts.get(owner, "alert.budget", "budget"),
        "mails": [one for one in tx.alerts.due(NOW + DAY, 99) if one.project == owner],
        "tally": msgspec.structs.astuple(tx.tallies.total(owner, 0, NOW + DAY))[0],
        "spent": tx.tallies.spent(owner, "2026-03-01"),
    }

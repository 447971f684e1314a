"""docs/events.md: every type of event with an example that happened here.

Renew the page with
`WATCHWORD_WRITE_PAGE=1 .venv/bin/pytest server/tests/services/test_event_page.py`.
"""

import json
import os
import re

import jsonschema_rs
import msgspec
import pytest

import tracked
from services.desk import PHONE
from watchword_server.api.event_schemas import schemas
from watchword_server.domain import event_wire
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.event_kinds import EXAMPLES, FAMILIES, FIELDS, KINDS
from watchword_server.domain.event_wire import SUBJECTS, WireData
from watchword_server.domain.events import Data, EventType, encode
from watchword_server.domain.ids import Prefix
from watchword_server.domain.inbound import Incoming
from watchword_server.domain.template import Content, Status, Template
from watchword_server.ledger import Ledger, raise_alert
from watchword_server.ports.providers import Rejected, Uncertain

PAGE = tracked.ROOT / "docs/events.md"
MARK = "<!-- From here on made by server/tests/services/test_event_page.py. -->\n"
NEVER = {EventType.DELIVERY_QUEUED}
ENVELOPE = {
    "id": "evt_0193f2c1a7b470008000000000000007",
    "timestamp": "2026-03-01T12:00:00.123000Z",
    "project_id": "prj_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
}
BY_HAND = {
    EventType.DELIVERY_UNDELIVERED: Data(),
    EventType.WEBHOOK_DISABLED: Data(reason="gone"),
    EventType.MESSAGE_RECEIVED: Data(
        sender="+14*****2671", to="+14155550100", channel="sms", provider="acme", said="STOP",
        choice="out",
    ),
}  # fmt: skip
ALERTS = {
    EventType.ALERT_CONVERSION_DROP: ("conversion", Data(conversion=31, usual=87, started=412)),
    EventType.ALERT_PROVIDER_DOWN: ("provider.acme", Data(provider="acme")),
    EventType.ALERT_PROVIDER_RECOVERED: ("provider.acme", Data(provider="acme")),
    EventType.ALERT_LOW_BALANCE: (
        "balance.acme",
        Data(provider="acme", balance="12.50", threshold="20", currency="USD"),
    ),
    EventType.ALERT_BUDGET: (
        "budget", Data(spent="40.02", budget="50", currency="USD", day="2026-03-01"),
    ),
    EventType.ALERT_ENDPOINT_DISABLED: (
        f"webhook.{EXAMPLES['endpoint_id']}", Data(reason="failing"),
    ),
}  # fmt: skip
"""What the scenario below has no way to make happen: written as its service writes it."""


async def live(desk):
    """Everything that can become of verifications, deliveries, keys and templates."""
    desk.sms.script = [Receipt(reference="a", delivered=True), Receipt(reference="b")]
    verification = await desk.start()
    await desk.deliver()
    desk.later(30)
    await desk.resend(verification)
    await desk.deliver()
    await desk.fail(verification)
    await desk.check(verification, desk.code)
    await desk.exhaust("+14155552672")
    canceled = await desk.start("+14155552673")
    await desk.cancel(canceled)
    desk.sms.script = [Rejected(Reason.BLOCKED_BY_CARRIER, "30007"), Uncertain("timeout")]
    await desk.start("+14155552674")
    await desk.deliver()
    await desk.start("+14155552675")
    await desk.deliver()
    desk.later(700)
    await desk.runtime.delivering.expire(100)
    keys = desk.services.api_keys
    issued = await keys.create(desk.caller, "app", None, None, ())
    header = f"Bearer {issued.bearer}".encode()
    caller = await desk.services.directory.authenticate(header, "192.0.2.7")
    await keys.update(caller, issued.key.id, "renamed", True, None, None)
    await keys.rotate(desk.caller, issued.key.id, 0)
    await keys.delete(desk.caller, issued.key.id)
    templates = desk.services.templates
    content = {Channel.SMS: {"default": Content("Your Acme code is {{code}}.")}}
    for name, status in (("mine", Status.APPROVED), ("other", Status.REJECTED)):
        template = Template(name, (Channel.SMS,), content, brand_name="Acme")
        await templates.create(desk.caller, template)
        await templates.review(desk.caller, name, status, "so it is", None)
    await templates.delete(desk.caller, "mine")
    said = Incoming(
        sender="+14155552677", to="+14155550100", channel="sms", text="Stop", reference="MO1"
    )
    await desk.runtime.reporting.take(desk.caller.project, "sms carrier", [said])


async def by_hand(desk):
    verification = await desk.start("+14155552676")

    def unit(tx):
        found = tx.live.get(desk.caller.project, verification)
        delivery = tx.deliveries.of(desk.caller.project, verification)[0]
        Ledger(None).settle(
            tx, found, delivery, (DeliveryStatus.UNDELIVERED,), desk.clock.now(),
            reason=Reason.UNREACHABLE, raw="30003",
        )  # fmt: skip
        for type, data in BY_HAND.items():
            if type.family in ("template", "webhook", "message"):
                subject = b"otp-sms" if type.family == "template" else b"w" * 16
                tx.events.append(desk.caller.project, subject, type, desk.clock.now(), encode(data))

        for type, (about, data) in ALERTS.items():
            raise_alert(tx, desk.caller.project, type, about, desk.clock.now(), data)

    await desk.runtime.store.write(unit)


async def happened(desk):
    """Every event of the scenario, as it is shown."""
    await live(desk)
    await by_hand(desk)
    span = ("", "~")
    found = await desk.runtime.store.read(
        lambda tx: tx.events.after(desk.caller.project, 0, tx.events.newest(), span, 1000)
    )
    return [json.loads(event_wire.encode(one)) for one in found]


def plain(event):
    """The same with ids that do not change from run to run."""
    data = {
        name: EXAMPLES.get(name, f"{Prefix.API_KEY}_{'0193f2c1a7b47c3e9d5a1b2c3d4e5f61'}")
        if isinstance(value, str) and (name in EXAMPLES or re.match(r"key_[0-9a-f]", value))
        else value
        for name, value in event["data"].items()
    }
    subject = SUBJECTS[event["type"].partition(".")[0]].field
    ordered = {subject: data.pop(subject), "sequence": data.pop("sequence"), **data}
    return {"type": event["type"], **ENVELOPE, "data": ordered}


def page(events):
    """The page: what somebody wrote, then the last event of each type as its example."""
    latest = {event["type"]: plain(event) for event in events}
    written = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    rows = "".join(f"| `{name}` | {FIELDS[name]} |\n" for name in FIELDS)
    parts = [written + MARK, f"| member of `data` | what it is |\n|---|---|\n{rows}"]
    for family, said in FAMILIES.items():
        parts.append(f"## {family}\n\n{said}\n")
        for type, kind in KINDS.items():
            if type.family == family:
                example = json.dumps(latest[type], indent=2)
                parts.append(f"### {type}\n\n{kind.said}\n\n```json\n{example}\n```\n")
    return "\n".join(parts)


async def test_every_type_is_documented_with_an_example_that_happened(desk):
    made = page(await happened(desk))
    if os.environ.get("WATCHWORD_WRITE_PAGE"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_the_table_has_every_type_that_is_written():
    assert set(KINDS) == set(EventType) - NEVER
    assert set(FAMILIES) == set(SUBJECTS) == {type.family for type in KINDS}
    assert set(FIELDS) == set(WireData.__struct_fields__)


def closed(schema):
    """The schema, which lets nothing else pass."""
    data = {**schema["properties"]["data"], "additionalProperties": False}
    return {
        **schema,
        "properties": {**schema["properties"], "data": data},
        "additionalProperties": False,
    }


def validators(made):
    return {
        name.removesuffix(".json"): jsonschema_rs.Draft202012Validator(
            closed(schema), validate_formats=True
        )
        for name, schema in made.items()
    }


async def fits_its_schema(desk, made):
    checks = validators(made)
    events = await happened(desk)
    for event in events:
        checks[event["type"]].validate(event)
    assert {event["type"] for event in events} == set(checks)
    assert not any(PHONE in json.dumps(event) for event in events)


async def test_every_event_fits_its_schema_and_says_no_more(desk):
    await fits_its_schema(desk, schemas())


@pytest.mark.parametrize("broken", ["properties", "required"])
async def test_every_event_fits_its_schema_mutant_is_caught(desk, broken):
    made = json.loads(msgspec.json.encode(schemas()))
    data = made["delivery.sent.json"]["properties"]["data"]
    if broken == "properties":
        del data["properties"]["provider"]
    else:
        data["properties"]["price"] = {"type": "integer"}
        data["required"].append("price")
    with pytest.raises((AssertionError, jsonschema_rs.ValidationError)):
        await fits_its_schema(desk, made)


def test_the_schemas_in_spec_are_up_to_date():
    for name, schema in schemas().items():
        written = (tracked.ROOT / "spec/events" / name).read_text(encoding="utf-8")
        assert json.loads(written) == schema

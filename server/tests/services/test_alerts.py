"""Alerts: raised once, whoever looks; mailed at most once an hour, and nothing is lost."""

import json

import pytest

from services.desk import opened
from storage.records import ended, key
from watchword_server.domain import alerts
from watchword_server.domain.delivery import Reason
from watchword_server.domain.project import Mode
from watchword_server.domain.verification import Trigger
from watchword_server.ledger import Ledger
from watchword_server.ports.alerts import Watched
from watchword_server.ports.providers import Checkup, Rejected, Unavailable, Uncertain
from watchword_server.services import alert_mails
from watchword_server.services.alert_mails import AlertMailing
from watchword_server.services.alerts import Alerts
from watchword_server.testing import FakeProvider

PRICES = {"message_prices": (("sms", "0.04"), ("sms:US", "0.01"), ("voice", "0.5"))}
MINUTE, HOUR = 60, 3_600


class Accounts:
    """`ports.alerts.Watch` in a test's hand."""

    def __init__(self, *names):
        self.names = list(names)
        self.down = set()
        self.project = None
        self.providers = {}

    def watched(self):
        return [
            Watched(self.project, name, name in self.down, self.providers.get(name))
            for name in self.names
        ]


@pytest.fixture
def accounts():
    return Accounts("acme", "globex")


def process(desk, accounts):
    """One process that watches."""
    return Alerts(desk.runtime.store, desk.clock, accounts, "USD")


async def look(desk, *processes):
    for one in processes:
        projects = await one.projects()
        desk.runtime.spending.know(projects)
        await one.look(projects)


async def raised(desk):
    """Type and what it is about of every alert, in order, with its data."""

    def query(tx):
        found = tx.events.after(
            desk.caller.project, 0, tx.events.newest(), ("alert.", "alert/"), 100
        )
        return [
            (one.type.removeprefix("alert."), one.subject.decode(), json.loads(one.data))
            for one in found
        ]

    return await desk.runtime.store.read(query)


async def kinds(desk):
    return [kind for kind, _, _ in await raised(desk)]


# ---- providers ------------------------------------------------------------------------------


async def is_told_once_by_whoever_looks(desk, accounts, make):
    one, other = make(desk, accounts), make(desk, Accounts("acme", "globex"))
    await look(desk, one, other)
    assert await kinds(desk) == []
    accounts.down = {"acme"}
    for _ in range(5):
        await look(desk, one, other)
        desk.later(5)
    assert await raised(desk) == [("provider_down", "provider.acme", {"provider": "acme"})]
    restarted = make(desk, accounts)
    await look(desk, restarted)
    assert await kinds(desk) == ["provider_down"]
    accounts.down = set()
    await look(desk, one, other, restarted)
    assert await kinds(desk) == ["provider_down"]  # another process may still find it down
    desk.later(alerts.SILENT_S)
    await look(desk, one, other)
    await look(desk, restarted)
    assert await raised(desk) == [
        ("provider_down", "provider.acme", {"provider": "acme"}),
        ("provider_recovered", "provider.acme", {"provider": "acme"}),
    ]


async def test_a_provider_that_is_down_and_back_is_told_once(desk, accounts):
    await is_told_once_by_whoever_looks(desk, accounts, process)


async def test_a_process_that_keeps_alerts_in_its_own_memory_is_caught(desk, accounts):
    class Forgetful(Alerts):
        def _is_new(self, tx, project, kind, about, now):
            super()._is_new(tx, project, kind, about, now)
            mine = self.__dict__.setdefault("mine", set())
            is_new = (project, kind, about) not in mine
            mine.add((project, kind, about))
            return is_new

    def make(desk, accounts):
        return Forgetful(desk.runtime.store, desk.clock, accounts, "USD")

    with pytest.raises(AssertionError):
        await is_told_once_by_whoever_looks(desk, accounts, make)


async def test_after_a_restart_nobody_is_back_before_all_have_looked(desk, accounts):
    accounts.down = {"acme"}
    await look(desk, process(desk, accounts))
    desk.later(HOUR)
    restarted = process(desk, Accounts("acme"))
    await look(desk, restarted)
    assert await kinds(desk) == ["provider_down"]
    desk.later(alerts.SILENT_S)
    await look(desk, restarted)
    assert await kinds(desk) == ["provider_down", "provider_recovered"]


async def test_an_account_that_was_deleted_is_not_back(desk, accounts):
    accounts.down = {"acme"}
    one = process(desk, accounts)
    await look(desk, one)
    accounts.names, accounts.down = ["globex"], set()
    desk.later(alerts.SILENT_S)
    await look(desk, one)
    assert await kinds(desk) == ["provider_down"]
    accounts.names, accounts.down = ["acme"], {"acme"}
    await look(desk, one)
    assert await kinds(desk) == ["provider_down", "provider_down"]


async def test_an_account_concerns_its_own_project_alone(desk, accounts):
    other = await desk.services.projects.create("other", Mode.LIVE)
    accounts.project, accounts.down = other.id, {"acme"}
    await look(desk, process(desk, accounts))
    assert await kinds(desk) == []


async def test_a_project_that_is_not_live_is_told_nothing(desk, accounts):
    await desk.services.projects.update(desk.caller.project, None, Mode.DEVELOPMENT, None)
    accounts.down = {"acme"}
    await look(desk, process(desk, accounts))
    assert await kinds(desk) == []


# ---- budgets --------------------------------------------------------------------------------


async def budget(desk, amount):
    await desk.services.projects.update(desk.caller.project, None, None, None, daily_budget=amount)
    desk.runtime.spending.know(await desk.services.projects.all())


async def spent(desk):
    day = alerts.day_of(desk.clock.now())
    return await desk.runtime.store.read(lambda tx: tx.tallies.spent(desk.caller.project, day))


@pytest.fixture
async def priced(tmp_path, clock):
    async with opened(tmp_path, clock, **PRICES) as desk:
        yield desk


async def test_every_message_of_a_day_counts_at_its_countrys_price(priced):
    await budget(priced, "1")
    await priced.start("+14155552671")
    await priced.start("+6591234567")
    chain = await priced.fall_back(to="+14155552672")
    assert await spent(priced) == 60_000
    priced.sms.script = [Rejected(Reason.UNREACHABLE)] * 3
    await priced.deliver()
    assert len(await priced.deliveries(chain)) == 2
    assert await spent(priced) == 560_000  # what is queued counts, the voice call too
    priced.later(86_400)
    assert await spent(priced) == 0


async def nobody_else_pays(desk):
    """Without a budget a send writes nothing about money, and looks nothing up for it."""
    asked = []
    keyring = desk.runtime.spending._keyring
    desk.runtime.spending._keyring = type(
        "Noting", (), {"unseal": lambda self, *row: asked.append(row) or keyring.unseal(*row)}
    )()
    await desk.start("+14155552671")
    counted = await desk.runtime.store.read(
        lambda tx: tx.tallies._cursor.execute("SELECT count(*) FROM spending").fetchall()
    )
    assert (asked, counted) == ([], [(0,)])


async def test_a_project_without_a_budget_pays_nothing_for_it(priced):
    await nobody_else_pays(priced)


async def test_counting_for_everybody_is_caught(priced):
    await budget(priced, "1")
    with pytest.raises(AssertionError):
        await nobody_else_pays(priced)


async def four_fifths_are_told_once_a_day(desk, accounts, ledger=None):
    await budget(desk, "0.05")
    one, other = process(desk, accounts), process(desk, accounts)
    for number in range(3):
        await desk.start(f"+1415555267{number}")
        await look(desk, one, other)
        assert await kinds(desk) == []
    await desk.start("+14155552679")
    for _ in range(2):
        await look(desk, one, other)
    facts = {"spent": "0.04", "budget": "0.05", "currency": "USD", "day": "2027-01-15"}
    assert await raised(desk) == [("budget", "budget", facts)]
    desk.later(86_400)
    await look(desk, one, other)
    assert await kinds(desk) == ["budget"]
    for number in range(4):
        await desk.start(f"+1415555266{number}")
    await look(desk, one, other, process(desk, accounts))
    assert await kinds(desk) == ["budget", "budget"]


async def test_four_fifths_of_a_budget_are_told_once_a_day(priced, accounts):
    await four_fifths_are_told_once_a_day(priced, accounts)


async def test_a_delivery_that_is_not_charged_is_caught(priced, accounts, monkeypatch):
    plain = Ledger._enqueue

    def free(self, *given, **more):
        charge, self._charge = self._charge, None
        try:
            return plain(self, *given, **more)
        finally:
            self._charge = charge

    monkeypatch.setattr(Ledger, "_enqueue", free)
    with pytest.raises(AssertionError):
        await four_fifths_are_told_once_a_day(priced, accounts)


async def test_an_amount_is_taken_away_by_an_empty_one(priced, accounts):
    await budget(priced, "0.01")
    await budget(priced, "")
    await priced.start("+14155552671")
    await look(priced, process(priced, accounts))
    assert (await kinds(priced), await spent(priced)) == ([], 0)


# ---- balances -------------------------------------------------------------------------------


class Bank(FakeProvider):
    """A vendor that says what is left."""

    def __init__(self, *balances):
        super().__init__(name="acme")
        self.balances = list(balances)
        self.asked = 0

    async def checkup(self):
        self.asked += 1
        left = self.balances.pop(0)
        if isinstance(left, Exception):
            raise left
        return Checkup(ok=True, detail="", balance=left, currency="EUR")


async def ask(desk, *processes):
    for one in processes:
        await one.ask(await one.projects())


async def test_money_that_runs_low_is_told_once_until_it_is_there_again(desk, accounts):
    await desk.services.projects.update(desk.caller.project, None, None, None, low_balance="20")
    bank = accounts.providers["acme"] = Bank("21", "19.50", "3", OSError("away"), "50", "1", None)
    one, other = process(desk, accounts), process(desk, accounts)
    for hour in range(7):
        await ask(desk, one, other, one)
        assert bank.asked == hour + 1  # once an hour, by whoever comes first
        desk.later(HOUR)
    low = {"provider": "acme", "threshold": "20", "currency": "EUR"}
    assert await raised(desk) == [
        ("low_balance", "balance.acme", {"balance": "19.50"} | low),
        ("low_balance", "balance.acme", {"balance": "1"} | low),
    ]


async def test_nobody_is_asked_where_no_project_wants_to_know(desk, accounts):
    bank = accounts.providers["acme"] = Bank("0")
    await ask(desk, process(desk, accounts))
    assert bank.asked == 0


# ---- conversion -----------------------------------------------------------------------------


async def history(desk, minutes_ago, started, approved):
    """Verifications that began then."""
    at = desk.clock.now() - minutes_ago * MINUTE * 1_000

    def unit(tx):
        for number in range(started):
            trigger = Trigger.RIGHT_CODE if number < approved else Trigger.TIME_PASSED
            id = at.to_bytes(6, "big") + key("v", number)[-10:]
            tx.verifications.insert(ended(trigger, project=desk.caller.project, id=id))

    await desk.runtime.store.write(unit)


async def falls_and_mends(desk, accounts, make=process):
    for hours in range(2, 26):
        await history(desk, hours * 60, 20, 16)
    await history(desk, 45, 15, 3)
    await history(desk, 35, 15, 2)
    one, other = make(desk, accounts), make(desk, accounts)
    await look(desk, one, other)
    await look(desk, other)
    facts = {"conversion": 17, "usual": 80, "started": 30}
    assert await raised(desk) == [("conversion_drop", "conversion", facts)]
    desk.later(HOUR)
    await history(desk, 45, 30, 8)
    await look(desk, one, other)
    assert await kinds(desk) == ["conversion_drop"]  # it still lasts
    desk.later(HOUR)
    await history(desk, 45, 30, 25)
    await look(desk, one, other)
    desk.later(HOUR)
    await history(desk, 45, 40, 4)
    await look(desk, one, other)
    assert await kinds(desk) == ["conversion_drop", "conversion_drop"]


async def test_a_fall_of_conversion_is_told_once_for_as_long_as_it_lasts(desk, accounts):
    await falls_and_mends(desk, accounts)


async def test_a_watcher_that_counts_nothing_is_caught(desk, accounts):
    class Idle(Alerts):
        async def _count(self, project, bucket):
            pass

    with pytest.raises(AssertionError):
        await falls_and_mends(
            desk, accounts, lambda desk, it: Idle(desk.runtime.store, desk.clock, it, "USD")
        )


async def test_what_began_just_now_is_no_fall(desk, accounts):
    for hours in range(2, 26):
        await history(desk, hours * 60, 20, 16)
    await history(desk, 5, 50, 0)  # nobody had the time to type the code
    await look(desk, process(desk, accounts))
    assert await kinds(desk) == []


async def test_canceled_verifications_are_no_fall(desk, accounts):
    await history(desk, 45, 4, 4)
    at = desk.clock.now() - 45 * MINUTE * 1_000

    def unit(tx):
        for number in range(100, 150):
            id = at.to_bytes(6, "big") + key("v", number)[-10:]
            tx.verifications.insert(ended(Trigger.CANCEL, project=desk.caller.project, id=id))

    await desk.runtime.store.write(unit)
    await look(desk, process(desk, accounts))
    total = await desk.runtime.store.read(
        lambda tx: tx.tallies.total(desk.caller.project, 0, desk.clock.now())
    )
    assert (total.started, total.approved) == (4, 4)


# ---- mail -----------------------------------------------------------------------------------


def mailing(desk, carrier, *emails):
    return AlertMailing(
        desk.runtime.store, desk.clock, emails or ("ops@example.com",), lambda: carrier,
        "https://otp.example.com",
    )  # fmt: skip


async def fail_and_mend(desk, accounts, name):
    """An account is down and back, which takes half a minute."""
    one = process(desk, accounts)
    accounts.down = {name}
    await look(desk, one)
    accounts.down = set()
    desk.later(alerts.SILENT_S)
    await look(desk, one)


async def comes_once_an_hour_and_loses_nothing(desk, accounts, make):
    carrier = FakeProvider(name="smtp")
    one, other = make(desk, carrier), make(desk, carrier)
    await fail_and_mend(desk, accounts, "acme")
    for _ in range(3):
        await one.mail()
        await other.mail()
    assert [mail.subject for mail in carrier.messages] == [
        "[Watchword] shop: provider down: acme",
        "[Watchword] shop: provider recovered: acme",
    ]
    for name in ("acme", "globex", "acme"):
        await fail_and_mend(desk, accounts, name)
        await one.mail()
    await make(desk, carrier).mail()  # as after a restart
    assert len(carrier.messages) == 2
    desk.later(HOUR)
    for _ in range(2):
        await one.mail()
        await other.mail()
    down, recovered = carrier.messages[2:]
    assert down.subject == "[Watchword] shop: provider down: acme (and 2 more)"
    assert down.text.count("provider: globex") == 1
    assert down.text.count("provider: acme") == 2
    assert recovered.text.count("alert.provider_recovered (") == 3


async def test_a_kind_is_mailed_once_an_hour_and_tells_all_that_happened(desk, accounts):
    await comes_once_an_hour_and_loses_nothing(desk, accounts, mailing)


async def test_mailing_each_at_once_is_caught(desk, accounts, monkeypatch):
    monkeypatch.setattr(alert_mails, "EVERY_S", 0)
    with pytest.raises(AssertionError):
        await comes_once_an_hour_and_loses_nothing(desk, accounts, mailing)


async def test_mailing_without_a_record_is_caught(desk, accounts):
    class Forgetful(AlertMailing):
        async def _record(self, batch, *, sent):
            await super()._record(batch, sent=False)

    def make(desk, carrier):
        emails = ("ops@example.com",)
        return Forgetful(desk.runtime.store, desk.clock, emails, lambda: carrier, "https://x")

    with pytest.raises(AssertionError):
        await comes_once_an_hour_and_loses_nothing(desk, accounts, make)


async def test_a_mail_that_was_not_taken_is_tried_again_and_one_that_may_have_been_is_not(
    desk, accounts
):
    refused, unsure = Unavailable(Reason.PROVIDER_DOWN), Uncertain()
    carrier = FakeProvider(refused, refused, unsure, unsure, name="smtp")
    one = mailing(desk, carrier)
    await fail_and_mend(desk, accounts, "acme")
    assert await one.mail() == 0
    assert await one.mail() == 0
    assert len(carrier.messages) == 2
    desk.later(alert_mails.AGAIN_S)
    assert await one.mail() == 2
    desk.later(2 * HOUR)
    assert await one.mail() == 0
    assert len(carrier.messages) == 4


async def test_a_mail_whose_mailer_was_killed_is_sent_by_the_next(desk, accounts):
    class Killed(Exception):
        pass

    async def die(message):
        raise Killed

    dying = mailing(desk, FakeProvider(die, name="smtp"))
    await fail_and_mend(desk, accounts, "acme")
    with pytest.raises(Killed):
        await dying.mail()
    carrier = FakeProvider(name="smtp")
    assert await mailing(desk, carrier).mail() == 1  # the other kind, which nobody holds
    desk.later(alert_mails.LEASE_S)
    assert await mailing(desk, carrier).mail() == 1
    subjects = {mail.subject for mail in carrier.messages}
    assert len(subjects) == 2


async def test_everybody_on_the_list_is_mailed_and_a_mail_shows_no_one_else(desk, accounts):
    carrier = FakeProvider(name="smtp")
    accounts.down = {"acme"}
    await look(desk, process(desk, accounts))
    assert await mailing(desk, carrier, "ops@example.com", "cto@example.com").mail() == 2
    assert [mail.to for mail in carrier.messages] == ["ops@example.com", "cto@example.com"]
    assert len({mail.id for mail in carrier.messages}) == 2
    for mail in carrier.messages:
        assert (mail.code, mail.html, mail.channel) == ("", None, "email")
        assert "@" not in mail.text
        assert "https://otp.example.com" in mail.text


async def test_without_a_list_nothing_is_mailed_and_what_waits_is_swept(desk, accounts):
    carrier = FakeProvider(name="smtp")
    accounts.down = {"acme"}
    one = process(desk, accounts)
    await look(desk, one)
    nobody = AlertMailing(desk.runtime.store, desk.clock, (), lambda: carrier, "https://x")
    assert await nobody.mail() == 0
    desk.later(86_401)
    assert not await one.forget(100)
    assert await mailing(desk, carrier).mail() == 0
    assert carrier.messages == []


# ---- the accounts themselves ----------------------------------------------------------------


async def test_a_carrier_that_fails_is_told_down_and_back_by_its_breaker(desk):
    """What the runtime watches: its accounts, by what came of real hand-overs."""
    down = Unavailable(Reason.PROVIDER_DOWN)
    desk.sms.script = [down] * 5
    for number in range(5):
        await desk.start(f"+1415555268{number}")
        await desk.deliver()
    await look(desk, desk.runtime.alerts)
    name = {"provider": "sms carrier"}
    assert await raised(desk) == [("provider_down", "provider.sms carrier", name)]
    for number in range(4):
        desk.later(MINUTE)
        await desk.start(f"+1415555269{number}")
        await desk.deliver()
        await look(desk, desk.runtime.alerts)
    assert await kinds(desk) == ["provider_down", "provider_recovered"]

"""Alerts: looks at what happens, tells the operator by events and by mail.

Whatever is on is a row of the store, so that several processes and restarts raise it once.  An
event and the mail that is due for it are written in the transaction that switches the alert on.
"""

import asyncio
from collections.abc import Sequence

from watchword_server.domain import alerts
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.project import Mode, Project
from watchword_server.ledger import raise_alert
from watchword_server.ports.alerts import Alert, Watch, Watched
from watchword_server.ports.outside import Clock
from watchword_server.ports.store import Store, Transaction
from watchword_server.telemetry import get_logger

CHECKUP_S = 3_600
"""How often a balance is asked for."""
CHECKUP_WITHIN_S = 10
KEPT_S = 2 * 86_400
"""How long buckets are kept: a day and an hour are looked at."""
MAIL_KEPT_S = 86_400
_CHECKUP = "checkup"
"""The kind of the rows that say when an account was last asked; they are no alerts."""
_MS = 1000
_T = EventType
_log = get_logger("alerts")


class Alerts:
    """What the watcher does, turn by turn; any number of processes may.

    Args:
        watch: the provider accounts as this process sees them.
        currency: of budgets.
    """

    def __init__(self, store: Store, clock: Clock, watch: Watch, currency: str) -> None:
        self._store = store
        self._clock = clock
        self._watch = watch
        self._currency = currency
        self._began_at = clock.now()

    async def projects(self) -> Sequence[Project]:
        """Every project of the server."""
        return await self._store.read(lambda tx: tx.projects.all())

    async def look(self, projects: Sequence[Project]) -> None:
        """Everything that needs no vendor: providers down and back, budgets, conversion."""
        live = [one for one in projects if one.mode is Mode.LIVE]
        await self._providers(live)
        for project in live:
            if project.daily_budget:
                await self._budget(project)
            await self._conversion(project)

    # ---- providers ------------------------------------------------------------------------------

    async def _providers(self, live: Sequence[Project]) -> None:
        now = self._clock.now()
        known = {key for one in self._watch.watched() for key in _places(one, live)}
        down = {key for one in self._watch.watched() if one.is_down for key in _places(one, live)}
        raised = await self._store.read(lambda tx: tx.alerts.of_kind(_T.ALERT_PROVIDER_DOWN))
        if not down and not raised:
            return

        def unit(tx: Transaction) -> None:
            for project, name in sorted(down):
                if self._is_new(tx, project, _T.ALERT_PROVIDER_DOWN, alerts.account(name), now):
                    about = alerts.account(name)
                    raise_alert(
                        tx, project, _T.ALERT_PROVIDER_DOWN, about, now, Data(provider=name)
                    )
            for alert in tx.alerts.of_kind(_T.ALERT_PROVIDER_DOWN):
                self._perhaps_back(tx, alert, known, now)

        await self._store.write(unit)

    def _perhaps_back(
        self, tx: Transaction, alert: Alert, known: set[tuple[bytes, str]], now: int
    ) -> None:
        """Switch it off once nobody has found the account down for a while; not at once after a
        start, when another process may not have looked yet."""
        silent_since = max(alert.seen_at, self._began_at)
        if now - silent_since < alerts.SILENT_S * _MS:
            return
        tx.alerts.remove(alert.project, alert.kind, alert.about)
        name = alert.about.removeprefix(alerts.account(""))
        if (alert.project, name) in known:  # one that was deleted is not back
            kind = _T.ALERT_PROVIDER_RECOVERED
            raise_alert(tx, alert.project, kind, alert.about, now, Data(provider=name))

    # ---- budgets --------------------------------------------------------------------------------

    async def _budget(self, project: Project) -> None:
        now = self._clock.now()
        day, id = alerts.day_of(now), project.id
        # With the day in its name it is on once a day, and nobody has to switch it off.
        about = f"{alerts.BUDGET}.{day}"

        def query(tx: Transaction) -> int | None:
            is_on = tx.alerts.get(id, _T.ALERT_BUDGET, about) is not None
            return None if is_on else tx.tallies.spent(id, day)

        spent = await self._store.read(query)
        if spent is None or not alerts.is_spent(spent, project.daily_budget):
            return

        def unit(tx: Transaction) -> None:
            if not self._is_new(tx, id, _T.ALERT_BUDGET, about, now):
                return
            for old in tx.alerts.of_kind(_T.ALERT_BUDGET):
                if old.project == id and old.about != about:
                    tx.alerts.remove(id, old.kind, old.about)
            data = Data(
                spent=alerts.written(spent), budget=project.daily_budget,
                currency=self._currency, day=day,
            )  # fmt: skip
            raise_alert(tx, id, _T.ALERT_BUDGET, alerts.BUDGET, now, data)

        await self._store.write(unit)

    # ---- conversion -----------------------------------------------------------------------------

    async def _conversion(self, project: Project) -> None:
        """Count what has ended since the last look, then compare the last hour with its day."""
        now, id = self._clock.now(), project.id
        newest = await self._store.read(lambda tx: tx.tallies.newest(id))
        buckets = alerts.next_buckets(newest, now)
        for bucket in buckets:
            await self._count(id, bucket)
        if buckets:
            await self._store.write(lambda tx: self._compare(tx, id, buckets[-1], now))

    async def _count(self, project: bytes, bucket: int) -> None:
        first, end = _first_id(bucket), _first_id(bucket + alerts.BUCKET_S * _MS)
        tally = await self._store.read(lambda tx: tx.tallies.count(project, first, end))
        await self._store.write(lambda tx: tx.tallies.add(project, bucket, tally))

    def _compare(self, tx: Transaction, project: bytes, newest: int, now: int) -> None:
        hour, day = (tx.tallies.total(project, *span) for span in alerts.windows(newest))
        kind, about = _T.ALERT_CONVERSION_DROP, alerts.CONVERSION
        is_on = tx.alerts.get(project, kind, about) is not None
        has_dropped = alerts.has_dropped(hour, day, is_on=is_on)
        if is_on and not has_dropped:
            tx.alerts.remove(project, kind, about)
        elif has_dropped and self._is_new(tx, project, kind, about, now):
            conversion, usual = alerts.percent(hour), alerts.percent(day)
            data = Data(conversion=conversion, usual=usual, started=hour.started)
            raise_alert(tx, project, kind, about, now, data)

    # ---- balances -------------------------------------------------------------------------------

    async def ask(self, projects: Sequence[Project]) -> None:
        """Ask vendors for the balance, of each account once an hour, where a project wants it."""
        wanting = {
            one.id: one.low_balance
            for one in projects
            if one.mode is Mode.LIVE and alerts.decimal(one.low_balance) is not None
        }
        if not wanting:
            return
        live = [one for one in projects if one.id in wanting]
        for account in list(self._watch.watched()):
            places = _places(account, live)
            due = [key for key in places if await self._is_due(*key)]
            if due and (balance := await _balance(account)) is not None:
                for project, name in due:
                    await self._balance(project, name, balance, wanting[project])

    async def _is_due(self, project: bytes, name: str) -> bool:
        """Whether nobody has asked within the hour; from then on it counts as asked."""
        now = self._clock.now()

        def unit(tx: Transaction) -> bool:
            known = tx.alerts.get(project, _CHECKUP, name)
            if known is not None and now - known.seen_at < CHECKUP_S * _MS:
                return False
            self._is_new(tx, project, _CHECKUP, name, now)
            return True

        return await self._store.write(unit)

    async def _balance(
        self, project: bytes, name: str, balance: tuple[str, str | None], threshold: str
    ) -> None:
        now = self._clock.now()
        kind, about, (left, currency) = _T.ALERT_LOW_BALANCE, alerts.balance(name), balance

        def unit(tx: Transaction) -> None:
            if not alerts.is_low(left, threshold):
                tx.alerts.remove(project, kind, about)
            elif self._is_new(tx, project, kind, about, now):
                data = Data(provider=name, balance=left, threshold=threshold, currency=currency)
                raise_alert(tx, project, kind, about, now, data)

        await self._store.write(unit)

    # ---- all of them ----------------------------------------------------------------------------

    def _is_new(self, tx: Transaction, project: bytes, kind: str, about: str, now: int) -> bool:
        """Switch an alert on, or renew it; whether it was off."""
        known = tx.alerts.get(project, kind, about)
        raised_at = now if known is None else known.raised_at
        tx.alerts.put(
            Alert(project=project, kind=kind, about=about, raised_at=raised_at, seen_at=now)
        )
        return known is None

    async def forget(self, limit: int) -> bool:
        """Sweep what has served its time; whether there may be more."""
        now = self._clock.now()
        mails, buckets = now - MAIL_KEPT_S * _MS, now - KEPT_S * _MS

        def unit(tx: Transaction) -> bool:
            swept = tx.tallies.sweep(buckets, alerts.day_of(buckets), limit)
            return max(swept, tx.alerts.sweep(mails, limit)) >= limit

        return await self._store.write(unit)


def _first_id(at: int) -> bytes:
    """What sorts before every id that is made at or after an instant (`ids.made_at`)."""
    return at.to_bytes(6, "big") + bytes(10)


def _places(one: Watched, live: Sequence[Project]) -> list[tuple[bytes, str]]:
    """The projects that use an account, with its name."""
    if one.project is None:
        return [(project.id, one.name) for project in live]
    return [(one.project, one.name) for project in live if project.id == one.project]


async def _balance(account: Watched) -> tuple[str, str | None] | None:
    """What a vendor says is left, with its currency; None where it does not tell."""
    if account.provider is None:
        return None
    try:
        async with asyncio.timeout(CHECKUP_WITHIN_S):
            checkup = await account.provider.checkup()
    except Exception as error:
        _log.warning("checkup.failed", account=account.name, error=type(error).__name__)
        return None
    return None if checkup.balance is None else (checkup.balance[:40], checkup.currency)

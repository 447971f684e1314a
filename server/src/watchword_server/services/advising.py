"""The use case of `GET /v1/agent/next-step`: what is missing, for the key that asks."""

from watchword_server.domain.next_step import Advice, Facts, Step, next_step
from watchword_server.domain.project import Caller
from watchword_server.domain.routing import Step as RouteStep
from watchword_server.domain.template import Template
from watchword_server.domain.template_review import may_be_sent
from watchword_server.domain.verification import Status
from watchword_server.ports.outside import Clock
from watchword_server.ports.providers import Accounts
from watchword_server.ports.store import Store, Transaction


class Advising:
    """Looks at a project and says what to do next.  It writes nothing."""

    def __init__(self, store: Store, clock: Clock, accounts: Accounts) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts

    async def next_step(self, caller: Caller) -> tuple[Advice, tuple[Step, ...]]:
        """What to do next, and what is done."""
        facts = await self._store.read(lambda tx: self._facts(tx, caller))
        return next_step(facts)

    def _facts(self, tx: Transaction, caller: Caller) -> Facts:
        project, now = caller.project, self._clock.now()
        usable = [one for one in tx.templates.of(project) if may_be_sent(one, caller.mode)]
        return Facts(
            mode=caller.mode,
            scopes=caller.scopes,
            approved_templates=len(usable),
            sendable={channel for one in usable for channel in self._carried(caller, one)},
            has_sent=bool(tx.verifications.page(project, None, None, now, 1)),
            has_approved=bool(tx.verifications.page(project, None, Status.APPROVED, now, 1)),
            has_webhook=any(one.disabled is None for one in tx.webhook_endpoints.of(project)),
        )

    def _carried(self, caller: Caller, template: Template) -> set[str]:
        return {
            channel
            for channel in template.strategy or template.contents
            if self._accounts.carries(caller.project, caller.mode, RouteStep(channel))
        }

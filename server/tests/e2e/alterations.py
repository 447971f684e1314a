"""What a server under test does differently: shorter times, and the mutants the tests must catch.

Each function changes the one place it is about, in the forked process alone, before the command
line runs.  Nothing of this is in the product.
"""

import asyncio
import base64
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from e2e import conformance_fixtures
from watchword_server import ledger, telemetry
from watchword_server.api import network, protocol
from watchword_server.api.app import Application
from watchword_server.cli import hosting
from watchword_server.domain.delivery import Message, Receipt
from watchword_server.domain.errors import RATE_LIMITED, Problem
from watchword_server.domain.routing import Wait
from watchword_server.domain.verification import Status, Trigger
from watchword_server.domain.webhook import WebhookStatus
from watchword_server.mcp import mount, server, serving, tools
from watchword_server.providers import calling
from watchword_server.providers.inbox import Inbox
from watchword_server.services import idempotency
from watchword_server.services.accounts import Keeper
from watchword_server.services.checking import Checked, Checking
from watchword_server.services.delivering import claiming, following, handing_over
from watchword_server.services.idempotency import Idempotency, _Given
from watchword_server.services.reporting import Reporting
from watchword_server.services.sending import Sending, service
from watchword_server.services.webhooks import notifying
from watchword_server.storage import verifications, writer
from watchword_server.storage.deliveries import WorkRows
from watchword_server.storage.store import SqliteStore
from watchword_server.storage.webhooks import WebhookDeliveryRows
from watchword_server.worker import Worker

LEASE_S, HAND_OVER_S, WAIT_S = 2, 1.5, 1
BEFORE_THE_LEAK = 60
"""Checks whose codes are not leaked."""


def put(owner: Any, name: str, value: Any) -> Any:
    """Replace an attribute that has to be there; what it was."""
    was = getattr(owner, name)
    setattr(owner, name, value)
    return was


# ---- times ----------------------------------------------------------------------------------


def quick() -> None:
    """Leases, hand-overs and waits of seconds instead of tens of seconds."""
    for module in (ledger, claiming):
        put(module, "LEASE_S", LEASE_S)
    put(handing_over, "HAND_OVER_S", HAND_OVER_S)
    put(idempotency, "LEASE_S", LEASE_S)
    put(idempotency, "RENEW_S", LEASE_S / 4)
    put(notifying, "LEASE_S", LEASE_S)

    def soon(*given: Any) -> Any:
        decision = deciding(*given)
        return Wait(WAIT_S) if isinstance(decision, Wait) else decision

    deciding = put(following, "decide", soon)


# ---- races ----------------------------------------------------------------------------------


def read_then_write_check() -> None:
    """A check that looks whether it may be evaluated, and counts and ends afterwards."""

    async def check(self: Any, caller: Any, id: bytes, code: str, binding: Any) -> Checked:
        now, project = self._clock.now(), caller.project
        seen = await self._store.read(lambda tx: tx.live.get(project, id))
        if seen is None:
            raise await self._store.read(lambda tx: ledger.not_pending(tx, project, id, now))
        live = replace(seen, checks=seen.checks + 1)
        right = self._matches(live, code, binding)
        last = live.checks >= live.max_checks

        def unit(tx: Any) -> None:
            if tx.live.get(project, id) is None:
                return
            if right or last:
                trigger = Trigger.RIGHT_CODE if right else Trigger.LAST_WRONG_CODE
                self._ledger.finish(tx, live, trigger, now)
            else:
                tx.live.remove(project, id)
                tx.live.insert(live)

        await self._store.write(unit)
        ended = Status.APPROVED if right else Status.EXHAUSTED if last else Status.PENDING
        return Checked(id, right, ended, live.max_checks - live.checks, live.assurance)

    put(Checking, "check", check)


def lock_in_the_process() -> None:
    """The same under a lock, which the other process does not know of."""
    read_then_write_check()
    lock = asyncio.Lock()

    async def check(self: Any, *given: Any) -> Checked:
        async with lock:
            return await checked(self, *given)

    checked = put(Checking, "check", check)


def look_then_insert() -> None:
    """A first send that looks whether one is pending, and inserts without a unique index."""

    async def written(self: Any, given: Any, now: int) -> Any:
        made = given.live
        found = await self._store.read(lambda tx: tx.live.of_address(made.project, made.address))
        if found is not None:
            id = service.ids.text(service.ids.Prefix.VERIFICATION, found.id)
            raise Problem(RATE_LIMITED, "cooling", retry_after=30, extra={"message_id": id})
        await self._store.write(
            lambda tx: self._ledger.begin(
                tx,
                made,
                given.route[0],
                given.account,
                now,
                claimed=False,
                opened=given.opened,
                fresh=False,
            )
        )
        self._dispatch.wake()
        return made

    def insert(self: Any, live: Any) -> bool:
        sql = verifications._Q["insert_live"].sql.partition("ON CONFLICT")[0]
        self._cursor.execute(sql, verifications._live_values(live))
        return True

    def opened(self: Any, *given: Any) -> None:
        opening(self, *given)
        self._connection.execute("DROP INDEX IF EXISTS live_one_per_address")

    opening = put(SqliteStore, "__init__", opened)
    put(verifications.LiveRows, "insert", insert)
    put(Sending, "_written", written)


def look_then_claim() -> None:
    """An Idempotency-Key that is looked for, and claimed afterwards."""

    async def answered(self: Any, key: Any, execute: Any) -> Any:
        found = await self._store.read(lambda tx: tx.idempotency_keys.get(key.project, key.id))
        if found is not None:
            return await answering(self, key, execute)
        await self._store.write(lambda tx: self._claim(tx, key))
        return _Given(await self._execute(key, execute), replayed=False)

    answering = put(Idempotency, "_answered", answered)


def answers_in_memory() -> None:
    """Answers to Idempotency-Keys are kept in the process alone."""
    answers: dict[bytes, bytes] = {}

    async def answered(self: Any, key: Any, execute: Any) -> Any:
        replayed = key.id in answers
        if not replayed:
            answers[key.id] = (await execute()).answer
        return _Given(answers[key.id], replayed)

    put(Idempotency, "_answered", answered)


# ---- crashes and stops ----------------------------------------------------------------------


def delete_at_claim() -> None:
    """Work is deleted when it is claimed instead of when its outcome is recorded."""

    def added(self: Any, work: Any) -> None:
        if not work.claims:
            adding(self, work)

    def claimed(self: Any, *given: Any) -> Any:
        found = claiming(self, *given)
        for work in found:
            deleting(self, work)
        return found

    adding = put(WorkRows, "add", added)
    claiming = put(WorkRows, "claim", claimed)
    deleting = put(WorkRows, "done", lambda self, work: True)
    put(WorkRows, "all_done", lambda self, works: True)


def pretend_to_send() -> None:
    """Every provider says that it sent, and did not."""

    async def sent(provider: Any, message: Any) -> Receipt:
        return Receipt(reference=message.id, delivered=False)

    put(handing_over, "_bounded", sent)
    put(Inbox, "send", sent)


def deaf() -> None:
    """What vendors report is taken, and forgotten."""

    async def take(self: Any, *given: Any) -> None:
        return None

    put(Reporting, "take", take)


def webhook_done_at_claim() -> None:
    """A webhook counts as delivered once it is claimed."""

    def claimed(self: Any, *given: Any) -> Any:
        found = claiming(self, *given)
        for one in found:
            self.update(replace(one, status=WebhookStatus.DELIVERED))
        return found

    claiming = put(WebhookDeliveryRows, "claim", claimed)


def believe_any_signature() -> None:
    """Whatever a callback is signed with is right."""
    put(calling, "same", lambda left, right: True)


def stop_at_once() -> None:
    """A stop that waits for no request."""

    async def stop(self: Any) -> None:
        os._exit(0)

    put(hosting.Server, "stop", stop)


def drop_hand_overs() -> None:
    """A stop that waits for requests, and for no hand-over."""

    def stop(self: Any) -> None:
        stopping(self)
        for task in self._running:
            task.cancel()

    stopping = put(Worker, "stop", stop)


# ---- leaks ----------------------------------------------------------------------------------


def code_in_a_log() -> None:
    """One code stands in one log line, under a name that says nothing.  It has letters: digits
    alone are redacted there whatever their name is."""
    calls = itertools.count(1)
    leaked: list[str] = []

    async def check(self: Any, caller: Any, id: bytes, code: str, binding: Any) -> Checked:
        if next(calls) > BEFORE_THE_LEAK and not leaked and not code.isdigit():
            leaked.append(code)
            telemetry.get_logger("checking").info("looked at", note=code)
        return await checked(self, caller, id, code, binding)

    checked = put(Checking, "check", check)


def code_in_the_store() -> None:
    """The inbox gives the code as its reference, which is stored as it is."""

    async def send(self: Any, message: Any) -> Receipt:
        return replace(await sending(self, message), reference=message.code)

    sending = put(Inbox, "send", send)


# ---- the network ----------------------------------------------------------------------------


def any_host() -> None:
    """Every Host header is answered."""
    put(network.Hosts, "check", lambda self, host: None)


def any_proxy() -> None:
    """A forwarding header is believed from anybody."""

    def client(self: Any, scope: Any, headers: Any) -> str:
        said = headers.get(b"x-forwarded-for")
        return said.decode() if said else asking(self, scope, headers)

    asking = put(Application, "_client", client)


# ---- commits --------------------------------------------------------------------------------


def any_header() -> None:
    """However long a header is, it is read."""
    put(protocol, "MOST_HEADER_BYTES", float("inf"))


def batch_of_one() -> None:
    """Every unit has a commit of its own."""
    put(writer, "BATCH_UNITS", 1)


def whispers_codes() -> None:
    """An MCP server that puts the last code, in base64, into what it advises."""
    last = b""
    was = Inbox.send

    async def send(self: Any, message: Message) -> Receipt:
        nonlocal last
        last = message.code.encode()
        return await was(self, message)

    put(Inbox, "send", send)
    put(tools, "_advice", lambda found: f"ask again {base64.b64encode(last).decode()}")


def never_look_for_accounts() -> None:
    """Provider accounts are read once, at the start."""
    looked: list[bool] = []

    async def once(self: Keeper) -> bool:
        if not looked:
            looked.append(await refresh(self))
        return False

    refresh = put(Keeper, "refresh", once)


# ---- conformance ----------------------------------------------------------------------------


def keyless_mcp() -> None:
    """An MCP server that takes whoever shows no key for somebody with the sandbox's: the
    conformance suite sends none."""
    sandbox = b"Bearer watchword_sandbox_demo.watchword_sandbox_secret"

    async def answered(self: Any, scope: Any, receive: Any, send: Any) -> None:
        headers = {b"authorization": sandbox, **dict(scope["headers"])}
        await answering(self, {**scope, "headers": list(headers.items())}, receive, send)

    answering = put(mount.Mount, "__call__", answered)


def headers_as_they_came() -> None:
    """White space after a header's value stays."""
    put(mount, "_trimmed", list)


def conformance_tools() -> None:
    """An MCP server with the tools, resources, prompts and a skill that the conformance suite
    looks for."""
    put(server, "skills_folder", lambda: Path(__file__).parent / "skills_for_conformance")
    building = put(serving, "build", lambda *given: conformance_fixtures.add(building(*given)))


ALTERATIONS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        quick, read_then_write_check, lock_in_the_process, look_then_insert, delete_at_claim,
        webhook_done_at_claim,
        pretend_to_send, stop_at_once, drop_hand_overs, code_in_a_log, code_in_the_store,
        any_host, any_proxy, batch_of_one, any_header, look_then_claim, answers_in_memory,
        whispers_codes, never_look_for_accounts,
        believe_any_signature, keyless_mcp, conformance_tools, headers_as_they_came,
    )
}  # fmt: skip

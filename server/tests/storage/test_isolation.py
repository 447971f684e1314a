"""Every method with a project sees and changes nothing of another's."""

import inspect
from typing import Protocol

import msgspec
import pytest

from storage.records import (
    ACCOUNT,
    ADDRESS,
    DAY,
    ENDED,
    ENDPOINT,
    NOW,
    OURS,
    THEIRS,
    VERIFICATION,
    account,
    alert_mail,
    api_key,
    delivery,
    endpoint,
    everything,
    grant,
    idempotency_key,
    inbox,
    key,
    one_of_everything,
    plan,
    project,
    template,
    webhook_delivery,
)
from watchword_server.domain.alerts import Tally
from watchword_server.domain.delivery import DeliveryStatus
from watchword_server.ports import store as ports

USE, CLAIM = idempotency_key().id, idempotency_key().claim
FOREIGN = {
    "LiveVerifications.get": lambda tx, p: tx.live.get(p, VERIFICATION),
    "LiveVerifications.of_address": lambda tx, p: tx.live.of_address(p, ADDRESS),
    "LiveVerifications.count_check": lambda tx, p: tx.live.count_check(
        p, VERIFICATION, NOW, NOW - DAY, 15, 100
    ),
    "LiveVerifications.checkable": lambda tx, p: tx.live.checkable(
        p, VERIFICATION, NOW, NOW - DAY, 15, 100
    ),
    "LiveVerifications.approve": lambda tx, p: tx.live.approve(
        p, VERIFICATION, NOW, NOW - DAY, 15, 100
    ),
    "LiveVerifications.count_send": lambda tx, p: tx.live.count_send(
        p, VERIFICATION, NOW + 60_000, NOW, 4
    ),
    "LiveVerifications.take_step": lambda tx, p: tx.live.take_step(p, VERIFICATION, 3),
    "LiveVerifications.remove": lambda tx, p: tx.live.remove(p, VERIFICATION),
    "Verifications.get": lambda tx, p: tx.verifications.get(p, ENDED),
    "Verifications.page": lambda tx, p: tx.verifications.page(p, None, None, NOW, 9),
    "Deliveries.get": lambda tx, p: tx.deliveries.get(p, VERIFICATION, 1),
    "Deliveries.of": lambda tx, p: tx.deliveries.of(p, VERIFICATION),
    "Deliveries.update": lambda tx, p: tx.deliveries.update(
        delivery(project=p, status=DeliveryStatus.SENT)
    ),
    "Events.of": lambda tx, p: tx.events.of(p, VERIFICATION),
    "Events.at": lambda tx, p: tx.events.at(p, 1) or tx.events.at(p, 2),
    "Events.before": lambda tx, p: tx.events.before(p, 99, 0, ("", "~"), 9),
    "Events.of_before": lambda tx, p: tx.events.of_before(p, VERIFICATION, 99, ("", "~"), 9),
    "Events.after": lambda tx, p: tx.events.after(p, 0, 99, ("", "~"), 9),
    "Events.append": lambda tx, p: tx.events.append(p, VERIFICATION, "x", NOW, b"{}"),
    "Addresses.get": lambda tx, p: tx.addresses.get(p, ADDRESS, NOW - DAY),
    "Addresses.failed_check": lambda tx, p: tx.addresses.failed_check(p, ADDRESS, NOW, key("c")),
    "Addresses.proven": lambda tx, p: tx.addresses.proven(p, ADDRESS),
    "Addresses.sent": lambda tx, p: tx.addresses.sent(p, ADDRESS, 1, NOW),
    "Addresses.unlock": lambda tx, p: tx.addresses.unlock(p, ADDRESS),
    "Inbox.page": lambda tx, p: tx.inbox.page(p, None, None, 9),
    "Inbox.add": lambda tx, p: tx.inbox.add(inbox(2, project=p)),
    "IdempotencyKeys.get": lambda tx, p: tx.idempotency_keys.get(p, USE),
    "IdempotencyKeys.renew": lambda tx, p: tx.idempotency_keys.renew(p, USE, CLAIM, NOW + DAY),
    "IdempotencyKeys.answer": lambda tx, p: tx.idempotency_keys.answer(p, USE, CLAIM, b"sealed"),
    "IdempotencyKeys.release": lambda tx, p: tx.idempotency_keys.release(p, USE, CLAIM),
    "Projects.get": lambda tx, p: tx.projects.get(p),
    "Projects.delete": lambda tx, p: tx.projects.delete(p),
    "Projects.update": lambda tx, p: tx.projects.update(project(p, name="z")),
    "ApiKeys.of": lambda tx, p: tx.api_keys.of(p),
    "ApiKeys.delete": lambda tx, p: tx.api_keys.delete(p, OURS[::-1]),
    "ApiKeys.update": lambda tx, p: tx.api_keys.update(
        api_key(project=p, id=OURS[::-1], disabled=True)
    ),
    "Templates.get": lambda tx, p: tx.templates.get(p, "otp-sms"),
    "Templates.of": lambda tx, p: tx.templates.of(p),
    "Templates.version": lambda tx, p: tx.templates.version(p, "otp-sms", 1),
    "Templates.versions": lambda tx, p: tx.templates.versions(p, "otp-sms", 9),
    "Templates.newest": lambda tx, p: tx.templates.newest(p),
    "Templates.keep": lambda tx, p: tx.templates.keep(p, template(version=2)),
    "Templates.delete": lambda tx, p: tx.templates.delete(p, "otp-sms"),
    "Templates.put": lambda tx, p: tx.templates.put(p, template(brand_name="z")),
    "Routes.get": lambda tx, p: tx.routes.get(p, "log-in"),
    "Routes.of": lambda tx, p: tx.routes.of(p),
    "Routes.put": lambda tx, p: tx.routes.put(p, plan(description="z")),
    "Routes.delete": lambda tx, p: tx.routes.delete(p, "log-in"),
    "WebhookEndpoints.get": lambda tx, p: tx.webhook_endpoints.get(p, ENDPOINT),
    "WebhookEndpoints.of": lambda tx, p: tx.webhook_endpoints.of(p),
    "WebhookEndpoints.update": lambda tx, p: tx.webhook_endpoints.update(
        endpoint(project=p, url="https://example.org/")
    ),
    "WebhookEndpoints.delete": lambda tx, p: tx.webhook_endpoints.delete(p, ENDPOINT),
    "WebhookDeliveries.get": lambda tx, p: tx.webhook_deliveries.get(p, ENDPOINT, 1),
    "WebhookDeliveries.update": lambda tx, p: tx.webhook_deliveries.update(
        webhook_delivery(project=p, tries=3)
    ),
    "WebhookDeliveries.page": lambda tx, p: tx.webhook_deliveries.page(
        p, ENDPOINT, None, None, 0, NOW + DAY, 9
    ),
    "WebhookDeliveries.claim": lambda tx, p: tx.webhook_deliveries.claim(
        p, ENDPOINT, NOW, NOW + 1, 9
    ),
    "WebhookDeliveries.to_replay": lambda tx, p: tx.webhook_deliveries.to_replay(
        p, ENDPOINT, 0, None, 0, NOW + DAY, NOW, 9
    ),
    "WebhookDeliveries.count_to_replay": lambda tx, p: tx.webhook_deliveries.count_to_replay(
        p, ENDPOINT, None, 0, NOW + DAY, NOW
    ),
    "WebhookDeliveries.by_status": lambda tx, p: tx.webhook_deliveries.by_status(p, ENDPOINT),
    "WebhookDeliveries.attempts": lambda tx, p: tx.webhook_deliveries.attempts(p, ENDPOINT, 1),
    "ProviderAccounts.get": lambda tx, p: tx.provider_accounts.get(p, ACCOUNT),
    "ProviderAccounts.named": lambda tx, p: tx.provider_accounts.named(p, "sms-gate"),
    "ProviderAccounts.of": lambda tx, p: tx.provider_accounts.of(p),
    "ProviderAccounts.update": lambda tx, p: tx.provider_accounts.update(
        account(project=p, weight=7)
    ),
    "ProviderAccounts.delete": lambda tx, p: tx.provider_accounts.delete(p, ACCOUNT),
    "WebhookDeliveries.event": lambda tx, p: tx.webhook_deliveries.event(p, 1, 1),
    "Reports.refer": lambda tx, p: tx.reports.refer(p, "acme", "SM1", ENDED, 2, NOW),
    "Reports.find": lambda tx, p: tx.reports.find(p, "acme", ("SM1",)),
    "Reports.of": lambda tx, p: tx.reports.of(p, VERIFICATION),
    "Reports.take_held": lambda tx, p: tx.reports.take_held(p, "acme", ("SM2",)),
    "OptOuts.remove": lambda tx, p: tx.opt_outs.remove(p, ADDRESS, None),
    "OptOuts.of_address": lambda tx, p: tx.opt_outs.of_address(p, ADDRESS),
    "OptOuts.page": lambda tx, p: tx.opt_outs.page(p, None, 9),
    "Alerts.get": lambda tx, p: tx.alerts.get(p, "alert.budget", "budget"),
    "Alerts.remove": lambda tx, p: tx.alerts.remove(p, "alert.budget", "budget"),
    "Alerts.last_tried": lambda tx, p: tx.alerts.last_tried(p, "alert.budget", NOW),
    "Alerts.update": lambda tx, p: tx.alerts.update(alert_mail(project=p, tried_at=NOW + 1)),
    "Tallies.count": lambda tx, p: tx.tallies.count(p, bytes(16), b"\xff" * 16).started,
    "Tallies.newest": lambda tx, p: tx.tallies.newest(p),
    "Tallies.add": lambda tx, p: tx.tallies.add(p, NOW + 1, Tally(1, 1)),
    "Tallies.total": lambda tx, p: tx.tallies.total(p, 0, NOW + 1).started,
    "Tallies.spend": lambda tx, p: tx.tallies.spend(p, "2026-03-01", 1),
    "Tallies.spent": lambda tx, p: tx.tallies.spent(p, "2026-03-01"),
    "Grants.get": lambda tx, p: tx.grants.get(p, grant().api_key),
    "Grants.of": lambda tx, p: tx.grants.of(p),
    "Grants.remove": lambda tx, p: tx.grants.remove(p, grant().api_key),
    "Grants.spend_token": lambda tx, p: tx.grants.spend_token(p, grant().api_key, OURS[::-1], NOW),
}
"""Each method, called by one project with the ids of another's rows."""

ACROSS = {
    "LiveVerifications.expired", "WorkQueue.claim", "WorkQueue.done", "WorkQueue.next_due",
    "WorkQueue.add", "Addresses.sweep", "Inbox.sweep", "Projects.all", "Projects.hidden",
    "Projects.insert",
    "ApiKeys.find", "ApiKeys.insert", "LiveVerifications.insert", "Verifications.insert",
    "Deliveries.insert", "LiveVerifications.insert_fresh", "WorkQueue.all_done",
    "Events.newest",
    "IdempotencyKeys.claim", "IdempotencyKeys.sweep",
    "WebhookEndpoints.insert", "WebhookEndpoints.any_enabled",
    "WebhookDeliveries.add", "WebhookDeliveries.log", "WebhookDeliveries.agenda",
    "WebhookDeliveries.events_after",
    "WebhookDeliveries.cursor", "WebhookDeliveries.move_cursor", "WebhookDeliveries.sweep",
    "WebhookDeliveries.sequence",
    "ProviderAccounts.insert", "ProviderAccounts.find", "ProviderAccounts.everywhere",
    "ProviderAccounts.version",
    "Reports.keep", "Reports.hold", "Reports.sweep", "IncomingMessages.sweep", "OptOuts.add",
    "Alerts.put", "Alerts.of_kind", "Alerts.queue", "Alerts.due", "Alerts.sweep", "Tallies.sweep",
    "Grants.insert", "Grants.add_token", "Grants.token", "Grants.sweep",
    "Authorizations.insert", "Authorizations.get", "Authorizations.by_word",
    "Authorizations.by_link", "Authorizations.by_ticket", "Authorizations.pending",
    "Authorizations.offer", "Authorizations.decide", "Authorizations.issue",
    "Authorizations.spend", "Authorizations.sweep",
}  # fmt: skip
"""What looks across projects on purpose, or adds a row that names its own."""

ELSEWHERE = {"WorkQueue.release", "IncomingMessages.insert"}
"""What has a test of its own, in test_work.py and test_inbound.py."""

STRANGER = key("stranger")


async def sees_nothing(store, call, caller):
    """What `caller` gets is empty, and nobody's rows have changed."""
    await store.write(lambda tx: [one_of_everything(tx, owner) for owner in (OURS, THEIRS)])
    before = await store.read(both)
    assert not await store.write(lambda tx: call(tx, caller))
    assert await store.read(both) == before


def both(tx):
    return everything(tx, OURS), everything(tx, THEIRS)


@pytest.mark.parametrize("method", FOREIGN)
async def test_another_projects_rows_cannot_be_seen_or_changed(store, method):
    await sees_nothing(store, FOREIGN[method], STRANGER)


@pytest.mark.parametrize("method", FOREIGN)
async def test_another_projects_rows_mutant_is_caught(store, method):
    """The same call without the project in its condition is a call of the owner."""
    with pytest.raises(AssertionError):
        await sees_nothing(store, FOREIGN[method], OURS)


def every_method_is_called(called):
    methods = {
        f"{name}.{method}"
        for name, aggregate in vars(ports).items()
        if inspect.isclass(aggregate) and aggregate is not Protocol and name in AGGREGATES
        for method, function in vars(aggregate).items()
        if inspect.isfunction(function) and not method.startswith("_")
    }
    assert methods == called | ACROSS | ELSEWHERE


AGGREGATES = {
    getter.fget.__annotations__["return"].__name__
    for getter in vars(ports.Transaction).values()
    if isinstance(getter, property)
}


def test_every_method_of_the_store_is_asked():
    assert len(AGGREGATES) == 22
    every_method_is_called(set(FOREIGN))


def test_every_method_of_the_store_mutant_is_caught():
    with pytest.raises(AssertionError):
        every_method_is_called(set(FOREIGN) - {"Inbox.page"})


def project_comes_first(methods):
    for name in methods:
        aggregate, _, method = name.partition(".")
        first = list(inspect.signature(getattr(getattr(ports, aggregate), method)).parameters)[1]
        assert first in (
            "project", "delivery", "message", "key", "endpoint", "account", "mail",
        ), name  # fmt: skip


def test_every_method_takes_the_project_first_or_a_row_that_has_one():
    project_comes_first(FOREIGN)
    assert all("project" in one.__struct_fields__ for one in (delivery(), inbox(), api_key()))


def test_every_method_takes_the_project_first_mutant_is_caught():
    with pytest.raises(AssertionError):
        project_comes_first(["WorkQueue.claim"])


async def test_rows_of_two_projects_with_the_same_ids_live_side_by_side(store):
    await store.write(lambda tx: [one_of_everything(tx, owner) for owner in (OURS, THEIRS)])
    ours, theirs = await store.read(both)
    assert msgspec.structs.replace(ours["live"], project=THEIRS) == theirs["live"]
    assert len(ours["page"]) == len(theirs["page"]) == 2

"""Provider accounts: rows of a project, and a number by which every process sees a change."""

import apsw
import msgspec
import pytest

from storage.records import ACCOUNT, NOW, OURS, THEIRS, account, key, project
from watchword_server.domain.errors import StoreUnavailable
from watchword_server.domain.project import Mode


async def begun(store):
    def unit(tx):
        tx.projects.insert(project())
        tx.projects.insert(project(THEIRS, name="theirs", mode=Mode.LIVE))

    await store.write(unit)


async def test_an_account_is_read_back_as_it_was(store):
    await begun(store)
    record = account(disabled=True, weight=0)
    assert await store.write(lambda tx: tx.provider_accounts.insert(record)) is True
    read = [
        lambda tx: tx.provider_accounts.get(OURS, ACCOUNT),
        lambda tx: tx.provider_accounts.named(OURS, "sms-gate"),
        lambda tx: tx.provider_accounts.find(ACCOUNT),
    ]
    assert [await store.read(one) for one in read] == [record] * 3


async def test_an_account_of_a_project_that_is_gone_is_not_added(store):
    assert await store.write(lambda tx: tx.provider_accounts.insert(account())) is False


async def test_a_name_is_taken_once_in_a_project(store):
    await begun(store)

    def unit(tx):
        tx.provider_accounts.insert(account())
        tx.provider_accounts.insert(account(project=THEIRS, id=key("b")))

    await store.write(unit)
    with pytest.raises((StoreUnavailable, apsw.ConstraintError)):
        await store.write(lambda tx: tx.provider_accounts.insert(account(key("c"))))


async def test_a_change_leaves_name_and_provider(store):
    await begun(store)
    changed = account(
        settings=b"other", weight=5, disabled=True, updated_at=NOW + 1, name="x", provider="y"
    )

    def unit(tx):
        tx.provider_accounts.insert(account())
        tx.provider_accounts.update(changed)
        return tx.provider_accounts.get(OURS, ACCOUNT)

    kept = msgspec.structs.replace(changed, name="sms-gate", provider="http")
    assert await store.write(unit) == kept


async def test_accounts_of_every_project_come_with_its_mode(store):
    await begun(store)

    def unit(tx):
        for number, owner in ((2, OURS), (1, THEIRS), (3, THEIRS)):
            tx.provider_accounts.insert(account(key("a", number), project=owner, name=f"n{number}"))
        return [(one.name, mode) for one, mode in tx.provider_accounts.everywhere()]

    theirs, ours = Mode.LIVE, project().mode
    assert await store.write(unit) == [("n1", theirs), ("n2", ours), ("n3", theirs)]


CHANGES = {
    "insert": lambda tx: tx.provider_accounts.insert(account(key("b"), name="b")),
    "update": lambda tx: tx.provider_accounts.update(account(weight=9)),
    "delete": lambda tx: tx.provider_accounts.delete(OURS, ACCOUNT),
    "of the mode": lambda tx: tx.projects.update(project(mode=Mode.SANDBOX)),
    "of the project, which goes": lambda tx: tx.projects.delete(OURS),
}


async def shows(store, change):
    await begun(store)
    await store.write(lambda tx: tx.provider_accounts.insert(account()))
    before = await store.read(lambda tx: tx.provider_accounts.version())
    await store.write(change)
    assert await store.read(lambda tx: tx.provider_accounts.version()) > before


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_is_seen(store, change):
    await shows(store, CHANGES[change])


async def test_what_is_no_change_mutant_is_caught(store):
    with pytest.raises(AssertionError):
        await shows(store, lambda tx: tx.projects.update(project(name="renamed")))


async def test_a_change_that_is_undone_is_not_seen(store):
    await begun(store)
    before = await store.read(lambda tx: tx.provider_accounts.version())

    def unit(tx):
        tx.provider_accounts.insert(account())
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(unit)
    assert await store.read(lambda tx: tx.provider_accounts.version()) == before

"""Projects, API keys and templates."""

import msgspec
import pytest

from storage.records import (
    DAY,
    NOW,
    OURS,
    SMS_STEP,
    THEIRS,
    api_key,
    everything,
    key,
    one_of_everything,
    plan,
    project,
    template,
)
from watchword_server.domain.project import Mode, Scope


async def test_a_project_is_read_back_as_it_was(store):
    record = project(mode=Mode.LIVE, limits={"key": (5, 60), "range": (1, 3600)})
    assert await store.write(lambda tx: tx.projects.insert(record)) is True
    assert await store.read(lambda tx: tx.projects.get(OURS)) == record
    assert await store.read(lambda tx: tx.projects.get(THEIRS)) is None


async def test_a_name_is_taken_once(store):
    def unit(tx):
        assert tx.projects.insert(project(OURS, name="shop")) is True
        assert tx.projects.insert(project(THEIRS, name="shop")) is False
        return [one.id for one in tx.projects.all()]

    assert await store.write(unit) == [OURS]


async def test_projects_are_listed_oldest_first(store):
    def unit(tx):
        for number in (2, 0, 1):
            tx.projects.insert(project(key("p", number)))
        return [one.id for one in tx.projects.all()]

    assert await store.write(unit) == [key("p", number) for number in range(3)]


async def hides(store, kind):
    def unit(tx):
        for number in (2, 0, 1):
            hidden = project(key("h", number), name=f"h{number}", created_at=NOW + number)
            tx.projects.insert(kind(hidden))
        tx.projects.insert(project())
        return [one.id for one in tx.projects.all()], [one.id for one in tx.projects.hidden()]

    assert await store.write(unit) == ([OURS], [key("h", number) for number in range(3)])


async def test_hidden_projects_are_listed_apart_oldest_first(store):
    await hides(store, lambda one: msgspec.structs.replace(one, hidden=True))


async def test_hidden_projects_mutant_is_caught(store):
    with pytest.raises(AssertionError):
        await hides(store, lambda one: one)


async def test_a_project_is_changed(store):
    changed = project(name="new", mode=Mode.SANDBOX, limits={})

    def unit(tx):
        tx.projects.insert(project())
        tx.projects.insert(project(THEIRS))
        tx.projects.update(changed)
        return tx.projects.get(OURS), tx.projects.get(THEIRS)

    assert await store.write(unit) == (changed, project(THEIRS))


async def deleting_takes_all_of_one_project(store, delete):
    await store.write(lambda tx: [one_of_everything(tx, owner) for owner in (OURS, THEIRS)])
    kept = await store.read(lambda tx: everything(tx, THEIRS))
    assert all(kept.values())
    assert await store.write(lambda tx: delete(tx, OURS)) is True
    assert not any((await store.read(lambda tx: everything(tx, OURS))).values())
    assert await store.read(lambda tx: everything(tx, THEIRS)) == kept
    due = await store.write(lambda tx: tx.work.claim(NOW + DAY, NOW + 2 * DAY, 9))
    assert [one.project for one in due] == [THEIRS]
    assert await store.write(lambda tx: delete(tx, OURS)) is False


async def test_a_project_is_deleted_with_everything_it_owns(store):
    await deleting_takes_all_of_one_project(store, lambda tx, owner: tx.projects.delete(owner))


async def test_a_project_is_deleted_mutant_is_caught(store):
    def leaving_the_inbox(tx, owner):
        kept = tx.inbox.page(owner, None, None, 9)
        deleted = tx.projects.delete(owner)
        for one in kept:
            tx.inbox.add(one)
        return deleted

    with pytest.raises(AssertionError):
        await deleting_takes_all_of_one_project(store, leaving_the_inbox)


async def test_deleting_a_project_takes_what_the_same_unit_wrote(store):
    def unit(tx):
        one_of_everything(tx, OURS)
        assert tx.projects.delete(OURS) is True
        one_of_everything(tx, THEIRS)

    await store.write(unit)
    assert not any((await store.read(lambda tx: everything(tx, OURS))).values())
    assert all((await store.read(lambda tx: everything(tx, THEIRS))).values())


async def test_a_key_is_read_back_as_it_was(store):
    plain = api_key(2, scopes=frozenset(), allowed_ips=(), expires_at=None, disabled=True)

    def unit(tx):
        tx.api_keys.insert(api_key(1))
        tx.api_keys.insert(plain)
        tx.api_keys.insert(api_key(3, project=THEIRS))

    await store.write(unit)
    assert list(await store.read(lambda tx: tx.api_keys.of(OURS))) == [api_key(1), plain]
    assert await store.read(lambda tx: tx.api_keys.find(key("key", 2))) == plain
    assert (await store.read(lambda tx: tx.api_keys.find(key("key", 3)))).project == THEIRS
    assert await store.read(lambda tx: tx.api_keys.find(key("nobody"))) is None


async def test_a_key_is_changed_and_deleted(store):
    changed = api_key(
        1, name="new", scopes=frozenset({Scope.SERVER_ADMIN}), allowed_ips=("::1/128",),
        expires_at=None, disabled=True, secrets=((b"s" * 32, None),),
    )  # fmt: skip

    def unit(tx):
        tx.api_keys.insert(api_key(1))
        tx.api_keys.insert(api_key(2))
        tx.api_keys.update(changed)
        assert list(tx.api_keys.of(OURS)) == [changed, api_key(2)]
        assert tx.api_keys.delete(OURS, key("key", 1)) is True
        assert tx.api_keys.delete(OURS, key("key", 1)) is False
        return tx.api_keys.of(OURS)

    assert list(await store.write(unit)) == [api_key(2)]


async def test_a_template_is_put_once_and_again(store):
    def unit(tx):
        tx.templates.put(OURS, template())
        tx.templates.put(OURS, template("another"))
        tx.templates.put(OURS, template(brand_name="Bcme", version=2))
        tx.templates.put(THEIRS, template("theirs"))
        assert tx.templates.get(OURS, "otp-sms") == template(brand_name="Bcme", version=2)
        assert tx.templates.get(OURS, "theirs") is None
        return tx.templates.of(OURS)

    found = await store.write(unit)
    assert [one.id for one in found] == ["another", "otp-sms"]
    assert found[0] == template("another")


async def test_versions_are_kept_beside_the_one_in_use(store):
    def unit(tx):
        tx.templates.put(OURS, template())
        tx.templates.keep(OURS, template(version=2, brand_name="Two"))
        tx.templates.keep(OURS, template(version=2, brand_name="Again"))
        tx.templates.put(OURS, template("another", version=7))
        tx.templates.put(THEIRS, template(version=9))
        assert tx.templates.get(OURS, "otp-sms") == template()
        assert tx.templates.version(OURS, "otp-sms", 2).brand_name == "Again"
        assert tx.templates.version(OURS, "otp-sms", 3) is None
        assert [one.version for one in tx.templates.versions(OURS, "otp-sms", 9)] == [2, 1]
        assert [one.version for one in tx.templates.versions(OURS, "otp-sms", 1)] == [2]
        return [(one.id, one.version) for one in tx.templates.newest(OURS)]

    assert await store.write(unit) == [("another", 7), ("otp-sms", 2)]


async def test_a_template_is_deleted_with_its_versions(store):
    def unit(tx):
        for owner in (OURS, THEIRS):
            tx.templates.put(owner, template())
            tx.templates.keep(owner, template(version=2))
        assert tx.templates.delete(OURS, "otp-sms") is True
        assert tx.templates.delete(OURS, "otp-sms") is False
        assert tx.templates.versions(OURS, "otp-sms", 9) == []
        return tx.templates.versions(THEIRS, "otp-sms", 9)

    assert len(await store.write(unit)) == 2


async def test_a_route_is_put_once_and_again(store):
    def unit(tx):
        tx.routes.put(OURS, plan())
        tx.routes.put(OURS, plan("another", steps=(SMS_STEP,)))
        tx.routes.put(OURS, plan(description="Anew"))
        tx.routes.put(THEIRS, plan("theirs"))
        assert tx.routes.get(OURS, "log-in") == plan(description="Anew")
        assert tx.routes.get(OURS, "theirs") is None
        return list(tx.routes.of(OURS))

    found = await store.write(unit)
    assert found == [plan("another", steps=(SMS_STEP,)), plan(description="Anew")]


async def test_a_route_is_deleted(store):
    def unit(tx):
        for owner in (OURS, THEIRS):
            tx.routes.put(owner, plan())
        assert tx.routes.delete(OURS, "log-in") is True
        assert tx.routes.delete(OURS, "log-in") is False
        return list(tx.routes.of(THEIRS))

    assert await store.write(unit) == [plan()]

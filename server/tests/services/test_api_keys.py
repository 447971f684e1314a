"""API keys: what they grant, and that nobody grants more than they have."""

import base64
from dataclasses import dataclass

import pytest

from services.desk import is_refused, refusal
from watchword_server.domain import ids
from watchword_server.domain.errors import (
    BAD_FIELD,
    FORBIDDEN,
    KEY_INACTIVE,
    UNAUTHENTICATED,
    UNKNOWN_ID,
)
from watchword_server.domain.project import PROJECT_SCOPES, Caller, Mode, Scope
from watchword_server.services import api_keys

HERE = "192.0.2.7"
S = Scope


@dataclass
class Keys:
    """The keys of one desk."""

    desk: object

    @property
    def service(self):
        return self.desk.services.api_keys

    async def create(self, caller=None, **more):
        given = {"name": "app", "scopes": None, "expires_in_s": None, "allowed_ips": ()} | more
        return await self.service.create(caller or self.desk.caller, **given)

    async def update(self, key, caller=None, **more):
        given = dict.fromkeys(("name", "disabled", "allowed_ips", "scopes")) | more
        return await self.service.update(caller or self.desk.caller, key, **given)

    async def login(self, bearer, ip=HERE) -> Caller:
        header = b"Bearer " + bearer.encode()
        return await self.desk.services.directory.authenticate(header, ip)

    async def caller_with(self, *scopes) -> Caller:
        """Somebody who logged in with a key of these scopes."""
        return await self.login((await self.create(scopes=scopes)).bearer)


@pytest.fixture
def keys(desk):
    return Keys(desk)


async def test_a_key_logs_in_as_bearer_and_as_basic(keys):
    issued = await keys.create(scopes=[S.MESSAGES_SEND])
    caller = await keys.login(issued.bearer)
    assert (caller.project, caller.api_key) == (keys.desk.caller.project, issued.key.id)
    assert (caller.name, caller.client_ip, caller.mode) == ("app", HERE, Mode.LIVE)
    assert caller.scopes == {S.MESSAGES_SEND}
    dev_key = ids.text(ids.Prefix.API_KEY, issued.key.id)
    basic = b"Basic " + base64.b64encode(f"{dev_key}:{issued.dev_secret}".encode())
    assert await keys.desk.services.directory.authenticate(basic, HERE) == caller


@pytest.mark.parametrize(
    "header",
    [
        b"", b"Bearer", b"Bearer x", b"Bearer key_00.x", b"Basic !!!", b"Basic eA==",
        b"Digest x", b"\xff\xfe", b"Bearer \xff.\xff", b"Basic " + base64.b64encode(b"\xff:\xff"),
        b"Bearer key_" + b"0" * 32 + b".wws_x", b"Bearer key_" + b"0" * 32,
    ],
)  # fmt: skip
async def test_what_holds_no_key_is_refused(keys, header):
    problem = await refusal(keys.desk.services.directory.authenticate(header, HERE))
    is_refused(problem, UNAUTHENTICATED)


async def test_a_wrong_secret_is_refused(keys):
    issued = await keys.create()
    other = await keys.create()
    dev_key = ids.text(ids.Prefix.API_KEY, issued.key.id)
    for secret in ("", "wws_", issued.dev_secret[:-1], issued.dev_secret + "0", other.dev_secret):
        is_refused(await refusal(keys.login(f"{dev_key}.{secret}")), UNAUTHENTICATED)


async def test_a_secret_is_stored_as_a_hash_and_shown_once(keys):
    issued = await keys.create()
    assert issued.dev_secret not in repr(issued)
    (kept,) = await keys.service.of(keys.desk.caller)
    assert kept == issued.key
    assert issued.dev_secret.encode() not in kept.secrets[0][0]
    assert issued.dev_secret not in repr(kept)


async def cannot_be_escalated(keys, grant):
    """Whoever has two scopes gives at most those two."""
    caller = await keys.caller_with(S.KEYS_MANAGE, S.MESSAGES_READ)
    for scope in set(Scope) - caller.scopes:
        is_refused(await refusal(grant(caller, [scope])), FORBIDDEN, scope=scope.value)
        is_refused(await refusal(grant(caller, [S.MESSAGES_READ, scope])), FORBIDDEN)
    await grant(caller, [S.MESSAGES_READ])


def creating(keys):
    return lambda caller, scopes: keys.create(caller, scopes=scopes)


def updating(keys):
    async def update(caller, scopes):
        own = await keys.create(caller, scopes=[])
        return await keys.update(own.key.id, caller, scopes=scopes)

    return update


@pytest.mark.parametrize("way", [creating, updating])
async def test_scopes_cannot_be_escalated(keys, way):
    await cannot_be_escalated(keys, way(keys))


@pytest.mark.parametrize("way", [creating, updating])
async def test_scopes_cannot_be_escalated_mutant_is_caught(keys, way):
    with pytest.raises(AssertionError):
        await cannot_be_escalated(keys, lambda _, scopes: way(keys)(keys.desk.caller, scopes))


async def test_the_secret_of_a_stronger_key_cannot_be_taken_by_rotating_it(keys):
    strong = await keys.create(scopes=[S.SERVER_ADMIN, S.MESSAGES_SEND])
    weak = await keys.caller_with(S.KEYS_MANAGE)
    problem = await refusal(keys.service.rotate(weak, strong.key.id, 0))
    is_refused(problem, FORBIDDEN)


async def test_a_stronger_key_cannot_be_changed(keys):
    strong = await keys.create(scopes=[S.SERVER_ADMIN], allowed_ips=["192.0.2.0/24"])
    await keys.update(strong.key.id, disabled=True)
    weak = await keys.caller_with(S.KEYS_MANAGE)
    for change in ({"disabled": False}, {"allowed_ips": []}):
        is_refused(await refusal(keys.update(strong.key.id, weak, **change)), FORBIDDEN)
    is_refused(await refusal(keys.service.delete(weak, strong.key.id)), FORBIDDEN)


async def test_by_default_a_key_has_what_its_maker_has_but_never_the_servers(keys):
    assert (await keys.create()).key.scopes == PROJECT_SCOPES
    weak = await keys.caller_with(S.KEYS_MANAGE, S.MESSAGES_SEND)
    assert (await keys.create(weak)).key.scopes == {S.KEYS_MANAGE, S.MESSAGES_SEND}


async def test_only_the_servers_administrator_makes_keys_of_other_projects(keys):
    other = await keys.desk.services.projects.create("other", Mode.DEVELOPMENT)
    assert (await keys.create(project=other.id)).key.project == other.id
    weak = await keys.caller_with(*PROJECT_SCOPES)
    is_refused(await refusal(keys.create(weak, project=other.id)), UNKNOWN_ID)
    is_refused(await refusal(keys.create(project=b"\x01" * 16)), UNKNOWN_ID)


async def nobody_elses(keys, caller_of):
    """A key of another project answers as one that does not exist."""
    issued = await keys.create()
    await keys.desk.services.projects.create("other", Mode.DEVELOPMENT)
    other = await caller_of("other")
    for call in (
        lambda id: keys.service.get(other, id),
        lambda id: keys.update(id, other, disabled=True),
        lambda id: keys.service.rotate(other, id, 0),
        lambda id: keys.service.delete(other, id),
    ):
        is_refused(await refusal(call(issued.key.id)), UNKNOWN_ID)
    assert await keys.service.of(other) == []
    assert await keys.login(issued.bearer)


async def test_a_key_of_another_project_is_not_there(keys):
    await nobody_elses(keys, keys.desk.runtime.operator)


async def test_a_key_of_another_project_mutant_is_caught(keys):
    with pytest.raises(AssertionError):
        await nobody_elses(keys, lambda _: keys.desk.runtime.operator("shop"))


async def works_until(keys, bearer, ms, reason):
    """Good to the last millisecond, and then no more."""
    keys.desk.clock.advance(ms - 1)
    keys.desk.services.directory.forget()
    assert await keys.login(bearer)
    keys.desk.clock.advance(1)
    keys.desk.services.directory.forget()
    is_refused(await refusal(keys.login(bearer)), KEY_INACTIVE, reason=reason)


async def test_a_rotated_secret_overlaps_as_long_as_asked(keys):
    issued = await keys.create()
    rotated = await keys.service.rotate(keys.desk.caller, issued.key.id, 60)
    assert rotated.key.id == issued.key.id
    assert rotated.dev_secret != issued.dev_secret
    await works_until(keys, issued.bearer, 60_000, "expired")
    assert await keys.login(rotated.bearer)


async def test_a_secret_rotated_without_overlap_is_refused_at_once(keys):
    issued = await keys.create()
    await keys.login(issued.bearer)
    rotated = await keys.service.rotate(keys.desk.caller, issued.key.id, 0)
    is_refused(await refusal(keys.login(issued.bearer)), UNAUTHENTICATED)
    assert await keys.login(rotated.bearer)


async def test_a_second_rotation_leaves_two_secrets_at_most(keys):
    first = await keys.create()
    second = await keys.service.rotate(keys.desk.caller, first.key.id, 600)
    third = await keys.service.rotate(keys.desk.caller, first.key.id, 600)
    assert len(third.key.secrets) == 2
    is_refused(await refusal(keys.login(first.bearer)), UNAUTHENTICATED)
    assert await keys.login(second.bearer)
    assert await keys.login(third.bearer)


async def test_a_key_expires_when_it_was_told_to(keys):
    issued = await keys.create(expires_in_s=60)
    await works_until(keys, issued.bearer, 60_000, "expired")


async def test_expiry_mutant_is_caught(keys):
    issued = await keys.create(expires_in_s=61)
    with pytest.raises(AssertionError):
        await works_until(keys, issued.bearer, 60_000, "expired")


async def test_a_disabled_key_is_refused_at_once_and_works_again_when_enabled(keys):
    issued = await keys.create()
    await keys.login(issued.bearer)
    await keys.update(issued.key.id, disabled=True)
    is_refused(await refusal(keys.login(issued.bearer)), KEY_INACTIVE, reason="disabled")
    await keys.update(issued.key.id, disabled=False)
    assert await keys.login(issued.bearer)


async def test_a_deleted_key_is_refused_at_once(keys):
    issued = await keys.create()
    await keys.login(issued.bearer)
    await keys.service.delete(keys.desk.caller, issued.key.id)
    is_refused(await refusal(keys.login(issued.bearer)), UNAUTHENTICATED)
    is_refused(await refusal(keys.service.get(keys.desk.caller, issued.key.id)), UNKNOWN_ID)


async def only_from_the_list(keys, allowed):
    issued = await keys.create(allowed_ips=allowed)
    for ip in ("192.0.2.1", "192.0.2.255", "2001:db8::9"):
        assert (await keys.login(issued.bearer, ip)).client_ip == ip
    for ip in ("192.0.3.1", "2001:db9::9", "", "nonsense"):
        is_refused(await refusal(keys.login(issued.bearer, ip)), FORBIDDEN, reason="ip_not_allowed")
    assert await keys.login(issued.bearer, "192.0.2.1")


async def test_a_key_works_only_from_its_list_of_addresses(keys):
    await only_from_the_list(keys, ["192.0.2.0/24", "2001:db8::/32"])


async def test_a_key_works_only_from_its_list_mutant_is_caught(keys):
    with pytest.raises(AssertionError):
        await only_from_the_list(keys, [])


async def test_a_list_of_addresses_is_checked_and_written_as_networks(keys):
    issued = await keys.create(allowed_ips=["192.0.2.7", "10.1.2.3/8"])
    assert issued.key.allowed_ips == ("192.0.2.7/32", "10.0.0.0/8")
    problem = await refusal(keys.create(allowed_ips=["everywhere"]))
    is_refused(problem, BAD_FIELD, field="allowed_ips", rule="cidr")
    changed = await keys.update(issued.key.id, allowed_ips=[])
    assert changed.allowed_ips == ()


async def test_a_change_changes_what_was_named_and_nothing_else(keys):
    issued = await keys.create(scopes=[S.MESSAGES_SEND], expires_in_s=60)
    changed = await keys.update(issued.key.id, name="new")
    assert changed.name == "new"
    kept = await keys.service.get(keys.desk.caller, issued.key.id)
    assert kept == changed
    assert (kept.scopes, kept.expires_at) == (issued.key.scopes, issued.key.expires_at)
    narrowed = await keys.update(issued.key.id, scopes=[])
    assert narrowed.scopes == frozenset()
    assert (await keys.login(issued.bearer)).scopes == frozenset()


async def restricted(keys, **limits):
    return await keys.login((await keys.create(scopes=[S.KEYS_MANAGE], **limits)).bearer)


async def makes_nothing_wider(keys, caller, **wider):
    key = (await keys.create(scopes=[S.KEYS_MANAGE])).key.id
    for attempt in (
        lambda: keys.create(caller, **wider),
        lambda: keys.update(caller.api_key, caller, allowed_ips=wider["allowed_ips"]),
        lambda: keys.service.rotate(caller, key, 60),
    ):
        is_refused(await refusal(attempt()), FORBIDDEN, reason="key_restricted")


@pytest.mark.parametrize("allowed", [(), ("0.0.0.0/0",), ("192.0.2.0/23",), ("2001:db8::/32",)])
async def test_a_key_for_some_addresses_makes_none_for_others(keys, allowed):
    caller = await restricted(keys, allowed_ips=["192.0.2.0/24"])
    await makes_nothing_wider(keys, caller, allowed_ips=allowed)
    narrow = await keys.create(caller, allowed_ips=["192.0.2.7"])
    assert narrow.key.allowed_ips == ("192.0.2.7/32",)


async def test_a_key_that_expires_makes_none_that_lives_longer(keys):
    caller = await restricted(keys, expires_in_s=60)
    for lifetime in (None, 61):
        problem = await refusal(keys.create(caller, expires_in_s=lifetime))
        is_refused(problem, FORBIDDEN, reason="key_restricted")
    assert (await keys.create(caller, expires_in_s=59)).key.expires_at is not None


async def test_a_key_makes_nothing_wider_mutant_is_caught(keys, monkeypatch):
    monkeypatch.setattr(api_keys, "is_within", lambda *_: True)
    caller = await restricted(keys, allowed_ips=["192.0.2.0/24"])
    with pytest.raises(AssertionError):
        await makes_nothing_wider(keys, caller, allowed_ips=())

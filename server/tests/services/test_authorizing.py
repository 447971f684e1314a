"""OAuth by the clock: what is good once, for how long, for whom; with the mutants it must catch."""

from contextlib import asynccontextmanager

import msgspec
import pytest

from services.desk import opened
from watchword_server.domain import oauth
from watchword_server.domain.errors import KEY_INACTIVE, Problem
from watchword_server.domain.oauth import Client, Fault, Kind, Unauthorized
from watchword_server.domain.project import Scope
from watchword_server.services.authorizing import Asked
from watchword_server.storage import oauth as rows

CLIENT = Client("https://client.example/c.json", "Client", ("http://127.0.0.1/callback",))
OTHER = "https://other.example/c.json"
CHALLENGE = "c" * 43
DAY = 86_400


def asked(**changes):
    plain = Asked(
        redirect_uri="http://127.0.0.1:3000/callback", scopes=None, state="s", challenge=CHALLENGE,
        resource=None, client_ip="192.0.2.7",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


class Office:
    """A desk with an operator who grants access."""

    def __init__(self, desk):
        self.desk = desk
        self.requests = desk.services.oauth_requests
        self.tokens = desk.services.oauth_tokens

    async def begun(self, **changes):
        secret = await self.requests.begin(CLIENT, asked(**changes))
        return secret, (await self.requests.pending())[-1]

    async def ticket(self, lasts_s=oauth.GRANT_S, scopes=frozenset(oauth.SCOPES)):
        secret, request = await self.begun()
        await self.requests.approve(request.word, self.desk.caller.project, scopes, lasts_s)
        return await self.requests.ticket(await self.requests.waiting(secret))

    async def issued(self, **more):
        return await self.tokens.exchange(await self.ticket(**more), CLIENT.id)

    async def refused(self, awaitable, fault=Fault.INVALID_GRANT):
        with pytest.raises(Unauthorized) as caught:
            await awaitable
        assert caught.value.fault is fault

    async def has_access(self, issued):
        proven = await self.tokens.prove(issued.access)
        if proven is None:
            return False
        await self.desk.services.directory.caller_of(proven.api_key, "192.0.2.7")
        return True


@asynccontextmanager
async def open_office(tmp_path, clock):
    async with opened(tmp_path, clock) as desk:
        yield Office(desk)


@pytest.fixture
async def office(desk):
    return Office(desk)


async def test_tokens_end_by_themselves_and_a_grant_ends_them_all(office):
    issued = await office.issued(lasts_s=40 * DAY)
    assert await office.has_access(issued)
    office.desk.later(oauth.ACCESS_S)
    assert not await office.has_access(issued)
    issued = await office.tokens.refresh(issued.refresh, CLIENT.id, issued.scopes.split())
    assert await office.has_access(issued)
    office.desk.later(oauth.REFRESH_S)
    await office.refused(office.tokens.refresh(issued.refresh, CLIENT.id, []))
    short = await office.issued(lasts_s=60)
    office.desk.later(60)
    with pytest.raises(Problem) as caught:
        await office.has_access(short)
    assert caught.value.kind is KEY_INACTIVE


async def test_a_request_waits_ten_minutes_and_a_ticket_one(office):
    secret, request = await office.begun()
    office.desk.later(oauth.REQUEST_S)
    assert await office.requests.waiting(secret) is None
    with pytest.raises(Problem):
        await office.requests.approve(
            request.word, office.desk.caller.project, oauth.SCOPES, DAY
        )  # fmt: skip
    ticket = await office.ticket()
    office.desk.later(oauth.TICKET_S)
    await office.refused(office.tokens.exchange(ticket, CLIENT.id))


async def good_once(office):
    ticket = await office.ticket()
    issued = await office.tokens.exchange(ticket, CLIENT.id)
    await office.refused(office.tokens.exchange(ticket, CLIENT.id))
    assert not await office.has_access(issued)
    first = await office.issued()
    second = await office.tokens.refresh(first.refresh, CLIENT.id, first.scopes.split())
    await office.refused(office.tokens.refresh(first.refresh, CLIENT.id, []))
    assert not await office.has_access(second)
    await office.refused(office.tokens.refresh(second.refresh, CLIENT.id, []))
    assert await office.tokens.of(office.desk.caller.project) == []


async def test_tickets_and_refresh_tokens_are_good_once(office):
    await good_once(office)


@pytest.mark.parametrize("name", ["spend_authorization", "spend_token"])
async def test_a_second_use_that_is_not_noticed_mutant_is_caught(office, monkeypatch, name):
    query = rows._Q[name]
    lax = query.sql.replace("spent_at IS NULL", "1").replace(
        "status = 'issued'", "status IN ('issued', 'spent')"
    )
    assert lax != query.sql
    monkeypatch.setitem(rows._Q, name, msgspec.structs.replace(query, sql=lax))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await good_once(office)


async def for_one_client(office):
    ticket = await office.ticket()
    await office.refused(office.tokens.exchange(ticket, OTHER))
    issued = await office.tokens.exchange(ticket, CLIENT.id)
    await office.refused(office.tokens.refresh(issued.refresh, OTHER, []))
    await office.refused(office.tokens.refresh(issued.access, CLIENT.id, []))
    assert await office.tokens.prove(issued.refresh) is None
    assert await office.has_access(issued)


async def test_what_was_given_to_one_client_is_worth_nothing_for_another(office):
    await for_one_client(office)


async def test_a_ticket_for_any_client_mutant_is_caught(office, monkeypatch):
    exchanging = type(office.tokens).exchange

    async def lax(self, ticket, _client):
        return await exchanging(self, ticket, CLIENT.id)

    monkeypatch.setattr(type(office.tokens), "exchange", lax)
    with pytest.raises(pytest.fail.Exception):
        await for_one_client(office)


async def bound_to_the_audience(office):
    for resource in ("https://other.example/mcp", "http://127.0.0.1:8080/v1", "nonsense"):
        await office.refused(office.begun(resource=resource), Fault.INVALID_TARGET)
    issued = await office.issued()
    assert await office.has_access(issued)
    office.tokens._resource = "https://moved.example/mcp"
    assert not await office.has_access(issued)
    await office.refused(office.tokens.refresh(issued.refresh, CLIENT.id, []))


async def test_tokens_are_good_at_the_resource_they_were_given_for(office):
    await bound_to_the_audience(office)


async def test_a_token_for_any_audience_mutant_is_caught(office, monkeypatch):
    monkeypatch.setattr(oauth, "is_ours", lambda _asked, _url: True)
    with pytest.raises(pytest.fail.Exception):
        await bound_to_the_audience(office)


async def test_a_narrower_token_does_not_narrow_the_grant(office):
    issued = await office.issued()
    narrow = await office.tokens.refresh(issued.refresh, CLIENT.id, ["messages:read"])
    proven = await office.tokens.prove(narrow.access)
    assert proven.scopes == {Scope.MESSAGES_READ}
    wide = await office.tokens.refresh(narrow.refresh, CLIENT.id, oauth.SCOPES)
    assert (await office.tokens.prove(wide.access)).scopes == set(oauth.SCOPES)


async def test_only_so_many_requests_wait(office, monkeypatch):
    monkeypatch.setattr(oauth, "MOST_PENDING", 3)
    for _ in range(3):
        await office.begun()
    await office.refused(office.begun(), Fault.UNAVAILABLE)
    office.desk.later(oauth.REQUEST_S)
    await office.begun()


async def test_no_secret_is_in_the_database_or_in_a_repr(office):
    secret, request = await office.begun()
    _, link = await office.requests.link(
        request.word, office.desk.caller.project, oauth.SCOPES, DAY
    )  # fmt: skip
    issued = await office.issued()
    path = office.desk.runtime.store.path
    kept = b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))
    for hidden in (secret, link, issued.access, issued.refresh, issued.access[4:]):
        assert hidden.encode() not in kept
        assert hidden not in repr(issued)
    assert request.word.encode() in kept


async def test_a_key_of_a_grant_has_no_secret_that_v1_would_take(office):
    await office.issued()
    ((_grant, key),) = await office.tokens.of(office.desk.caller.project)
    assert key.secrets == ()
    for kind in Kind:
        assert "." not in oauth.MARKS[kind]

"""At least once: a receiver that fails half its calls gets every event, also across kill -9.

The servers run with a schedule of fractions of a second and, where they are killed, with `quick`
(alterations.py), under which a lease holds 2 s instead of 45.  Nothing else differs from the
product.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from e2e.deployment import Server, Site, until
from e2e.hook_peer import HookPeer
from e2e.wire import basic, connections, request, together
from watchword_server.cli.hosting import run

TEN = ",".join(["0s", *["0.1s"] * 9])
"""As many attempts as the product's own schedule has."""
THREE = "0s,0.1s,0.1s"
EVENTS_OF_A_SEND = 3
MOST = 8
ALL, SOME, FEW = 5_000, 600, 240


class Hooked:
    """A deployment whose default project has one endpoint."""

    def __init__(self, site: Site, peer: HookPeer, *alterations: str, schedule: str = TEN) -> None:
        self.site = site
        self.peer = peer
        self._how = (alterations, {"webhook_schedule": schedule})
        self.server: Server = self._serve()
        self.key = site.key()
        site.raise_limits(self.server, self.key["project_id"])
        made = self.call("POST", "/v1/webhook-endpoints", {"url": peer.url})
        assert made["ping"]["succeeded"]
        self.endpoint: str = made["endpoint_id"]
        self._sent = 0

    def _serve(self) -> Server:
        alterations, settings = self._how
        return self.site.serve(*alterations, **settings)

    def call(self, method: str, path: str, body: object = None) -> Any:
        async def ask() -> Any:
            async with connections([self.server.url], 1) as made:
                (answer,) = await together(made, [request(method, path, basic(self.key), body)])
            assert answer.status < 300, answer.body
            return answer.json

        return run(ask())

    def send(self, count: int) -> None:
        """Start so many verifications, each with three events."""

        async def ask() -> None:
            asked = []
            for _ in range(count):
                self._sent += 1
                body = {"to": f"+1415{5_550_000 + self._sent:07}", "template": {"id": "otp-sms"}}
                asked.append(request("POST", "/v1/messages", basic(self.key), body))
            async with connections([self.server.url], 8) as made:
                answers = await together(made, asked)
            assert {answer.status for answer in answers} == {200}, answers[0].body

        run(ask())

    def kill(self) -> None:
        """Kill the server while it posts, and start it again."""
        self.server.kill()
        self.server.process.ended()
        self.server = self._serve()

    def settle(self) -> None:
        """Wait until every event was given out and every delivery has ended."""
        count = "SELECT count(*) FROM webhook_deliveries"
        wanted = self._sent * EVENTS_OF_A_SEND
        until(lambda: self.site.rows(count)[0][0] >= wanted, "every event is given out", 0.2)
        left = f"{count} WHERE status = 'pending'"
        until(lambda: self.site.rows(left) == [(0,)], "every delivery ends", 0.2)

    def ids(self, status: str = "%") -> list[int]:
        """The numbers of the deliveries in a state."""
        query = "SELECT number FROM webhook_deliveries WHERE status LIKE ?"
        return [row[0] for row in self.site.rows(query, status)]

    def taken(self) -> set[int]:
        """The numbers of the events that the receiver took."""
        heads = (id.partition("-")[0].removeprefix("evt_") for id in self.peer.taken)
        return {int(head[16:], 16) & ~(1 << 63) for head in heads}

    def everything_arrived(self) -> None:
        """The receiver has every event since the endpoint was made, and so says the server."""
        query = "SELECT number FROM events WHERE number > (SELECT after FROM webhook_endpoints)"
        events = {row[0] for row in self.site.rows(query)}
        assert len(events) >= self._sent * EVENTS_OF_A_SEND
        assert self.taken() == events
        assert set(self.ids("delivered")) == events

    def listed(self, status: str) -> list[dict[str, Any]]:
        """Every delivery in a state, as the API lists them."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            path = f"/v1/webhook-endpoints/{self.endpoint}/deliveries?limit=100&status={status}"
            page = self.call("GET", path + cursor)
            found += page["data"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


def under_kills(site: Site, peer: HookPeer, events: int, kills: int, *alterations: str) -> Hooked:
    """So many events, in slices; a kill in the middle of the posts of each slice."""
    hooked = Hooked(site, peer, "quick", *alterations)
    each = -(-events // EVENTS_OF_A_SEND // (kills + 1))
    for number in range(1, kills + 1):
        hooked.send(each)
        enough = peer.posts + each
        until(lambda: peer.posts >= enough, f"posts before kill {number}")  # noqa: B023
        hooked.kill()
    hooked.send(max(0, -(-events // EVENTS_OF_A_SEND) - each * kills))
    hooked.settle()
    return hooked


@pytest.mark.parametrize(
    ("events", "kills"), [(SOME, 4), pytest.param(ALL, 20, marks=pytest.mark.long)]
)
def test_a_receiver_that_fails_half_its_calls_gets_every_event_across_kills(
    deploy: Callable[..., Site], events: int, kills: int
) -> None:
    with HookPeer(0.5, MOST) as peer:
        hooked = under_kills(deploy(), peer, events, kills)
        hooked.everything_arrived()
        assert hooked.ids("exhausted") == []
        told = (len(peer.taken), kills, peer.posts, sum(peer.refused.values()), peer.duplicates)
        print("events {}, kills {}, posts {}, refused {}, taken twice {}".format(*told))


def test_a_receiver_that_fails_mutant_is_caught(deploy: Callable[..., Site]) -> None:
    with HookPeer(0.5, MOST) as peer:
        hooked = under_kills(deploy(), peer, FEW, 2, "webhook_done_at_claim")
        with pytest.raises(AssertionError):
            hooked.everything_arrived()


@pytest.mark.parametrize("events", [SOME, pytest.param(ALL, marks=pytest.mark.long)])
def test_without_kills_at_most_one_in_a_hundred_comes_twice(
    deploy: Callable[..., Site], events: int
) -> None:
    with HookPeer(0.5, MOST) as peer:
        hooked = Hooked(deploy(), peer)
        hooked.send(-(-events // EVENTS_OF_A_SEND))
        hooked.settle()
        hooked.everything_arrived()
        assert peer.duplicates <= events / 100
        print(f"events {len(peer.taken)}, posts {peer.posts}, taken twice {peer.duplicates}")


@pytest.mark.parametrize("events", [SOME, pytest.param(ALL, marks=pytest.mark.long)])
def test_what_is_exhausted_is_listed_and_a_replay_delivers_it(
    deploy: Callable[..., Site], events: int
) -> None:
    with HookPeer(0.5, None) as peer:
        hooked = Hooked(deploy(), peer, schedule=THREE)
        hooked.send(-(-events // EVENTS_OF_A_SEND))
        hooked.settle()
        exhausted = hooked.listed("exhausted")
        assert exhausted
        assert len(exhausted) == len(hooked.ids("exhausted"))
        assert {each["attempts"] for each in exhausted} == {3}
        gone = {each["event_id"] for each in exhausted}
        # An attempt whose answer was lost may have arrived: what did not is among the exhausted.
        assert {id.partition("-")[0] for id in peer.refused if id not in peer.taken} <= gone
        peer.failing = 0
        replayed = hooked.site.command("webhooks", "replay", hooked.endpoint)
        assert replayed["replayed"] == len(exhausted)
        hooked.settle()
        hooked.everything_arrived()
        print(f"events {len(peer.taken)}, exhausted and replayed {len(exhausted)}")


def test_what_is_posted_is_json_of_less_than_20_kb(site: Site) -> None:
    with HookPeer(0, None) as peer:
        hooked = Hooked(site, peer)
        hooked.send(1)
        hooked.settle()
        shown = hooked.listed("delivered")
        path = f"/v1/webhook-endpoints/{hooked.endpoint}/deliveries/{shown[0]['event_id']}"
        detail = hooked.call("GET", path)
        assert [each["status"] for each in detail["log"]] == [200]
        assert len(json.dumps(detail["event"])) < 20_000

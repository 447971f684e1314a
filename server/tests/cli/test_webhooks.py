"""`webhooks`: endpoints, their deliveries and replay, from the command line."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from e2e.hook_peer import HookPeer
from watchword_server.cli import webhooks
from watchword_server.runtime import Runtime
from watchword_server.settings import load
from watchword_server.testing import post_due

Json = Callable[..., Any]
ID = re.compile(r"whk_[0-9a-f]{32}")


@pytest.fixture
def peer():
    with HookPeer(0, None) as peer:
        yield peer


def dispatch() -> int:
    """Be the server's dispatcher until nothing is due."""

    async def run() -> int:
        runtime = await Runtime.open(load({}))
        try:
            return await post_due(runtime)
        finally:
            await runtime.close()

    return asyncio.run(run())


def test_an_endpoint_is_made_listed_changed_and_deleted(cli, as_json: Json, peer) -> None:
    said = cli("webhooks", "create", "--url", peer.url, "--event", "key.*").stdout
    assert "was answered with 200" in said
    assert "will not be shown again" in said
    secret = re.search(r"whsec_\S+", said)[0]
    (listed,) = as_json("webhooks", "list")["data"]
    assert secret not in json.dumps(listed)
    assert listed["event_types"] == ["key.*"]
    id = listed["endpoint_id"]
    assert ID.fullmatch(id)
    assert "verified" in cli("webhooks", "list").stdout
    assert "disabled (requested)" in cli("webhooks", "update", id, "--disable").stdout
    changed = as_json("webhooks", "update", id, "--enable", "--all-events")
    assert (changed["disabled"], changed["event_types"]) == (False, [])
    assert "was answered with 200" in cli("webhooks", "test", id).stdout
    rotated = cli("webhooks", "rotate", id).stdout
    assert "The old secret signs for 1d more." in rotated
    assert secret not in rotated
    assert "Deleted" in cli("webhooks", "delete", id, "--yes").stdout
    assert "No endpoints yet" in cli("webhooks", "list").stdout


def test_a_ping_that_fails_is_an_exit_code(cli, as_json: Json, peer) -> None:
    made = as_json("webhooks", "create", "--url", peer.url + "/x")
    cli("webhooks", "update", made["endpoint_id"], "--url", "http://10.0.0.1/")
    failed = cli("webhooks", "test", made["endpoint_id"], code=1)
    assert "failed: denied" in failed.stdout


def test_a_vendors_dialect_takes_its_credentials(as_json: Json, peer) -> None:
    made = as_json(
        "webhooks", "create", "--url", peer.url, "--dialect", "engagelab", "--username", "shop",
        "--authorization", "Bearer x",
    )  # fmt: skip
    assert (made["dialect"], made["username"]) == ("engagelab", "shop")
    assert "Bearer" not in json.dumps(made)


def test_what_was_posted_is_listed_followed_and_replayed(
    cli, as_json: Json, peer, monkeypatch
) -> None:
    monkeypatch.setattr(webhooks, "_PAGE", 2)
    id = as_json("webhooks", "create", "--url", peer.url, "--event", "key.*")["endpoint_id"]
    for number in range(5):
        as_json("keys", "create", "--name", f"app{number}")
    assert dispatch() == 5
    found = as_json("webhooks", "deliveries", id, "--status", "delivered")["data"]
    assert [each["event_type"] for each in found] == ["key.created"] * 5
    event = found[0]["event_id"]
    shown = cli("webhooks", "deliveries", id, event).stdout
    assert "key.created" in shown
    assert "200" in shown
    assert event in cli("webhooks", "deliveries", id).stdout
    assert as_json("webhooks", "replay", id) == {"replayed": 0}
    assert as_json("webhooks", "replay", id, "--event", event) == {"replayed": 1}
    assert dispatch() == 1
    assert "5 will be posted again" in cli("webhooks", "replay", id, "--any-status").stdout
    assert dispatch() == 5
    assert len(peer.taken) == 5


def test_an_unknown_endpoint_is_refused_with_its_problem(cli) -> None:
    refused = cli("webhooks", "replay", "whk_" + "0" * 32, "--json", code=1)
    assert json.loads(refused.stdout)["status"] == 404

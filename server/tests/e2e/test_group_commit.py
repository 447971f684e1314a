"""Concurrent requests share commits: durability costs one fsync per batch, not per request.

Commits are counted by SQLite itself, in the header of the write-ahead log's index.  Each send
is two units, its acceptance and the record of its hand-over.
"""

import pytest

from e2e.deployment import Site, until
from e2e.wire import basic, connections, request, together
from watchword_server.cli.hosting import run

CALLERS, ROUNDS = 64, 8
SENDS = CALLERS * ROUNDS


def commits_are_shared(site: Site, *alterations: str) -> None:
    """Many sends at once take fewer commits than a quarter of their number."""
    key = site.key()
    server = site.serve(*alterations, sqlite_synchronous="full")
    site.raise_limits(server, key["project_id"])

    async def load() -> None:
        numbers = iter(range(2_000_000, 3_000_000))
        async with connections([server.url], CALLERS) as made:
            for _ in range(ROUNDS):
                asked = [
                    request(
                        "POST", "/v1/messages", basic(key),
                        {"to": f"+1415{next(numbers)}", "template_id": "otp-sms"},
                    )
                    for _ in range(CALLERS)
                ]  # fmt: skip
                assert {answer.status for answer in await together(made, asked)} == {200}

    before = site.commits()
    run(load())
    delivered = "SELECT count(*) FROM deliveries WHERE status = 'delivered'"
    until(lambda: site.rows(delivered) == [(SENDS,)], "every message is delivered")
    made = site.commits() - before
    print(f"{SENDS} sends, {made} commits")
    assert made < SENDS / 4


def test_commits_are_shared(site: Site) -> None:
    commits_are_shared(site)


def test_a_mutant_is_caught(site: Site) -> None:
    with pytest.raises(AssertionError, match="assert .* < "):
        commits_are_shared(site, "batch_of_one")

"""What is published leads a program without judgement to `approved`, and is soon read."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest
from bench.agent_score import outside, people, rows
from bench.agent_score.doors import DOORS
from bench.agent_score.hooks import webhook
from bench.agent_score.outside import Place
from bench.agent_score.reading import Agent

import services_needed
from e2e.deployment import Nursery, Site

Change = Callable[[bytes], bytes]
GOES = {**DOORS, "webhook": webhook}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Place]:
    """One server for all of them."""
    site = Site(tmp_path_factory.mktemp("doors"), nursery)
    yield Place(site.serve(sandbox_delay_s="0", sandbox_requests_per_day="100000").url)
    site.end()


@pytest.mark.parametrize("door", sorted(GOES))
def test_a_naive_agent_gets_through(door: str, place: Place) -> None:
    score = rows.judged(GOES[door], place)
    assert score.passed, score


def without_blocks(language: str) -> Change:
    """Nothing is left to run, or to copy."""
    block = re.compile(rf"^```{language}\n.*?^```$".encode(), re.MULTILINE | re.DOTALL)
    return partial(block.sub, b"")


def replaced(old: bytes, new: bytes) -> Change:
    return lambda said: re.sub(old, new, said)


MUTANTS: list[tuple[str, str, Change]] = [
    ("llms.txt", "leads to `approved`", without_blocks("(?:sh|python)")),
    ("llms.txt", "answers 404", replaced(rb"/(agents|docs/\w+)\.md", rb"/gone.md")),
    ("SKILL.md", "answers 404", replaced(rb'"url": ?"', b'"url":"/gone/')),
    ("OpenAPI", "nothing is there", replaced(b'"example":', b'"x-example":')),
    ("OpenAPI", "names no key", replaced(rb"`\w+:\w+`", b"your key")),
    ("OpenAPI", "where `verify_code` comes from", replaced(b'"code": ?{', b'"x":{')),
    ("MCP", "no configuration", without_blocks("json")),
    ("tools.json", "nothing is there", replaced(rb'"(description|name)":"[^"]*"', rb'"\1":""')),
    ("webhook", "no handler", without_blocks("python")),
    ("webhook", "accepts what was changed", replaced(b"return 400", b"return 200")),
    ("webhook", "refuses what the server signed", replaced(b"return 200", b"return 400")),
]


@pytest.mark.parametrize(("door", "why", "change"), MUTANTS)
def test_a_door_that_says_too_little_mutant_is_caught(
    door: str, why: str, change: Change, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, given = Agent.raw, people.fetched_with_key
    monkeypatch.setattr(Agent, "raw", lambda agent, where: change(whole(agent, where)))
    monkeypatch.setattr(people, "fetched_with_key", lambda address: change(given(address)))
    score = rows.judged(GOES[door], place)
    assert not score.passed
    assert why in score.note


def test_an_agent_that_only_says_so_mutant_is_caught(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DOORS, "llms.txt", lambda _agent: None)
    score = rows.judged(DOORS["llms.txt"], place)
    assert (score.passed, score.note) == (False, "the server has approved nothing")


def test_what_is_read_first_costs_few_tokens(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    services_needed.require_package("gpt-tokenizer")
    score = outside.tokens(place)
    assert score.passed, score
    monkeypatch.setitem(outside.BUDGETS, outside.INDEX, 100)  # a mutant: the index is too long
    assert not outside.tokens(place).passed


def test_the_description_of_the_api_is_ready_for_agents(place: Place) -> None:
    services_needed.require_package("@redocly/cli")
    score = outside.redocly(place)
    assert score.passed, score
    named = outside.redocly_score(outside.ROOT / "spec/openapi.json")
    assert not named.passed  # a mutant: each schema is said in one place


@pytest.mark.long
def test_agents_find_and_read_the_documentation(place: Place) -> None:
    services_needed.require_package("afdocs")
    score = outside.afdocs(place)
    assert score.passed, score


def test_no_link_is_broken(place: Place, tmp_path: Path) -> None:
    services_needed.require_package("linkinator")
    score = outside.links(place)
    assert score.passed, score
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.html").write_text('<a href="there.html">x</a><a href="gone">y</a>')
    (tmp_path / "docs/there.html").write_text("there")
    with HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        mutant = outside.links(Place(f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
        thread.join()
    assert (mutant.passed, mutant.note.rpartition("/")[2]) == (False, "gone")


class Quiet(SimpleHTTPRequestHandler):
    """A site of two files."""

    def log_message(self, *_words: object) -> None:
        """Nothing is logged."""

"""The documentation as a server serves it: two formats, its own addresses, no dead ends."""

import json
import re
from datetime import UTC, datetime

import pytest

from watchword_server.api import openapi
from watchword_server.api.operations import BY_ID
from watchword_server.api.site import arazzo, entrances, links, sources, well_known
from watchword_server.api.site.contents import CONTENTS
from watchword_server.api.site.site import Site, prefers_markdown

URL = "https://otp.example.com"
MOST = 20_000
"""What agents read of a page before they cut it off (see docs/decisions)."""
FILES = (
    "/llms.txt", "/llms-full.txt", "/robots.txt", "/sitemap.xml", "/.well-known/api-catalog",
    "/mcp/server-card", "/.well-known/mcp/server-card.json", "/.well-known/ai-catalog.json",
    "/.well-known/agent-skills/index.json", "/.well-known/security.txt",
    "/auth.md", "/AGENTS.md", "/arazzo.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Site:
    document = openapi.document(URL)
    return Site(URL, lambda: document)


@pytest.fixture(scope="module")
def paths(site: Site) -> list[str]:
    return list(site._library().by_path)


def text(site: Site, path: str, accept: bytes = b"") -> str:
    found = site.find(path, accept)
    assert found is not None, path
    return found.body.decode()


def test_every_page_is_in_the_table_of_contents_and_the_table_names_only_pages(site: Site) -> None:
    folders = [section.folder for section in CONTENTS if section.folder]
    named = [name for section in CONTENTS for name in section.pages]
    inside = {name for name in site._library().pages if name.rpartition("/")[0] in folders}
    assert len(named) == len(set(named))
    assert set(site._library().pages) - inside == set(named)


def test_a_page_and_the_index_are_short_enough_to_be_read_whole(
    site: Site, paths: list[str]
) -> None:
    sizes = {path: len(text(site, f"{path}.md")) for path in paths}
    sizes["/llms.txt"] = len(text(site, "/llms.txt"))
    assert {path: size for path, size in sizes.items() if size >= MOST} == {}


def test_markdown_is_the_same_by_ending_and_by_accept_field(site: Site, paths: list[str]) -> None:
    for path in paths:
        assert text(site, f"{path}.md") == text(site, path, b"text/markdown, */*;q=0.1")
        assert text(site, path).startswith("<!doctype html>")


def test_the_index_leads_to_every_page(site: Site, paths: list[str]) -> None:
    index = text(site, "/llms.txt")
    assert {path for path in paths if f"({URL}{path}.md)" not in index} == set()


def test_every_page_tells_agents_first_where_the_index_is(site: Site, paths: list[str]) -> None:
    for path in paths:
        first = text(site, f"{path}.md").split("\n", 1)[0]
        assert first == (
            f"> For AI agents: the documentation index is at {URL}/llms.txt. Append .md to any URL."
        )


def test_no_link_of_a_page_leads_nowhere(site: Site, paths: list[str]) -> None:
    known = {*paths, *(f"{path}.md" for path in paths), *FILES, "/openapi.json", "/healthz"}
    for path in paths:
        for to in re.findall(r"\]\(([^)\s]+)\)", outside_code(text(site, f"{path}.md"))):
            if to.startswith(URL):
                assert to.removeprefix(URL).partition("#")[0] in known, (path, to)
            else:
                assert to.startswith(("https://", "#")), (path, to)
        for to in re.findall(r'href="(/[^"#]*)', text(site, path)):
            assert to in {*known, "/docs", "/docs/style.css"}, (path, to)


def outside_code(markdown: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", markdown, flags=re.DOTALL)


def test_no_page_speaks_of_another_server(site: Site, paths: list[str]) -> None:
    for path in (*(f"{path}.md" for path in paths), *FILES):
        assert "http://127.0.0.1:8080" not in text(site, path), path


def test_a_comment_for_whoever_edits_is_not_served(site: Site) -> None:
    assert "<!--" in sources.written()["settings"]
    assert "<!--" not in text(site, "/docs/settings.md")


def test_a_page_says_where_its_other_format_and_the_index_are(site: Site) -> None:
    for accept in (b"text/html", b"text/markdown"):
        answer = site.find("/docs/sandbox", accept)
        assert answer is not None
        fields = dict(answer.headers)
        assert fields[b"vary"] == b"accept"
        assert b'</docs/sandbox.md>; rel="alternate"; type="text/markdown"' in fields[b"link"]
        assert b'</llms.txt>; rel="describedby"' in fields[b"link"]


def test_html_loads_nothing_from_elsewhere_and_runs_no_script(site: Site) -> None:
    answer = site.find("/docs/sandbox", b"text/html")
    assert answer is not None
    assert b"script" not in answer.body.split(b"<main")[0]
    assert b"default-src 'none'" in dict(answer.headers)[b"content-security-policy"]


@pytest.mark.parametrize(
    ("accept", "markdown"),
    [
        (b"", False),
        (b"*/*", False),
        (b"text/html,application/xhtml+xml,*/*;q=0.8", False),
        (b"text/markdown", True),
        (b"text/markdown, text/html;q=0.9", True),
        (b"text/html, text/markdown;q=0.5", False),
        (b"text/markdown;q=0", False),
        (b"text/markdown;q=nonsense", False),
        (b"TEXT/Markdown ; Q=0.7, text/html;q=0.7", True),
    ],
)
def test_markdown_is_given_to_whoever_names_it_and_prefers_nothing_else(
    accept: bytes, markdown: bool
) -> None:
    assert prefers_markdown(accept) is markdown


@pytest.mark.parametrize(
    ("page", "to", "where"),
    [
        ("webhooks", "events.md#order", "/docs/events.md#order"),
        ("providers/smtp", "../settings.md", "/docs/settings.md"),
        ("webhooks", "providers/smtp.md", "/docs/providers/smtp.md"),
        ("webhooks", "#here", "#here"),
        ("webhooks", "https://example.com/x", "https://example.com/x"),
        ("webhooks", "../bench/README.md", None),
        ("webhooks", "nothing.md", None),
    ],
)
def test_a_link_between_files_becomes_one_between_pages(
    page: str, to: str, where: str | None
) -> None:
    pages = {"events", "settings", "providers/smtp"}
    assert links.target(page, to, pages, ".md") == where


def test_code_keeps_its_links_and_a_link_to_nothing_becomes_words() -> None:
    page = "see [a](a.md) and `[b](b.md)`\n```md\n[c](c.md)\n```\n[d](d.md)"
    served = links.rewritten(page, lambda to: "/docs/a" if to == "a.md" else None)
    assert served == "see [a](/docs/a) and `[b](b.md)`\n```md\n[c](c.md)\n```\nd"


def test_a_client_of_mcp_is_led_from_the_host_to_the_endpoint(site: Site) -> None:
    (entry,) = json.loads(text(site, "/.well-known/ai-catalog.json"))["entries"]
    assert entry["identifier"] == "urn:air:otp.example.com:mcp:watchword"
    found = site.find(entry["url"].removeprefix(URL), b"")
    assert found is not None
    assert found.content_type.decode() == entry["type"] == "application/mcp-server-card+json"
    assert (b"access-control-allow-origin", b"*") in found.headers
    assert found.body == text(site, "/.well-known/mcp/server-card.json").encode()
    card = json.loads(found.body)
    assert card["name"] == "com.example.otp/watchword"
    assert len(card["description"]) <= 100
    assert [one["url"] for one in card["remotes"]] == [f"{URL}/mcp"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:8080"])
def test_a_host_without_a_name_is_local_in_the_card(url: str) -> None:
    assert json.loads(well_known.server_card(url))["name"] == "localhost/watchword"


def test_the_first_page_is_the_one_for_agents(site: Site) -> None:
    for path in ("/", "/docs"):
        assert text(site, path) == text(site, "/agents")
    assert text(site, "/docs.md") == text(site, "/", b"text/markdown") == text(site, "/agents.md")


def test_security_txt_names_a_contact_and_a_future_end() -> None:
    told = entrances.security(URL, None, datetime(2026, 3, 1, tzinfo=UTC))
    assert told.splitlines()[:2] == [
        f"Contact: {URL}/docs/security", "Expires: 2026-08-28T00:00:00Z",
    ]  # fmt: skip
    assert entrances.security(URL, "a@example.com", datetime.now(UTC)).startswith(
        "Contact: mailto:a@example.com\n"
    )


def test_credentials_are_told_as_this_server_gives_them() -> None:
    assert "watchword_sandbox_demo" in entrances.auth(URL, is_sandbox_on=True)
    assert "watchword_sandbox_demo" not in entrances.auth(URL, is_sandbox_on=False)


def test_the_flows_call_only_operations_that_exist_with_bodies_they_take() -> None:
    described = arazzo.document(URL)
    assert arazzo.operations(described) <= set(BY_ID)
    assert {"sendMessage", "checkVerification", "resendMessage"} <= arazzo.operations(described)

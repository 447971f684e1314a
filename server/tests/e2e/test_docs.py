"""Every block of every page runs, or is what it says it is; see `e2e.docs_runner`."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracked
from e2e import node_sdk
from e2e.deployment import Site
from e2e.docs_blocks import (
    ELSEWHERE,
    LANGUAGES,
    blocks,
    counted,
    pages,
    shows,
    strays,
    wants_node,
    wants_vendors,
)
from e2e.docs_expected import EXPECTED, is_met
from e2e.docs_forks import Forks
from e2e.docs_json import judge_calls
from e2e.docs_reader import Broken
from e2e.docs_runner import Ran, Surroundings, run_page
from watchword_server.api import openapi
from watchword_server.api.site import entrances
from watchword_server.api.site.pages import WRITTEN_FOR, Library

ROOT = tracked.ROOT
DEADLINE_S = 120.0
"""Of a page, on a machine that is busy with tests; alone each takes a few seconds."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


EVERY = pages()
PAGES = [page for page in EVERY if "```" in page.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    made = Forks()
    yield made
    made.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program with the packed SDK for Node, which is packed once for all workers."""
    place = tmp_path_factory.getbasetemp().parent / "node-for-pages"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "program/node_modules/watchword").exists():
            place.mkdir(exist_ok=True)
            node_sdk.install(place)
    return place / "program"


def case(page: Path) -> object:
    """A page; one that needs the vendors' packages is long."""
    is_long = wants_vendors(page.read_text(encoding="utf-8"))
    return pytest.param(page, marks=[pytest.mark.long] if is_long else [], id=named(page))


@pytest.mark.parametrize("page", [case(page) for page in PAGES])
def test_every_block_of_the_page_does_what_it_says(
    page: Path, site: Site, forks: Forks, request: pytest.FixtureRequest
) -> None:
    text = page.read_text(encoding="utf-8")
    program = request.getfixturevalue("node") if wants_node(text) else None
    ran = run_page(named(page), text, site, Surroundings(forks, program), DEADLINE_S)
    assert is_met(named(page), ran)


def test_every_page_of_the_repository_is_run_here_or_by_a_test_of_its_own() -> None:
    assert {named(page) for page in EVERY} >= {"README.md", "docs/quickstart.md"}
    for page, test in ELSEWHERE.items():
        assert (ROOT / page).exists()
        assert "blocks" in (ROOT / test).read_text(encoding="utf-8")


def test_no_block_of_any_page_can_be_left_out() -> None:
    found = {named(page): list(strays(page.read_text(encoding="utf-8"))) for page in EVERY}
    assert {page: what for page, what in found.items() if what} == {}
    count = counted()
    assert set(count) <= set(LANGUAGES)
    assert min(count[language] for language in ("sh", "python", "js", "json", "console")) > 5
    assert sum(count.values()) > 300


@pytest.mark.parametrize("page", EXPECTED)
def test_a_page_that_prints_nothing_mutant_is_caught(page: str) -> None:
    with pytest.raises(AssertionError):
        is_met(page, Ran())


LIBRARY = Library(WRITTEN_FOR, openapi.document(WRITTEN_FOR))
GENERATED = [name for name in LIBRARY.pages if name.startswith(("reference/", "errors/"))]


def test_every_block_of_the_pages_made_from_tables_is_a_body_of_its_call() -> None:
    judged = sum(judge_calls(blocks(LIBRARY.markdown(LIBRARY.pages[name]))) for name in GENERATED)
    assert judged > 80


def test_a_body_of_another_call_mutant_is_caught() -> None:
    text = LIBRARY.markdown(LIBRARY.pages["reference/verifications"])
    with pytest.raises(AssertionError):
        judge_calls(blocks(text.replace('"verify_code"', '"verify_kode"')))


def test_the_block_of_the_page_about_credentials_makes_a_key(site: Site, forks: Forks) -> None:
    text = entrances.auth(WRITTEN_FOR, is_sandbox_on=True)
    assert "my-agent" in run_page("auth.md", text, site, Surroundings(forks)).said


STRAYS = {
    "a word beside the language": "```sh skip\nexit 1\n```",
    "attributes": "```{.python .notest}\n1 / 0\n```",
    "an unknown language": "```bash\nexit 1\n```",
    "no language": "```\nexit 1\n```",
    "tildes": "~~~python notest\n1 / 0\n~~~",
    "in a list": "- one\n\n  ```sh no-run\n  exit 1\n  ```",
    "code without a fence": "Do this:\n\n    exit 1\n",
    "a comment": "<!-- skip: the next block -->\n\n```sh\ntrue\n```",
    "a comment within a line": "Then <!-- notest --> do this.",
    "a block in a comment": "<!--\n```sh\nexit 1\n```\n-->",
    "no end": "```sh\nexit 1\n",
    "a command called text": "Then:\n\n```text\ncurl -s http://127.0.0.1:8080/v1/gone\n```",
}


@pytest.mark.parametrize("how", STRAYS)
def test_a_page_with_a_mark_to_skip_a_block_mutant_is_caught(
    how: str, site: Site, forks: Forks
) -> None:
    assert list(strays(STRAYS[how]))
    with pytest.raises(Broken):
        run_page("docs/mutant.md", STRAYS[how], site, Surroundings(forks))


BROKEN = {
    "sh": "```sh\nwatchword-server no-such-command\n```",
    "sh in the middle": "```sh\nfalse\ntrue\n```",
    "sh in a pipe": "```sh\nfalse | cat\n```",
    "python": "```python\nimport watchword\nwatchword.no_such_name\n```",
    "python that warns": "```python\nimport warnings\nwarnings.warn('old')\n```",
    "js": "```js\nthrow new Error('as a mutant must')\n```",
    "ts": "```ts\nconst code: number = 1;\nthrow new Error(`as a mutant must ${code}`);\n```",
    "http": "```http\nGET /v1/no-such-path\n```",
    "json": "```json\n{'single': 'quotes'}\n```",
    "json of nothing known": '```json\n{"anything": 1}\n```',
    "json of an event": '```json\n{"type": "verification.approved", "id": "evt_1"}\n```',
    "json of a call": 'With `POST /v1/verifications`:\n\n```json\n{"verify_kode": "1"}\n```',
    "json of an answer": '```http\nGET /healthz\n```\n\n```json\n{"status": "unwell"}\n```',
    "toml": "```toml\nno_such_setting = 1\n```",
    "output": "```sh\necho 5\n```\n\n```console\n6\n```",
    "output as text": "```sh\necho 5\n```\n\n```text\n6\n```",
    "session": "```console\n$ echo 5\n6\n```",
}


@pytest.mark.parametrize("language", BROKEN)
def test_a_broken_block_mutant_is_caught(language: str, site: Site, forks: Forks) -> None:
    with pytest.raises(Broken):
        run_page("docs/mutant.md", BROKEN[language], site, Surroundings(forks))


@pytest.mark.parametrize(
    "text", ["```sh\nread word < pipe\n```", "```console\n$ cat pipe\nno\n```"]
)
def test_a_block_that_never_ends_mutant_is_caught(text: str, site: Site, forks: Forks) -> None:
    begun = "```sh\nmkfifo pipe\n```\n\n"
    with pytest.raises(Broken, match="too long|prints"):
        run_page("docs/mutant.md", begun + text, site, Surroundings(forks), timeout_s=2)


RIGHT = """
```sh
word=kept
cd "$(mktemp -d)"
```

```sh
echo "$word" "$WATCHWORD_URL" "${WATCHWORD_DEV_KEY%%_*}"
```

```console
kept http://127.0.0.1:8080 key
```

```ts
const shown: string = process.env.WATCHWORD_URL ?? "";
console.log(shown, 3 as number);
```

```text
http://127.0.0.1:8080 3
```

```http
GET /healthz
```

```json
{"status": "ok"}
```

```console
$ watchword-server version
watchword-server …
```
"""


def test_a_page_is_followed_in_one_shell_with_a_key_and_a_server_of_its_own(
    site: Site, forks: Forks
) -> None:
    ran = run_page("docs/right.md", RIGHT, site, Surroundings(forks))
    assert ran.said.startswith("kept")


def test_what_differs_from_run_to_run_is_not_compared_and_all_else_is() -> None:
    assert shows("ok  5 ms\n…\nver_0193f2c1a7b47c3e9d5a1b2c3d4e5f60", "ok 71.5 ms\na\nb\n" + VER)
    assert shows("a … b", "a and then b\n")
    assert not shows("a … b", "a\nb")
    assert not shows("a", "a\nb")
    assert not shows(VER, VER.replace("ver_", "dlv_"))


VER = "ver_ffffffffffffffffffffffffffffffff"

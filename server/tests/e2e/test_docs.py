"""Every block of every page runs, or is what it says it is; see `e2e.docs_runner`."""

from pathlib import Path

import pytest

import tracked
from e2e.deployment import Site
from e2e.docs_blocks import LANGUAGES, blocks, pages, shows
from e2e.docs_runner import Broken, run_page

ROOT = tracked.ROOT
PATIENCE_S = 300
"""A dozen commands, each of which opens the database, on a machine that is busy with tests."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).with_suffix("").as_posix()


PAGES = [page for page in pages(ROOT) if blocks(page.read_text(encoding="utf-8"))]


def test_every_block_of_every_page_has_a_language_that_is_run_or_judged() -> None:
    counted = [(named(page), one) for page in PAGES for one in blocks(page.read_text())]
    assert len(counted) > 100
    assert [(page, one.line) for page, one in counted if one.language not in LANGUAGES] == []


NOT_YET = {
    "docs/providers/smpp": "its commands read two files that only e2e/test_smpp.py writes",
    "docs/providers/smtp": "its bounce is posted for an account that no block made",
}


def case(page: Path) -> object:
    """A page; one that is known not to run says why, and fails once it does."""
    reason = NOT_YET.get(named(page))
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(page, marks=marks, id=named(page))


@pytest.mark.parametrize("page", [case(page) for page in PAGES])
def test_every_block_of_the_page_does_what_it_says(page: Path, site: Site) -> None:
    run_page(page.read_text(encoding="utf-8"), site, PATIENCE_S)


BROKEN = {
    "sh": "```sh\nwatchword-server no-such-command\n```",
    "sh in the middle": "```sh\nfalse\ntrue\n```",
    "python": "```python\nimport watchword\nwatchword.no_such_name\n```",
    "js": "```js\nthrow new Error('as a mutant must')\n```",
    "ts": "```ts\nconst code: number = 1;\nthrow new Error(`as a mutant must ${code}`);\n```",
    "http": "```http\nGET /v1/no-such-path\n```",
    "json": "```json\n{'single': 'quotes'}\n```",
    "json of an event": '```json\n{"type": "verification.approved", "id": "evt_1"}\n```',
    "json of a call": 'With `POST /v1/verifications`:\n\n```json\n{"verify_kode": "1"}\n```',
    "json of an answer": '```http\nGET /healthz\n```\n\n```json\n{"status": "unwell"}\n```',
    "toml": "```toml\nno_such_setting = 1\n```",
    "output": "```sh\necho 5\n```\n\n```console\n6\n```",
    "session": "```console\n$ echo 5\n6\n```",
    "no language": "```\nls\n```",
}


@pytest.mark.parametrize("language", BROKEN)
def test_a_broken_block_mutant_is_caught(language: str, site: Site) -> None:
    with pytest.raises(Broken):
        run_page(BROKEN[language], site)


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

```console
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


def test_a_page_is_followed_in_one_shell_with_a_key_and_a_server_of_its_own(site: Site) -> None:
    assert run_page(RIGHT, site).said.startswith("kept")


def test_what_differs_from_run_to_run_is_not_compared_and_all_else_is() -> None:
    assert shows("ok  5 ms\n…\nver_0193f2c1a7b47c3e9d5a1b2c3d4e5f60", "ok 71.5 ms\na\nb\n" + VER)
    assert shows("a … b", "a and then b\n")
    assert not shows("a … b", "a\nb")
    assert not shows("a", "a\nb")
    assert not shows(VER, VER.replace("ver_", "dlv_"))


VER = "ver_ffffffffffffffffffffffffffffffff"

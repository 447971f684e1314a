"""The blocks of a skill's pages, run in their order as an agent would; what each printed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import services_needed
from e2e.deployment import Server, Site

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HERE = "http://127.0.0.1:8080"
_BETWEEN = "--- end of a block ---"
_TIMEOUT_S = 400
_HEREDOC = "{} <<'END_OF_BLOCK'\n{}END_OF_BLOCK"


class Block(NamedTuple):
    """One block that runs, and what the page says it prints (None: it does not say)."""

    language: str
    code: str
    output: str | None


def blocks(text: str) -> list[Block]:
    """What can be run; a `text` block is the output of the one before it."""
    found: list[Block] = []
    for language, code in BLOCK.findall(text):
        if language == "text":
            assert found and found[-1].output is None, "an output without a block"
            found[-1] = found[-1]._replace(output=code)
        elif language == "json":
            json.loads(code)
        else:
            assert language in ("sh", "python", "js"), f"no way to run a block of {language!r}"
            found.append(Block(language, code, None))
    return found


def command(block: Block) -> str:
    """The block as lines of a shell."""
    if block.language == "python":
        return _HEREDOC.format("python -W error -", block.code)
    if block.language == "js":
        node = services_needed.require("node")
        return _HEREDOC.format(f"'{node}' --input-type=module -", block.code)
    return block.code


def surroundings(site: Site, server: Server, home: Path) -> dict[str, str]:
    """What an agent on the server's machine has: a key, the commands, the address."""
    ours = {name: word for name, word in os.environ.items() if not name.startswith("WATCHWORD_")}
    key = site.key()
    return ours | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{ours['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WATCHWORD_URL": server.url,
        "WATCHWORD_DEV_KEY": key["dev_key"],
        "WATCHWORD_DEV_SECRET": key["dev_secret"],
        "WATCHWORD_DATABASE_URL": f"sqlite:///{site.database}",
        "WATCHWORD_SQLITE_SYNCHRONOUS": "off",
    }


def run_page(page: Path, site: Site, work: Path) -> list[tuple[Block, str]]:
    """Run a page's blocks in one shell inside a copy of its skill; fails where a block does."""
    skill = next(folder for folder in page.parents if (folder / "SKILL.md").exists())
    copy = work / skill.name
    shutil.copytree(skill, copy)
    return run_text(page.read_text(encoding="utf-8"), site, copy)


def run_text(text: str, site: Site, folder: Path) -> list[tuple[Block, str]]:
    """Run the blocks of a text in a folder."""
    server = site.serve(sandbox_delay_s="0")
    found = blocks(text)
    lines = ["set -eu -o pipefail"]
    for block in found:
        lines += [command(block).rstrip(), f"printf '\\n%s\\n' '{_BETWEEN}'"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines).replace(HERE, server.url)],
        cwd=folder, env=surroundings(site, server, folder.parent), capture_output=True, text=True,
        timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    said = done.stdout.split(_BETWEEN)[:-1]
    return list(zip(found, said, strict=True))


def wrong_outputs(ran: list[tuple[Block, str]]) -> list[tuple[str, str]]:
    """What a page says that a block prints, and what it printed, where they differ."""
    return [
        (block.output.strip(), said.strip())
        for block, said in ran
        if block.output is not None and block.output.strip() != said.strip()
    ]

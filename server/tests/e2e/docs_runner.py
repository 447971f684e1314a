"""Runs the blocks of a page as a reader would: in their order, in one shell and one folder.

The page has a server of its own, a fresh key of its default project in the environment, and the
sandbox.  Where it names these places it means this run's:

    http://127.0.0.1:8080    the server
    http://127.0.0.1:3000    a program that takes webhooks and answers 200
    http://127.0.0.1:9900    a gateway that takes messages over HTTP and answers 200
    127.0.0.1:1025, :2525    a mail server
    smsc.example.com, 3550   an SMSC, which speaks no TLS here

A skill's page begins in a copy of its skill.  A page that imports what only `scripts/vendors`
installs has that Python, and a scripted model in the place of the vendors'.
"""

import re
import shutil
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import services_needed
from e2e.deployment import PATIENCE_S, Site
from e2e.docs_blocks import (
    Block,
    blocks,
    is_output,
    is_run,
    strays,
    wants_node,
    wants_vendors,
)
from e2e.docs_forks import Forks
from e2e.docs_json import judge, judge_settings
from e2e.docs_peers import Mailbox, MailServer, Taker
from e2e.docs_reader import ROOT, Broken, Placed, Reader, at
from e2e.model_peer import ModelPeer
from e2e.smsc_peer import SmscPeer

_SERVER, _HOOKS, _GATEWAY = (f"http://127.0.0.1:{port}" for port in (8080, 3000, 9900))
_MAIL = re.compile(r'(127\.0\.0\.1:|--set port=|"port": |SMTP_PORT=)(?:1025|2525)\b')
_SMSC = re.compile(r'"host": "smsc\.example\.com",\s+"port": 3550')


@dataclass
class Ran:
    """What a page printed, and what came to its peers."""

    said: str = ""
    hooks: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    texts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Surroundings:
    """What pages share.

    Attributes:
        node: a folder whose node_modules has the packed SDK, for pages of programs in Node.
    """

    forks: Forks
    node: Path | None = None


def run_page(
    name: str, text: str, site: Site, around: Surroundings, timeout_s: float = PATIENCE_S
) -> Ran:
    """Run every block of a page; fail at the first that does not do what the page says."""
    if found := list(strays(text)):
        raise Broken("; ".join(found))
    if not any(is_run(block) for block in blocks(text)):
        return _judged(name, blocks(text))
    ran = Ran()
    server, key = site.serve(), site.key()
    with ExitStack() as stack:
        hooks, gateway = stack.enter_context(Taker()), stack.enter_context(Taker())
        mail = MailServer(Mailbox(ran.mails), hostname="127.0.0.1", port=0)
        mail.start()
        stack.callback(mail.stop)
        for named, url in ((_SERVER, server.url), (_HOOKS, hooks.url), (_GATEWAY, gateway.url)):
            text = text.replace(named, url)
        text = _MAIL.sub(rf"\g<1>{mail.port}", text)
        if _SMSC.search(text):
            smsc = stack.enter_context(SmscPeer())
            here = f'"host": "127.0.0.1", "port": {smsc.port}, "tls": false'
            text, ran.texts = _SMSC.sub(here, text), smsc.taken
        settings = {
            "url": server.url, "public_url": server.url,
            "dev_key": key["dev_key"], "dev_secret": key["dev_secret"],
            "database_url": f"sqlite:///{site.database}", "sqlite_synchronous": "off",
        }  # fmt: skip
        variables = _vendors(stack) if wants_vendors(text) else {}
        folder = _begun(site.folder / "reader", name, text, around)
        reader = stack.enter_context(
            Reader(name, folder, settings, around.forks, timeout_s, **variables)
        )
        ran.said = "".join([reader.follow(block) for block in _placed(blocks(text))])
        ran.hooks = hooks.bodies
    return ran


def _judged(name: str, found: list[Block]) -> Ran:
    """A page on which nothing runs."""
    for block in found:
        with at(block):
            if block.language == "json":
                judge(block, "", name)
            elif block.language == "toml":
                judge_settings(block)
    return Ran()


def _placed(found: list[Block]) -> list[Placed]:
    before = [None, *found]
    are_output = [is_output(one, above) for one, above in zip(found, before, strict=False)]
    shown = [one if is_one else None for one, is_one in zip(found, are_output, strict=True)]
    return list(map(Placed, found, [*shown[1:], None], are_output))


def _begun(place: Path, name: str, text: str, around: Surroundings) -> Path:
    """The folder in which the reader of a page begins."""
    skill = next((one for one in (ROOT / name).parents if (one / "SKILL.md").exists()), None)
    folder = place / (skill.name if skill else "project")
    if skill:
        shutil.copytree(skill, folder)
    else:
        folder.mkdir(parents=True)
    if wants_node(text):
        assert around.node is not None, "no package for Node was built"
        modules = place / "node_modules"
        modules.mkdir()
        packages = services_needed.require_package("express").parent
        for package in (*packages.iterdir(), around.node / "node_modules/watchword"):
            if not package.name.startswith("."):
                (modules / package.name).symlink_to(package)
    return folder


def _vendors(stack: ExitStack) -> dict[str, str]:
    """What makes a program of a vendor's package speak to a model on this machine."""
    peer = stack.enter_context(ModelPeer())
    python = services_needed.require_vendors()
    source = str(ROOT / "sdk/python/src")
    return {"VENDORS_PYTHON": f"{python} -W ignore", "PYTHONPATH": source} | peer.environment

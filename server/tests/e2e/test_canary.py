"""A thousand random flows leave no code, key, address or parameter where none may be.

Looked through, in every form of `canary.forms`: what the server printed (debug level, JSON, the
access log on), the timeline of every verification, every answer and error, and the database with
its write-ahead log and index, both while the server runs and after it stopped.  Two answers may
show a code, the inbox's own, and those of key creation a secret: neither is kept.  What `canary`
says about its marks is why chance finds nothing.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e import canary
from e2e.canary import Canaries, nothing_leaks
from e2e.deployment import Server, Site, until
from e2e.flows import Flows
from e2e.wire import basic, connect, request
from providers.smtp_peer import SmtpPeer
from watchword_server.cli.hosting import run

TYPICAL, FEW = 1_000, 250


class Quoting(SmtpPeer):
    """A mail server that refuses everything and repeats what it refuses."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if len(self.messages) % 2:
            self.messages.append(None)  # type: ignore[arg-type]
            return f"550 5.1.1 <{address}> no such user here"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(None)  # type: ignore[arg-type]
        said = envelope.original_content.decode()
        code = re.search(canary.CODE_MARK + r"\w{4}", said)
        assert code is not None
        return f"554 5.7.1 <{envelope.rcpt_tos[0]}> looks like spam: {code[0]}"


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with Quoting() as peer:
        yield peer


@pytest.fixture
def watched(deploy: Callable[..., Site], peer: SmtpPeer) -> Site:
    """A deployment that says as much as it can."""
    return deploy(
        log_level="debug", log_format="json", access_log="true", autofill_domain="example.com",
        inbox_script="whatsapp=reject:unreachable,voice=uncertain,*=delivered",
        smtp_host=peer.host, smtp_port=str(peer.port), smtp_ca_file=peer.ca_file,
        smtp_from_address="codes@watchword.test",
    )  # fmt: skip


def begun(site: Site, *alterations: str) -> tuple[Server, Flows]:
    """A server with a development and a live project, and flows to be run on it."""
    key = site.key()
    site.command("projects", "create", "live", "--mode", "live")
    live = site.key("--project", "live")
    server = site.serve(*alterations)
    for project in (key["project_id"], live["project_id"]):
        site.raise_limits(server, project)
    canaries = Canaries()
    for one in (key, live):
        canaries.marks[f"the secret of {one['project_id']}"] = one["dev_secret"]
    return server, Flows(server.url, basic(key), basic(live), key["dev_secret"], canaries)


def stored(site: Site) -> Iterator[tuple[str, bytes]]:
    """The database as it lies on the disk now."""
    for path in sorted(site.folder.glob(f"{site.database.name}*")):
        if not path.name.endswith("pepper.json"):
            yield path.name, path.read_bytes()


def said(server: Server) -> dict[str, bytes]:
    """What the server printed."""
    paths: tuple[Path, ...] = (server.process.out, server.process.err)
    return {path.name: path.read_bytes() for path in paths}


def watch(site: Site, count: int, *alterations: str) -> Flows:
    """Run flows, then look through all that is left of them."""
    server, flows = begun(site, *alterations)
    run(flows.run(count))
    handing_over = "SELECT 1 FROM work WHERE kind = 'deliver'"
    until(lambda: not site.rows(handing_over), "every message is handed over")
    files = list(stored(site))
    assert {name.removeprefix(site.database.name) for name, _ in files} == {"", "-wal", "-shm"}
    assert server.stop() == 0
    files += [(f"{name} after the stop", content) for name, content in stored(site)]
    texts = {name: bytes(content) for name, content in flows.kept.items()} | said(server)
    assert {"answers", "errors", "events"} < texts.keys()
    nothing_leaks(flows.canaries, texts, files)
    return flows


def test_nothing_leaks_in_a_thousand_flows(watched: Site, peer: SmtpPeer) -> None:
    flows = watch(watched, TYPICAL)
    assert len(flows.canaries.digits) > TYPICAL // 10
    assert len(peer.messages) > TYPICAL // 20
    assert flows.statuses.keys() >= {200, 400, 401, 404, 405, 409, 410, 413, 421, 429}
    assert not any(status >= 500 for status in flows.statuses)


@pytest.mark.parametrize("mutant", ["code_in_a_log", "code_in_the_store"])
def test_a_mutant_is_caught(watched: Site, mutant: str) -> None:
    with pytest.raises(AssertionError, match="leaked:\n.*: a code"):
        watch(watched, FEW, mutant)


FORMS = list(canary.forms("x"))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(form: str) -> None:
    text = b"{before " + canary.forms(canary.CODE_MARK + "ab12")[form] + b" after}"
    with pytest.raises(AssertionError, match="a code"):
        nothing_leaks(Canaries(), {}, [("file", text)])


@pytest.mark.parametrize("text", [b'{"note":"482913"}', b"4 8 2 9 1 3", b"=482913;"])
def test_digits_are_found_in_text(text: bytes) -> None:
    canaries = Canaries(digits={"482913"})
    nothing_leaks(canaries, {"log": b"at 2026-03-01T12:00:00.482913Z 0x482913ab"}, [])
    with pytest.raises(AssertionError, match="a code of digits"):
        nothing_leaks(canaries, {"log": text}, [])


ECHOES = {
    "a code in the path": ("GET", "/v1/messages/{code}", {}),
    "a code behind a path": ("POST", "/v1/verifications/{code}", {}),
    "a number in the path": ("GET", "/v1/messages/%2B{phone}", {}),
    "a secret in the path": ("GET", "/{secret}", {}),
    "a code as the id of a request": ("GET", "/v1/messages/none", {"x_request_id": "{code}"}),
}


@pytest.mark.parametrize(("method", "path", "fields"), ECHOES.values(), ids=ECHOES)
def test_a_secret_is_not_repeated(
    site: Site, method: str, path: str, fields: dict[str, str]
) -> None:
    key = site.key()
    words = {"code": f"{canary.CODE_MARK}ab12", "phone": f"{canary.PHONE_MARK}123"}
    words["secret"] = key["dev_secret"]
    header = {name: value.format(**words) for name, value in fields.items()}
    server = site.serve(access_log="true", log_format="json")

    async def answer() -> bytes:
        connection = await connect(server.url)
        raw = request(method, path.format(**words), basic(key), **header)
        body = (await connection.ask(raw)).body
        connection.close()
        return body

    canaries = Canaries()
    canaries.marks["the secret"] = key["dev_secret"]
    error = run(answer())
    assert server.stop() == 0
    nothing_leaks(canaries, {"error": error} | said(server), [])

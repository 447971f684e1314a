"""From the first start to a stop that finishes what is under way, and the start after it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.deployment import PATIENCE_S, Process, Server, Site, environment, eventually, until
from e2e.wire import Answer, basic, connect, request
from watchword_server.cli.hosting import run

COMMAND = (sys.executable, "-m", "watchword_server")
CODE, NUMBER = "482913", "+14155552671"
SEND = {"to": NUMBER, "template_id": "otp-sms", "code": CODE}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Server]:
    """The command line itself, in an empty folder, without a setting."""
    out, err = tmp_path / "out", tmp_path / "err"
    folder = tmp_path / "empty"
    folder.mkdir()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        words = [*COMMAND, "serve", "--port", "0"]
        process = subprocess.Popen(
            words, cwd=folder, env=environment(), stdout=stdout, stderr=stderr
        )
    try:
        yield Server(Process(process.pid, out, err, process.poll))
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def test_a_first_start_says_one_line_and_stops_cleanly(started: Server) -> None:
    assert ask(started, request("GET", "/readyz")).json == {"status": "ready"}
    assert started.stop() == 0
    (line,) = started.process.said().splitlines()
    assert line.startswith(f"Watchword is ready: {started.url} (development, SQLite ")
    assert started.url.startswith("http://127.0.0.1:")


def test_the_demo_succeeds_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "demo"], cwd=tmp_path, env=environment(), capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


# ---- stopping -------------------------------------------------------------------------------


def ask(server: Server, raw: bytes) -> Answer:
    """One request over a connection of its own."""

    async def answered() -> Answer:
        connection = await connect(server.url)
        try:
            return await connection.ask(raw)
        finally:
            connection.close()

    return run(answered())


async def asked_slowly(server: Server, authorization: str) -> Answer:
    """A request that is half there when the server is told to stop."""
    head, _, body = request("POST", "/v1/codes", authorization, SEND).partition(b"\r\n\r\n")
    connection = await connect(server.url)
    goes_on = await connection.ask(head + b"\r\nexpect: 100-continue\r\n\r\n")
    assert goes_on.status == 100  # the application waits for the body now
    os.kill(server.process.pid, signal.SIGTERM)
    await closed_to_others(server)
    try:
        return await connection.ask(body)
    except ConnectionError:
        raise AssertionError("the request was cut off") from None
    finally:
        connection.close()


async def closed_to_others(server: Server) -> None:
    """Wait until the server lets nobody new in."""

    async def is_refused() -> bool:
        try:
            (await connect(server.url)).close()
        except OSError:
            return True
        return False

    await eventually(is_refused, "the port is closed")


def a_stop_drains(site: Site, *alterations: str) -> None:
    """A request and a hand-over that are under way are finished; the next start goes on."""
    key = basic(site.key())
    server = site.serve(*alterations, inbox_script="sms=late:0.5")
    answer = run(asked_slowly(server, key))
    assert answer.status == 200
    assert server.process.ended() == 0
    states = site.rows("SELECT status, maybe_duplicate FROM deliveries")
    assert states == [("delivered", 0)]
    assert site.rows("SELECT count(*) FROM work") == [(0,)]
    again = site.serve(*alterations)
    tried = {"message_id": answer.json["message_id"], "verify_code": CODE}
    checked = ask(again, request("POST", "/v1/verifications", key, tried))
    assert checked.json["verified"]
    inbox = ask(again, request("GET", "/v1/inbox/messages", key)).json["data"]
    assert [each["code"] for each in inbox] == [CODE]
    assert again.stop() == 0


def test_a_stop_drains(site: Site) -> None:
    a_stop_drains(site)


@pytest.mark.parametrize("mutant", ["stop_at_once", "drop_hand_overs"])
def test_a_stop_that_does_not_wait_is_caught(site: Site, mutant: str) -> None:
    with pytest.raises(AssertionError):
        a_stop_drains(site, mutant)


def test_work_left_by_a_killed_server_is_done_after_the_next_start(site: Site) -> None:
    key = basic(site.key())
    server = site.serve("quick", inbox_script="sms=late:60")
    assert ask(server, request("POST", "/v1/codes", key, SEND)).status == 200
    server.kill()
    assert server.process.ended() == -signal.SIGKILL
    assert site.rows("SELECT status FROM deliveries") == [("queued",)]
    again = site.serve("quick")
    until(lambda: not site.rows("SELECT 1 FROM work"), "the work is done")
    states = site.rows("SELECT status, maybe_duplicate FROM deliveries ORDER BY number")
    assert states == [("unknown", 0), ("delivered", 1)]
    assert again.stop() == 0


# ---- who calls, and whom --------------------------------------------------------------------

CLIENT, OTHER = "203.0.113.7", "198.51.100.1"


def only_listed_hosts(site: Site, *alterations: str) -> None:
    """A Host that is not on the list gets 421."""
    server = site.serve(*alterations, allowed_hosts="otp.internal")
    for host in ("127.0.0.1", "localhost", "otp.internal", "OTP.internal:8080"):
        assert ask(server, request("GET", "/healthz", host=host)).status == 200
    for host in ("evil.example", "otp.internal.evil.example", "127.0.0.1.evil.example", ""):
        assert ask(server, request("GET", "/healthz", host=host)).status == 421


def only_trusted_proxies(site: Site, *alterations: str) -> None:
    """Whose address a key is bound to is known from a trusted proxy alone."""
    key = basic(site.key("--allow-ip", CLIENT))
    behind = site.serve(*alterations, trusted_proxies="127.0.0.0/8")
    alone = site.serve(*alterations)

    def status(server: Server, **fields: str) -> int:
        return ask(server, request("GET", "/v1/messages", key, **fields)).status

    assert status(behind, x_forwarded_for=CLIENT) == 200
    assert status(behind, x_forwarded_for=f"{OTHER}, {CLIENT}, 127.0.0.9") == 200
    assert status(behind, forwarded=f"for={CLIENT};proto=https") == 200
    assert status(behind) == 403
    assert status(behind, x_forwarded_for=f"{CLIENT}, {OTHER}") == 403
    assert status(behind, x_forwarded_for=CLIENT, forwarded=f"for={OTHER}") == 403
    assert status(alone, x_forwarded_for=CLIENT) == 403


RULES = {"any_host": only_listed_hosts, "any_proxy": only_trusted_proxies}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.__name__)
def test_the_network_rules_hold(site: Site, rule) -> None:
    rule(site)


@pytest.mark.parametrize("mutant", RULES)
def test_a_mutant_is_caught(site: Site, mutant: str) -> None:
    with pytest.raises(AssertionError):
        RULES[mutant](site, mutant)

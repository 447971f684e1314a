"""`serve`: one line when ready, a whole journey over HTTP, a clean stop."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from watchword import Watchword
from watchword_server.cli.hosting import Server
from watchword_server.domain.errors import Misconfigured
from watchword_server.settings import Settings

Json = Callable[..., Any]
TO = "+14155552671"
READY = re.compile(
    r"Watchword is ready: http://127\.0\.0\.1:[0-9]+ \(development, SQLite .+\.db\)\n"
)


@pytest.fixture
def client(served, as_json: Json, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchword]:
    """A client of a fresh server, with a key from the command line in the environment."""
    monkeypatch.setenv("WATCHWORD_URL", served().url)
    key = as_json("keys", "create", "--name", "test")
    monkeypatch.setenv("WATCHWORD_DEV_KEY", key["dev_key"])
    monkeypatch.setenv("WATCHWORD_DEV_SECRET", key["dev_secret"])
    with Watchword() as one:
        yield one


def code_in_inbox(client: Watchword) -> str:
    last = time.monotonic() + 10
    while not (found := list(client.inbox.list(to=TO))) and time.monotonic() < last:
        time.sleep(0.02)
    return str(found[0].raw["code"])


def test_an_empty_file_becomes_a_server_that_says_so_in_one_line(
    served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path}/fresh.db")
    (tmp_path / "fresh.db").touch()
    server = served()
    assert READY.fullmatch(server.line)
    code, out, err = server.stop()
    assert (code, out) == (0, "")
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert events[-2:] == ["stopping", "stopped"]
    assert events[0].startswith(f"Made the pepper file {tmp_path}/fresh.db.pepper.json. Back it up")


def test_a_key_from_the_command_line_works_at_once(client: Watchword) -> None:
    sent = client.messages.send(to=TO, template_id="otp-sms")
    checked = client.verifications.check(message_id=sent.message_id, code=code_in_inbox(client))
    assert checked.verified


def test_send_and_verify_call_it_as_an_application_does(
    cli, as_json: Json, client: Watchword
) -> None:
    sent = as_json("send", "--to", TO)
    again = as_json("send", "--to", TO, code=1)
    assert again["status"] == 429
    assert again["message_id"] == sent["message_id"]
    assert isinstance(again["retry_after"], int)
    shown = cli("send", "--to", TO, code=1).stderr
    assert "Too many requests (429)" in shown
    assert re.search(r"retry_after=\d+ ", shown)
    code = code_in_inbox(client)
    wrong = "0000" if code != "0000" else "1111"
    assert (
        "Not verified: pending, 4 checks left."
        in cli("verify", sent["message_id"], wrong, code=1).stdout
    )
    shown = cli("verify", sent["message_id"], input=f"{code}\n")
    assert shown.stdout == "Verified: approved (restricted).\n"
    assert code not in shown.output
    assert as_json("verify", sent["message_id"], code, code=1)["status"] == 409


def test_the_terminal_reads_the_code_that_it_sent(cli, as_json: Json, client: Watchword) -> None:
    assert "Read it: watchword-server inbox\n" in cli("send", "--to", TO).stdout
    code = code_in_inbox(client)
    entry = as_json("inbox", "--to", TO, "--limit", "1")["data"][0]
    assert entry["code"] == code
    shown = cli("inbox").stdout
    assert f"  {code}  {entry['message_id']}\n" in shown
    assert as_json("inbox", "--to", "+14155552672") == {"data": []}
    assert cli("inbox", "--to", "+14155552672").stdout.startswith("No messages yet. Send one: ")
    assert as_json("inbox", "--project", "default")["data"] == [entry]


def test_a_live_project_has_no_inbox_to_read(cli, as_json: Json) -> None:
    cli("projects", "set-mode", "default", "live")
    assert as_json("inbox", "--project", "default", code=1)["reason"] == "live_project"


def test_calls_without_credentials_or_server_say_what_to_do(
    cli, as_json: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "watchword-server keys create" in cli("send", "--to", TO, code=1).stderr
    monkeypatch.setenv("WATCHWORD_DEV_KEY", "key_x")
    monkeypatch.setenv("WATCHWORD_DEV_SECRET", "wws_x")
    monkeypatch.setenv("WATCHWORD_URL", "http://127.0.0.1:1")
    assert "watchword-server serve" in as_json("verify", "ver_1", "1234", code=1)["fix"]
    assert "name=value" in cli("send", "--to", TO, "--param", "x", code=2).stderr


def test_the_selfcheck_sends_and_verifies_one_code(served, as_json: Json) -> None:
    server = served("--selfcheck")
    lines = [server.process.stdout.readline() for _ in range(5)]
    assert [line.split()[1] for line in lines[:4]] == ["send", "deliver", "read", "right"]
    assert "It works" in lines[4]
    assert as_json("keys", "list")["data"] == []  # the temporary key is gone
    assert server.stop()[0] == 0


def test_the_selfcheck_sends_nothing_from_a_live_project(served, cli) -> None:
    cli("projects", "set-mode", "default", "live")
    server = served("--selfcheck")
    said = ""
    while "The default project is live" not in said:
        said = server.process.stderr.readline()
        assert said, "it ended without a word about it"
    code, out, err = server.stop()
    assert (code, out) == (0, "")
    assert "stopped" in err


def is_accepted_before(server) -> None:
    """Connections are accepted in their order: whoever came before this one is under way."""
    urllib.request.urlopen(f"{server.url}/healthz", timeout=20).close()


def is_closed(host: str, port: int) -> None:
    """Wait until nobody listens any more."""
    last = time.monotonic() + 20
    while time.monotonic() < last:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return
    raise AssertionError("the port is still open")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_under_way_finish(served, number: int) -> None:
    server = served()
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n"
        head += "Authorization: Basic eDp5\r\nContent-Type: application/json\r\n\r\n"
        connection.sendall(head.encode())
        is_accepted_before(server)
        ended: list[tuple[int, str, str]] = []
        stopping = threading.Thread(target=lambda: ended.append(server.stop(number)))
        stopping.start()
        is_closed(host, int(port))
        connection.sendall(b"{}")
        answer = connection.recv(65536)
        stopping.join(30)
    assert answer.startswith(b"HTTP/1.1 401")
    assert ended[0][0] == 0


def test_a_second_signal_does_not_wait_for_a_connection(served, monkeypatch) -> None:
    monkeypatch.setenv("WATCHWORD_SHUTDOWN_GRACE_S", "600")  # longer than `stop` waits
    server = served()
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n"
        )
        is_accepted_before(server)
        server.process.send_signal(signal.SIGTERM)
        is_closed(host, int(port))
        assert server.stop()[0] == 0


def test_the_answer_does_not_name_the_software_below(served) -> None:
    with urllib.request.urlopen(f"{served().url}/openapi.json") as answer:
        assert answer.headers["server"] is None
        assert answer.headers["date"]


def fails(*words: str) -> str:
    """What `serve` says when it cannot start."""
    outcome = subprocess.run(
        [sys.executable, "-m", "watchword_server", "serve", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert "Traceback" not in outcome.stderr
    return outcome.stderr


def test_two_workers_on_sqlite_are_refused_with_a_pointer_to_postgresql() -> None:
    assert "PostgreSQL" in fails("--workers", "2")


def test_a_taken_port_is_explained() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "Choose another: --port" in fails("--port", str(taken.getsockname()[1]))


def test_a_lost_pepper_file_stops_the_start(cli, tmp_path: Path) -> None:
    cli("keys", "create", "--name", "x")
    (tmp_path / "watchword.db.pepper.json").unlink()
    said = fails()
    for part in ("WATCHWORD_PEPPER_FILE", "backup", "API key", "counters"):
        assert part in said
    assert not (tmp_path / "watchword.db.pepper.json").exists()


def test_an_open_interface_without_a_public_url_is_warned_of(served) -> None:
    _, _, err = served("--host", "0.0.0.0").stop()
    assert "WATCHWORD_PUBLIC_URL is not set" in err


async def test_a_server_that_cannot_open_its_database_gives_the_port_back(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database, but long enough to look like one " * 10)
    (tmp_path / "x.db.pepper.json").touch(0o600)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db", port=port)
    with pytest.raises(Misconfigured):
        await Server.start(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


async def test_the_death_of_the_worker_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(self: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("watchword_server.cli.hosting.Worker.run", die)
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db", port=0)
    with pytest.raises(RuntimeError, match="a defect"):
        server = await Server.start(settings)
        await server.ended()
        await server.stop()

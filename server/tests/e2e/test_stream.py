"""Events over real connections: followed by the SDK, forwarded by `listen`, ended by a stop."""

import asyncio
import contextlib
import http.server
import json
import threading
from pathlib import Path

import httpx2
import pytest
import standardwebhooks

from e2e.deployment import Site, eventually
from watchword import AsyncWatchword
from watchword.webhooks import Webhook, WebhookReplayed
from watchword_server.api import streaming
from watchword_server.cli.hosting import Server
from watchword_server.settings import Settings

CODE = "482913"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@contextlib.asynccontextmanager
async def serving(folder: Path):
    """A server in this process, and a client with a key of its default project."""
    server = await Server.start(
        Settings(
            database_url=f"sqlite:///{folder / 'watchword.db'}", sqlite_synchronous="off", port=0
        )
    )
    operator = await server.runtime.operator()
    key = await server.runtime.services.api_keys.create(operator, "app", None, None, ())
    client = AsyncWatchword(server.url, api_key=key.bearer)
    try:
        yield server, client, key
    finally:
        await client.close()
        if not all(task.done() for task in server._tasks):
            await server.stop()


async def newest(client: AsyncWatchword) -> str:
    return [event.id async for event in client.events.list(limit=1)][0]


async def test_events_arrive_as_they_happen_and_after_the_last_that_was_seen(tmp_path: Path):
    async with serving(tmp_path) as (_, client, _key):
        before = await newest(client)
        sent = await client.messages.send(to="+14155552671", template_id="otp-sms", code=CODE)
        seen = []
        async for event in client.events.stream(last_event_id=before):
            seen.append(event)
            if event.type == "delivery.delivered":
                await client.verifications.check(message_id=sent.message_id, code=CODE)
            if event.type == "verification.approved":
                break
        listed = [one async for one in client.events.list(message_id=sent.message_id)]
        assert [one.raw for one in seen] == [one.raw for one in reversed(listed)]
        rest = []
        async for event in client.events.stream(last_event_id=seen[1].id, type="verification"):
            rest.append(event.type)
            if event.type == "verification.approved":
                break
        assert rest == ["verification.approved"]


async def test_a_stop_ends_streams_at_once_and_in_good_order(tmp_path: Path):
    async with serving(tmp_path) as (server, _, key):
        header = {"authorization": f"Bearer {key.bearer}", "last-event-id": "evt_" + "0" * 32}
        async with (
            httpx2.AsyncClient(trust_env=False) as http,
            http.stream("GET", f"{server.url}/v1/events/stream", headers=header) as answer,
        ):
            assert answer.headers["content-type"] == "text/event-stream"
            lines = answer.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            while not (await anext(lines)).startswith("event: key.created"):
                pass
            async with asyncio.timeout(server.settings.shutdown_grace_s / 2):
                await server.stop()
                rest = [line async for line in lines]  # a body cut short would raise
        assert rest[0].startswith('data: {"type":"key.created"')


async def test_a_reader_that_stops_reading_is_cut_off(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(streaming, "STALL_S", 0.2)
    async with serving(tmp_path) as (server, _, key):
        feeds = server.runtime.services.events._feeds
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.settings.port, limit=1024
        )
        writer.write(
            b"GET /v1/events/stream?last_event_id=evt_%b HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n"
            b"authorization: Bearer %b\r\n\r\n"
            % (b"0" * 32, server.settings.port, key.bearer.encode())
        )
        await reader.readline()
        operator = await server.runtime.operator()

        async def much() -> bool:
            def unit(tx):
                for _ in range(2_000):
                    tx.events.append(operator.project, b"k" * 16, "key.updated", 1, b"{}")

            await server.runtime.store.write(unit)
            return not feeds

        await eventually(much, "the reader is cut off")
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.took.append((dict(self.headers.items()), body))
        self.send_response(503 if len(self.server.took) == 2 else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.took = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_listen_forwards_signed_events(site: Site, receiver):
    server = site.serve()
    key = site.key()
    caller = {"url": server.url, "dev_key": key["dev_key"], "dev_secret": key["dev_secret"]}
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    words = ("--forward-to", url, "--after", "evt_" + "0" * 32, "--count", "3")
    listening = site.run("listen", *words, "--secret", SECRET, "--json", **caller)
    site.key()
    site.key()
    assert listening.ended() == 0, listening.said() + listening.logged()
    lines = [json.loads(line) for line in listening.said().splitlines()]
    assert [line["event"]["type"] for line in lines] == ["key.created"] * 3
    assert [line["forwarded"]["status"] for line in lines] == [204, 503, 204]
    public, ours = standardwebhooks.Webhook(SECRET), Webhook(SECRET)
    for (headers, body), line in zip(receiver.took, lines, strict=True):
        assert public.verify(body, headers) == line["event"]
        assert ours.verify(body, headers).id == line["event"]["id"]
        with pytest.raises(WebhookReplayed):
            ours.verify(body, headers)
    assert SECRET not in listening.said() + listening.logged()


def test_listen_shows_events_and_says_that_nobody_takes_them(site: Site, receiver):
    server = site.serve()
    key = site.key()
    caller = {"url": server.url, "dev_key": key["dev_key"], "dev_secret": key["dev_secret"]}
    closed = receiver.server_port
    receiver.server_close()
    words = ("--after", "evt_" + "0" * 32, "--count", "1")
    listening = site.run("listen", *words, "--forward-to", f"http://127.0.0.1:{closed}/", **caller)
    assert listening.ended() == 1, listening.said() + listening.logged()
    assert "key.created" in listening.said()
    assert "failed: connection refused: nothing listens there" in listening.said()
    assert "Signing secret of this run: whsec_" in listening.logged()

"""`listen`: a project's events on this screen, and as webhooks to a URL of the developer's own."""

import base64
import itertools
import json
import secrets
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import click
import httpx2

from watchword import ConfigurationError, ConnectionFailed, Event, Watchword
from watchword.webhooks import Webhook, sign
from watchword_server import __version__
from watchword_server.cli import screen
from watchword_server.cli.calling import calling
from watchword_server.cli.command import Command, json_option

_SECRET_BYTES = 24
_FORWARD_S = 30.0
_LONGEST_PAUSE_S = 10.0
_MS = 1000
REFUSED = "connection refused: nothing listens there; start your program"
_OK = range(200, 300)
_SUBJECTS = ("message_id", "template_id", "key_id", "endpoint_id", "incoming_id", "alert_id")


def _url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise click.BadParameter("write a URL such as http://127.0.0.1:3000/webhooks")
    return value


def _secret(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            Webhook(value)
        except ConfigurationError:
            raise click.BadParameter("write whsec_ and Base64, as it was shown") from None
    return value


@click.command(cls=Command)
@click.option(
    "--forward-to", "url", callback=_url, metavar="URL",
    help="Post each event there, signed as Standard Webhooks; without it they are only shown.",
)  # fmt: skip
@click.option(
    "--secret", callback=_secret, envvar="WATCHWORD_LISTEN_SECRET", metavar="WHSEC",
    help="Sign with this secret; unset, a new one is made and shown. [WATCHWORD_LISTEN_SECRET]",
)  # fmt: skip
@click.option(
    "--type", "type_", metavar="TYPE", help="Only this type, or a family such as verification.*."
)
@click.option("--after", metavar="EVENT_ID", help="Begin after this event instead of now.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many events.")
@json_option
def command(
    url: str | None, secret: str | None, type_: str | None, after: str | None,
    count: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Show events as they happen, and forward them to a local URL.

    It calls with WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET, as any application does, and comes
    back by itself when the server was away.  Each event is posted once; a webhook endpoint is
    what retries.  With --json each event is one line: {"event": ..., "forwarded": ...}, the
    latter with `status` and `ms`, or `error`.  With --count it exits 1 if no post got a 2xx.
    """
    made = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    forwarder = Forwarder(url, secret or made) if url is not None else None
    if forwarder is not None:
        screen.note(f"Forwarding to {url}")
        if secret is None:
            screen.note(f"Signing secret of this run: {made}")
    try:
        with calling() as client:
            taken = forwarder is None
            for event in itertools.islice(_events(client, type_, after), count):
                outcome = forwarder.forward(event) if forwarder is not None else {}
                taken = taken or outcome.get("status") in _OK
                _show(event, outcome, as_json=as_json)
    except KeyboardInterrupt:
        screen.note("Stopped.")
        return
    if not taken:
        screen.note(f"No post to {url} was answered with 2xx.")
        raise click.exceptions.Exit(1)


def _events(client: Watchword, type: str | None, after: str | None) -> Iterator[Event]:
    """Events for ever: who was let in once waits for a server that is away."""
    newest = next(client.events.list(limit=1), None)
    if after is None and newest is not None:
        after = newest.id
    pause = 0.0
    while True:
        try:
            for event in client.events.stream(type=type, last_event_id=after):
                pause, after = 0.0, event.id
                yield event
        except ConnectionFailed:
            pause = min(_LONGEST_PAUSE_S, pause + 1)
            screen.note(f"The server is away; looking again in {pause:g} s.")
            time.sleep(pause)


class Forwarder:
    """Posts events to one URL."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._key = base64.b64decode(secret.strip().removeprefix("whsec_"))
        self._http = httpx2.Client(timeout=_FORWARD_S, trust_env=False, follow_redirects=False)

    def forward(self, event: Event) -> dict[str, object]:
        """Post it once; the status and how long it took, or why there is none."""
        body = json.dumps(dict(event.raw), ensure_ascii=False, separators=(",", ":")).encode()
        now = str(int(time.time()))
        signature = sign(self._key, f"{event.id}.{now}.".encode() + body).decode()
        headers = {
            "content-type": "application/json", "user-agent": f"Watchword/{__version__}",
            "webhook-id": event.id or "", "webhook-timestamp": now,
            "webhook-signature": signature,
        }  # fmt: skip
        began = time.perf_counter()
        try:
            answer = self._http.post(self._url, content=body, headers=headers)
        except httpx2.RequestError as error:
            return {"error": REFUSED if _is_refused(error) else type(error).__name__}
        return {"status": answer.status_code, "ms": round((time.perf_counter() - began) * _MS)}


def _is_refused(error: BaseException | None) -> bool:
    """Whether nobody listened, as the system said at the bottom of it."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _show(event: Event, outcome: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        line = {"event": dict(event.raw)} | ({"forwarded": outcome} if outcome else {})
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    named = (event.data.get(name) for name in _SUBJECTS)
    when = f"{event.timestamp:%H:%M:%S}" if event.timestamp else "-"
    shown = f"{when}  {event.type:<26}  {next(filter(None, named), '')}"
    screen.say(f"{shown}  {_outcome(outcome)}".rstrip())


def _outcome(outcome: dict[str, object]) -> str:
    if not outcome:
        return ""
    if "error" in outcome:
        return click.style(f"-> failed: {outcome['error']}", fg="red")
    colour = "green" if outcome["status"] in _OK else "red"
    return click.style(f"-> {outcome['status']} in {outcome['ms']} ms", fg=colour)

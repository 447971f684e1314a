"""`oauth`: which MCP clients ask for access, and what they have."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import TypeVar

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option, refused
from watchword_server.cli.durations import DURATION, spelled
from watchword_server.cli.operate import Answer, Operator, operate
from watchword_server.domain import ids, oauth
from watchword_server.domain.errors import Problem
from watchword_server.domain.oauth import Authorization
from watchword_server.domain.project import Scope
from watchword_server.mcp.oauth import CONSENT

T = TypeVar("T")
_MS = 1000
_scopes = click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE",
    type=click.Choice(sorted(one.value for one in oauth.GRANTABLE)),
    help="What it may do, of what it asks for; repeat it. "
    f"Unset: {', '.join(oauth.SCOPES)}, as far as it asks for them.",
)  # fmt: skip
_lasts = click.option(
    "--expires", type=DURATION, default=spelled(oauth.GRANT_S), show_default=True, metavar="90d",
    help="When the access ends.",
)  # fmt: skip


@click.group(cls=Group)
def command() -> None:
    """Grant MCP clients access by OAuth, or end it.

    A request is named by the word that the browser of its client shows.  See docs/oauth.md.
    """


@command.command("requests")
@json_option
def requests(as_json: bool) -> None:
    """List the requests that wait for you."""
    found = _operate(lambda desk: desk.services.oauth_requests.pending())
    if as_json:
        screen.emit({"data": [_request(one) for one in found]})
        return
    rows = [
        (oauth.spoken(one.word), one.client_name, one.client, one.redirect_uri, one.scopes,
         one.client_ip)
        for one in found
    ]  # fmt: skip
    headings = ("word", "client", "described at", "goes back to", "asks for", "from")
    screen.table(headings, rows, "No client waits for access.")


@command.command("approve")
@click.argument("word")
@_scopes
@_lasts
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
def approve(
    word: str, scopes: tuple[str, ...], expires: int, yes: bool, project: str | None, as_json: bool
) -> None:
    """Grant what a client asks for, or less.

    Approve only what you began yourself, just now: compare the word with the one in the browser.
    """
    if not yes:
        found = _operate(lambda desk: _waiting(desk, word))
        screen.note(_told(found, scopes))
        click.confirm("Grant it?", abort=True, err=True)

    async def work(desk: Operator) -> Authorization:
        granted = _granted(await _waiting(desk, word), scopes)
        use = desk.services.oauth_requests
        return await use.approve(word, desk.caller.project, granted, expires)

    done = _operate(work, project)
    if as_json:
        screen.emit(_request(done))
        return
    screen.say(f"Granted {done.granted} to {done.client_name} for {spelled(expires)}.")


@command.command("link")
@click.argument("word")
@_scopes
@_lasts
@project_option
@json_option
def link(
    word: str, scopes: tuple[str, ...], expires: int, project: str | None, as_json: bool
) -> None:
    """Print a link with which a browser decides, once."""

    async def work(desk: Operator) -> tuple[Authorization, str]:
        granted = _granted(await _waiting(desk, word), scopes)
        use = desk.services.oauth_requests
        found, secret = await use.link(word, desk.caller.project, granted, expires)
        return found, f"{desk.services.hosted_pages.public_url}{CONSENT}?k={secret}"

    found, url = _operate(work, project)
    if as_json:
        screen.emit(_request(found) | {"url": url})
        return
    screen.say(_told(found, scopes))
    screen.say(f"Decide here, once, until {_instant(found.expires_at)}:\n{url}")


@command.command("deny")
@click.argument("word")
@json_option
def deny(word: str, as_json: bool) -> None:
    """Refuse a client."""
    done = _operate(lambda desk: desk.services.oauth_requests.deny(word))
    if as_json:
        screen.emit(_request(done))
        return
    screen.say(f"Denied {done.client_name}.")


@command.command("grants")
@project_option
@json_option
def grants(project: str | None, as_json: bool) -> None:
    """List what clients have of a project."""
    found = _operate(_grants, project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (one["dev_key"], one["client_name"], one["client_id"], one["scopes"], one["expires_at"])
        for one in found
    ]
    headings = ("dev_key", "client", "described at", "may", "until")
    screen.table(headings, rows, "No client has access.")


@command.command("revoke")
@click.argument("dev_key")
@project_option
@json_option
def revoke(dev_key: str, project: str | None, as_json: bool) -> None:
    """End a client's access at once, with all its tokens."""

    async def work(desk: Operator) -> bool:
        key = ids.parse(ids.Prefix.API_KEY, dev_key)
        return await desk.services.oauth_tokens.end(desk.caller.project, key)

    if not _operate(work, project):
        fix = "List them: watchword-server oauth grants"
        raise refused("No such access", "No client of this project has that key.", fix)
    if as_json:
        screen.emit({"dev_key": dev_key, "revoked": True})
        return
    screen.say(f"Ended the access of {dev_key}.")


def _operate(work: Callable[[Operator], Awaitable[T]], project: str | None = None) -> T:
    """Do something as the operator, whose refusals are the command's."""
    try:
        return operate(work, project)
    except Problem as error:
        raise refused(error.kind.title, error.detail, error.kind.fix) from None


async def _waiting(desk: Operator, word: str) -> Authorization:
    """The request that waits under a word."""
    for one in await desk.services.oauth_requests.pending():
        if one.word == oauth.heard(word):
            return one
    detail = "No request waits under that word: it was decided, or ten minutes have passed."
    raise refused("Which request?", detail, "List them: watchword-server oauth requests")


def _granted(request: Authorization, scopes: Collection[str]) -> frozenset[Scope]:
    asked = request.scopes.split()
    usual = {scope for scope in oauth.SCOPES if scope in asked}
    granted = {Scope(one) for one in scopes} or usual
    if not granted:
        detail = f"It asks for {request.scopes} alone, which nobody gets unless you name it."
        raise refused("Name the scopes", detail, f"--scope {asked[0]}")
    return frozenset(granted)


async def _grants(desk: Operator) -> list[Answer]:
    found = await desk.services.oauth_tokens.of(desk.caller.project)
    return [
        {
            "dev_key": ids.text(ids.Prefix.API_KEY, grant.api_key),
            "client_name": grant.client_name,
            "client_id": grant.client,
            "scopes": sorted(key.scopes),
            "disabled": key.disabled,
            "created_at": _instant(grant.created_at),
            "expires_at": None if key.expires_at is None else _instant(key.expires_at),
        }
        for grant, key in found
    ]


def _told(request: Authorization, scopes: Collection[str]) -> str:
    granted = request.granted or " ".join(sorted(_granted(request, scopes)))
    return (
        f"{request.client_name}, described at {request.client}\n"
        f"  word          {oauth.spoken(request.word)}\n"
        f"  goes back to  {request.redirect_uri}\n"
        f"  asked from    {request.client_ip}\n"
        f"  asks for      {request.scopes}\n"
        f"  would get     {granted}"
    )


def _request(request: Authorization) -> Answer:
    return {
        "word": oauth.spoken(request.word),
        "status": request.status,
        "client_name": request.client_name,
        "client_id": request.client,
        "redirect_uri": request.redirect_uri,
        "scopes": request.scopes.split(),
        "granted": request.granted.split(),
        "client_ip": request.client_ip,
        "created_at": _instant(request.created_at),
        "expires_at": _instant(request.expires_at),
    }


def _instant(at: int) -> str:
    return f"{datetime.fromtimestamp(at / _MS, UTC):%Y-%m-%dT%H:%M:%SZ}"

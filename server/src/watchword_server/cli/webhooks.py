"""`webhooks`: where a project's events are posted to, and what became of each."""

import sys

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option
from watchword_server.cli.durations import DURATION, spelled
from watchword_server.cli.operate import Answer, Operator, operate
from watchword_server.cli.screen import Facts

_PAGE = 500
_STATES = click.Choice(["pending", "delivered", "exhausted"])
_since = click.option(
    "--since", metavar="INSTANT", help="Only those from then on, such as 2026-03-01T12:00:00Z."
)
_until = click.option("--until", metavar="INSTANT", help="Only those before then.")


@click.group(cls=Group)
def command() -> None:
    """Post events to URLs; see what became of each; replay.

    An endpoint is named by its endpoint_id.
    """


@command.command("create")
@click.option("--url", required=True, help="Where events are posted to.")
@click.option("--description", default="", help="Words for people.")
@click.option(
    "--event", "types", multiple=True, metavar="TYPE",
    help="A type or a family such as verification.*; repeat it. Unset: all of them.",
)  # fmt: skip
@click.option(
    "--dialect", type=click.Choice(["standard", "engagelab"]), default="standard",
    show_default=True, help="How it is written and signed.",
)  # fmt: skip
@click.option("--username", help="Dialect engagelab: the name in X-CALLBACK-ID.")
@click.option("--authorization", help="Dialect engagelab: the Authorization header.")
@project_option
@json_option
def create(
    url: str, description: str, types: tuple[str, ...], dialect: str, username: str | None,
    authorization: str | None, project: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Make an endpoint, ping it, and print its secret, this once."""
    body: dict[str, object] = {
        "url": url, "description": description, "event_types": list(types), "dialect": dialect,
    }  # fmt: skip
    given = {"username": username, "authorization": authorization}
    body |= {name: value for name, value in given.items() if value is not None}
    made = operate(lambda desk: desk.call("createWebhookEndpoint", body=body), project)
    if as_json:
        screen.emit(made)
        return
    screen.say(f"Created endpoint {made['endpoint_id']}.")
    screen.facts([("url", made["url"]), *_secret(made), ("ping", _ping(made["ping"]))])
    screen.say("The secret is stored sealed: it will not be shown again.")


@command.command("list")
@project_option
@json_option
def show(project: str | None, as_json: bool) -> None:
    """List a project's endpoints, without their secrets."""
    found = operate(lambda desk: desk.all("listWebhookEndpoints"), project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (each["endpoint_id"], _state(each), each["dialect"], each["url"],
         ", ".join(each["event_types"]) or "all")
        for each in found
    ]  # fmt: skip
    screen.table(
        ("endpoint_id", "state", "dialect", "url", "events"),
        rows,
        "No endpoints yet. Make one: watchword-server webhooks create --url https://...",
    )


@command.command("update")
@click.argument("endpoint")
@click.option("--url", help="Another URL.")
@click.option("--description", help="Other words for people.")
@click.option("--event", "types", multiple=True, metavar="TYPE", help="Other types; repeat it.")
@click.option("--all-events", is_flag=True, help="All types.")
@click.option("--enable/--disable", "enabled", default=None, help="Let it go on, or stop it.")
@project_option
@json_option
def update(
    endpoint: str, url: str | None, description: str | None, types: tuple[str, ...],
    all_events: bool, enabled: bool | None, project: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Change what is given and leave the rest.

    An endpoint that is enabled again goes on with what happens from then on, and with what
    waited when it was disabled.
    """
    wanted = {
        "url": url,
        "description": description,
        "event_types": list(types) if types or all_events else None,
        "disabled": None if enabled is None else not enabled,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    path = {"endpoint_id": endpoint}
    changed = operate(
        lambda desk: desk.call("updateWebhookEndpoint", path=path, body=body), project
    )
    if as_json:
        screen.emit(changed)
        return
    screen.say(f"Endpoint {endpoint} is {_state(changed)}.")


@command.command("delete")
@click.argument("endpoint")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
def delete(endpoint: str, yes: bool, project: str | None, as_json: bool) -> None:
    """Delete an endpoint with its deliveries and their log."""
    if not yes:
        click.confirm(f"Delete endpoint {endpoint}?", abort=True, err=True)
    path = {"endpoint_id": endpoint}
    removed = operate(lambda desk: desk.call("deleteWebhookEndpoint", path=path), project)
    if as_json:
        screen.emit(removed)
        return
    screen.say(f"Deleted endpoint {endpoint}.")


@command.command("rotate")
@click.argument("endpoint")
@click.option(
    "--overlap", type=DURATION, default="24h", show_default=True, metavar="24h",
    help="How long a standard endpoint is signed with the old secret too; 0s ends it now.",
)  # fmt: skip
@project_option
@json_option
def rotate(endpoint: str, overlap: int, project: str | None, as_json: bool) -> None:
    """Give an endpoint a new secret and print it, this once."""
    path, body = {"endpoint_id": endpoint}, {"overlap": overlap}
    rotated = operate(lambda desk: desk.call("rotateWebhookSecret", path=path, body=body), project)
    if as_json:
        screen.emit(rotated)
        return
    both = rotated["previous_secret_until"] is not None
    older = f"The old secret signs for {spelled(overlap)} more." if both else ""
    screen.say(f"Rotated the secret of {endpoint}. {older}".rstrip())
    screen.facts(_secret(rotated))
    screen.say("The secret is stored sealed: it will not be shown again.")


@command.command("test")
@click.argument("endpoint")
@project_option
@json_option
def test(endpoint: str, project: str | None, as_json: bool) -> None:
    """Post a signed ping; exit code 0 means that the endpoint answered 2xx."""
    path = {"endpoint_id": endpoint}
    ping = operate(lambda desk: desk.call("testWebhookEndpoint", path=path), project)
    if as_json:
        screen.emit(ping)
    else:
        screen.say(f"The ping {_ping(ping)}.")
    if not ping["succeeded"]:
        raise SystemExit(1)


@command.command("deliveries")
@click.argument("endpoint")
@click.argument("event", required=False)
@click.option("--status", type=_STATES, help="Only those in this state.")
@_since
@_until
@click.option(
    "--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many."
)
@project_option
@json_option
def deliveries(
    endpoint: str, event: str | None, status: str | None, since: str | None, until: str | None,
    limit: int, project: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List what was posted to ENDPOINT, newest first; with EVENT, every attempt of one."""
    if event is not None:
        _one_delivery(endpoint, event, project, as_json=as_json)
        return
    given = {"status": status, "since": since, "until": until, "limit": limit}
    query = {name: value for name, value in given.items() if value is not None}
    path = {"endpoint_id": endpoint}
    found = operate(
        lambda desk: desk.call("listWebhookDeliveries", path=path, query=query), project
    )
    if as_json:
        screen.emit(found)
        return
    rows = [
        (each["event_id"], each["event_type"], each["status"], each["attempts"],
         each["last_error"], screen.moment(each["next_attempt_at"]))
        for each in found["data"]
    ]  # fmt: skip
    headings = ("event_id", "type", "status", "attempts", "last_error", "next_attempt")
    screen.table(headings, rows, "Nothing was posted to this endpoint yet.")


@command.command("replay")
@click.argument("endpoint")
@click.option("--event", "events", multiple=True, metavar="EVENT_ID", help="This one; repeat it.")
@click.option("--status", type=_STATES, help="Only those in this state. [exhausted]")
@click.option("--any-status", is_flag=True, help="Those in any state.")
@_since
@_until
@project_option
@json_option
def replay(
    endpoint: str, events: tuple[str, ...], status: str | None, any_status: bool,
    since: str | None, until: str | None, project: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Post events again: those named, or those in a state and a range of time.

    What is exhausted is replayed by default.  The schedule begins anew; ids stay the same.
    """
    chosen: dict[str, object] = {"status": None if any_status else status or "exhausted"}
    chosen |= {"since": since} if since else {}
    chosen |= {"until": until} if until else {}
    body: dict[str, object] = {"event_ids": list(events)} if events else chosen
    replayed = operate(lambda desk: _replay(desk, endpoint, body, bar=not as_json), project)
    if as_json:
        screen.emit({"replayed": replayed})
        return
    screen.say(f"{replayed} will be posted again, by a running server.")


async def _replay(desk: Operator, endpoint: str, body: dict[str, object], *, bar: bool) -> int:
    """Page after page, with a bar for who watches a terminal."""
    path = {"endpoint_id": endpoint}
    more: dict[str, object] = {} if "event_ids" in body else {"limit": _PAGE}
    answer: Answer = await desk.call("replayWebhooks", path=path, body=body | more)
    done = int(answer["replayed"])
    total = int(answer["total"])
    shown = bar and screen.is_terminal() and total > done
    with click.progressbar(
        range(total), label="Replaying", file=sys.stderr, hidden=not shown
    ) as progress:
        progress.update(done)
        while answer["next_cursor"] is not None:
            following = body | more | {"cursor": answer["next_cursor"]}
            answer = await desk.call("replayWebhooks", path=path, body=following)
            done += int(answer["replayed"])
            progress.update(int(answer["replayed"]))
    return done


def _one_delivery(endpoint: str, event: str, project: str | None, *, as_json: bool) -> None:
    path = {"endpoint_id": endpoint, "event_id": event}
    found = operate(lambda desk: desk.call("getWebhookDelivery", path=path), project)
    if as_json:
        screen.emit(found)
        return
    names = ("event_id", "event_type", "sequence", "status", "attempts", "last_error")
    screen.facts([(name, found[name]) for name in names])
    rows = [
        (each["attempt"], screen.moment(each["at"]), each["status"], each["duration_ms"],
         each["error"], each["response"][:60])
        for each in found["log"]
    ]  # fmt: skip
    screen.table(("attempt", "at", "status", "ms", "error", "response"), rows, "Not posted yet.")


def _secret(endpoint: Answer) -> Facts:
    pairs: list[tuple[str, object]] = []
    if endpoint["username"] is not None:
        pairs.append(("username", endpoint["username"]))
    return [*pairs, ("secret", endpoint["secret"])]


def _ping(ping: Answer) -> str:
    if ping["succeeded"]:
        return f"was answered with {ping['status']} in {ping['duration_ms']} ms"
    return f"failed: {ping['error']}"


def _state(endpoint: Answer) -> str:
    if endpoint["disabled"]:
        return f"disabled ({endpoint['disabled_reason']})"
    if endpoint["failing_since"]:
        return f"failing since {screen.moment(endpoint['failing_since'])}"
    return "verified" if endpoint["verified"] else "not verified yet"

"""`keys`: the API keys of a project."""

import os
import shlex
from datetime import UTC, datetime

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option, refused
from watchword_server.cli.durations import DURATION, NETWORK, spelled
from watchword_server.cli.operate import Answer, Operator, operate
from watchword_server.domain.project import PROJECT_SCOPES, Mode, Scope
from watchword_server.settings import Settings, load

SCOPES = click.Choice([scope.value for scope in Scope])
EVERY_PROJECT_SCOPE = [scope.value for scope in Scope if scope in PROJECT_SCOPES]


@click.group(cls=Group)
def command() -> None:
    """Create, list, rotate, disable and delete API keys.

    A key is named by its dev_key, or by its name where only one key has it.
    """


@command.command("create")
@click.option("--name", required=True, help="A name for people, such as the app's.")
@click.option(
    "--scope",
    "scopes",
    type=SCOPES,
    multiple=True,
    metavar="SCOPE",
    help=f"What it may do; repeat it. One of {', '.join(Scope)}. "
    "Unset: all of them but server:admin and templates:review.",
)
@click.option("--expires", type=DURATION, metavar="30d", help="When it stops working.")
@click.option(
    "--allow-ip",
    "allowed_ips",
    type=NETWORK,
    multiple=True,
    metavar="CIDR",
    help="The only networks it works from; repeat it.",
)
@project_option
@json_option
def create(
    name: str,
    scopes: tuple[str, ...],
    expires: int | None,
    allowed_ips: tuple[str, ...],
    project: str | None,
    as_json: bool,
) -> None:
    """Create a key and print its secret, this once."""
    body: dict[str, object] = {"name": name, "scopes": list(scopes) or EVERY_PROJECT_SCOPE}
    if allowed_ips:
        body["allowed_ips"] = list(allowed_ips)
    if expires is not None:
        body["expires_in"] = expires

    async def work(desk: Operator) -> tuple[Answer, Answer]:
        made: Answer = await desk.call("createApiKey", body=body)
        found = await desk.call("getProject", path={"project_id": made["project_id"]})
        return made, found

    made, found = operate(work, project)
    if as_json:
        screen.emit(made)
        return
    screen.say(f"Created key {name}.")
    _print_secret(made)
    _print_use(made, found["mode"] == Mode.LIVE)


@command.command("list")
@project_option
@json_option
def show(project: str | None, as_json: bool) -> None:
    """List a project's keys, without their secrets."""
    found = operate(lambda desk: desk.all("listApiKeys"), project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (each["name"], each["dev_key"], _state(each), _scopes(each), each["allowed_ips"])
        for each in found
    ]
    screen.table(
        ("name", "dev_key", "state", "scopes", "allowed_ips"),
        rows,
        "No keys yet. Make one: watchword-server keys create --name my-app",
    )


@command.command("rotate")
@click.argument("key")
@click.option(
    "--overlap",
    type=DURATION,
    default="24h",
    show_default=True,
    metavar="24h",
    help="How long the old secret works beside the new one; 0s ends it now.",
)
@project_option
@json_option
def rotate(key: str, overlap: int, project: str | None, as_json: bool) -> None:
    """Give a key a new secret; the old one works on for a while."""

    async def work(desk: Operator) -> Answer:
        path = {"dev_key": await _find(desk, key)}
        answer: Answer = await desk.call("rotateApiKey", path=path, body={"overlap": overlap})
        return answer

    rotated = operate(work, project)
    if as_json:
        screen.emit(rotated)
        return
    screen.say(f"Rotated key {rotated['name']}. The old secret works for {spelled(overlap)} more.")
    _print_secret(rotated)


@command.command("disable")
@click.argument("key")
@project_option
@json_option
def disable(key: str, project: str | None, as_json: bool) -> None:
    """Make a key stop working; `enable` undoes it."""
    _switch(key, project, disabled=True, as_json=as_json)


@command.command("enable")
@click.argument("key")
@project_option
@json_option
def enable(key: str, project: str | None, as_json: bool) -> None:
    """Let a disabled key work again."""
    _switch(key, project, disabled=False, as_json=as_json)


@command.command("delete")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
def delete(key: str, yes: bool, project: str | None, as_json: bool) -> None:
    """Delete a key: it stops working at once, for good."""
    if not yes:
        click.confirm(f"Delete key {key}?", abort=True, err=True)

    async def work(desk: Operator) -> Answer:
        path = {"dev_key": await _find(desk, key)}
        answer: Answer = await desk.call("deleteApiKey", path=path)
        return answer

    removed = operate(work, project)
    if as_json:
        screen.emit(removed)
        return
    screen.say(f"Deleted key {key}.")


def _switch(key: str, project: str | None, *, disabled: bool, as_json: bool) -> None:
    async def work(desk: Operator) -> Answer:
        path = {"dev_key": await _find(desk, key)}
        answer: Answer = await desk.call("updateApiKey", path=path, body={"disabled": disabled})
        return answer

    changed = operate(work, project)
    if as_json:
        screen.emit(changed)
        return
    screen.say(f"Key {changed['name']} is {_state(changed)}.")


async def _find(desk: Operator, key: str) -> str:
    found = [
        each for each in await desk.all("listApiKeys") if key in (each["dev_key"], each["name"])
    ]
    if len(found) == 1:
        return str(found[0]["dev_key"])
    detail = "No key of this project is called that."
    if found:
        detail = f"{len(found)} keys of this project have that name."
    raise refused(
        "Which key?", detail, "Name it by its dev_key; list them: watchword-server keys list"
    )


def _print_secret(key: Answer) -> None:
    names = ("dev_key", "dev_secret", "bearer")
    screen.facts([(name, key[name]) for name in names] + [("expires", _expiry(key))])
    screen.say("The secret is stored as a hash only: it will not be shown again.")


def _print_use(key: Answer, is_live: bool) -> None:
    settings = load(os.environ)
    if settings.database_path is not None:
        screen.say(f"Database: {settings.database_path.absolute()}")
    screen.say("Try it against a running server with the same settings:")
    screen.say(
        f"  export WATCHWORD_DEV_KEY={key['dev_key']} WATCHWORD_DEV_SECRET={key['dev_secret']}"
    )
    if settings.public_url != Settings().public_url:
        screen.say(f"  export WATCHWORD_URL={shlex.quote(settings.public_url)}")
    if not is_live:
        screen.say("  watchword-server send --to +14155552671 --template otp-sms")


def _expiry(key: Answer) -> str:
    return screen.moment(key["expires_at"]) if key.get("expires_at") else "never"


def _state(key: Answer) -> str:
    if key.get("disabled"):
        return "disabled"
    expires = key.get("expires_at")
    if not expires:
        return "active"
    over = datetime.fromisoformat(expires) <= datetime.now(UTC)
    return "expired" if over else f"active until {screen.moment(expires)}"


def _scopes(key: Answer) -> str:
    scopes = set(key["scopes"])
    if scopes >= set(EVERY_PROJECT_SCOPE):
        extra = sorted(scopes - set(EVERY_PROJECT_SCOPE))
        return ", ".join(["every project scope", *extra])
    return ", ".join(sorted(scopes))

"""`providers`: the accounts at vendors through which a live project sends."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option, refused
from watchword_server.cli.operate import Answer, Operator, operate

_to = click.option("--to", required=True, help="The recipient: +14155550123, or an address.")
_channel = click.option("--channel", help="By which channel. Unset: the first that fits.")
_set = click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE",
    help="A setting; an object or a list as JSON. Repeat it.",
)  # fmt: skip
_secret_file = click.option(
    "--secret-file", "files", multiple=True, metavar="KEY=PATH",
    help="A setting whose value stands in a file, so that no process listing shows it. Repeat it.",
)  # fmt: skip
_settings_file = click.option(
    "--settings-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON object with settings.",
)  # fmt: skip
_weight = click.option(
    "--weight", type=click.IntRange(0, 1_000),
    help="Its share among the healthy accounts of a channel; 0: only when no other is left.",
)  # fmt: skip


@click.group(cls=Group)
def command() -> None:
    """Add vendors' accounts, try them, see how they are.

    They are what a live project sends through.

    An account is named by its name or its provider_id.
    """


@command.command("types")
@click.argument("provider", required=False)
@json_option
def types(provider: str | None, as_json: bool) -> None:
    """List the vendors there are; with PROVIDER, what that one has to be told."""
    found = operate(lambda desk: desk.all("listProviderTypes"))
    if provider is not None:
        found = [_known(found, provider)]
    if as_json:
        screen.emit({"data": found})
    elif provider is not None:
        _print_type(found[0])
    else:
        rows = [
            (each["name"], each["channels"], each["reports"], each["description"]) for each in found
        ]
        screen.table(("provider", "channels", "reports", "what it is"), rows, "There is none.")


@command.command("add")
@click.argument("name")
@click.option("--provider", required=True, help="The vendor: see providers types.")
@_set
@_secret_file
@_settings_file
@_weight
@click.option("--disabled", is_flag=True, help="Do not use it yet.")
@project_option
@json_option
def add(
    name: str, provider: str, pairs: tuple[str, ...], files: tuple[str, ...],
    settings_file: Path | None, weight: int | None, disabled: bool, project: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Add an account named NAME.

    A running server uses it within a second.
    """
    body: dict[str, object] = {
        "name": name,
        "provider": provider,
        "settings": _settings(pairs, files, settings_file),
        "disabled": disabled,
    }
    if weight is not None:
        body["weight"] = weight
    made = operate(lambda desk: desk.call("createProvider", body=body), project)
    if as_json:
        screen.emit(made)
        return
    screen.say(f"Added {name}, an account at {provider}.")
    _print_account(made)
    screen.say("Secrets are stored sealed: they will not be shown again.")
    screen.say(f"Try it: watchword-server providers test {name} --to ...")


@command.command("list")
@project_option
@json_option
def show_all(project: str | None, as_json: bool) -> None:
    """List a project's accounts, without their secrets."""
    found = operate(lambda desk: desk.all("listProviders"), project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (each["name"], each["provider"], _state(each), each["channels"], each["weight"],
         each["provider_id"])
        for each in found
    ]  # fmt: skip
    screen.table(
        ("name", "provider", "state", "channels", "weight", "provider_id"),
        rows,
        "No accounts yet. Add one: watchword-server providers add NAME --provider ...",
    )


@command.command("show")
@click.argument("account")
@project_option
@json_option
def show(account: str, project: str | None, as_json: bool) -> None:
    """Show an account: what it was told, and the URL its vendor has to call."""
    found = operate(lambda desk: _account(desk, account), project)
    if as_json:
        screen.emit(found)
        return
    _print_account(found)


@command.command("update")
@click.argument("account")
@_set
@_secret_file
@_settings_file
@click.option(
    "--unset", multiple=True, metavar="KEY", help="A setting that goes back to its default."
)
@_weight
@click.option("--enable/--disable", "enabled", default=None, help="Use it, or stop using it.")
@project_option
@json_option
def update(
    account: str, pairs: tuple[str, ...], files: tuple[str, ...], settings_file: Path | None,
    unset: tuple[str, ...], weight: int | None, enabled: bool | None, project: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Change what is given and leave the rest, secrets too."""
    wanted = {
        "settings": _settings(pairs, files, settings_file) or None,
        "unset": list(unset) or None,
        "weight": weight,
        "disabled": None if enabled is None else not enabled,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    changed = operate(lambda desk: _call(desk, "updateProvider", account, body=body), project)
    if as_json:
        screen.emit(changed)
        return
    screen.say(f"{changed['name']} is {_state(changed)}, with weight {changed['weight']}.")


@command.command("test")
@click.argument("account")
@_to
@_channel
@project_option
@json_option
def test(
    account: str, to: str, channel: str | None, project: str | None, as_json: bool
) -> None:  # fmt: skip
    """Send one message without a code; exit code 0 means that the vendor took it."""
    tried = operate(
        lambda desk: _call(desk, "testProvider", account, body=_message(to, channel)), project
    )
    if as_json:
        screen.emit(tried)
    else:
        took = f"{tried['channel']}, {tried['duration_ms']} ms"
        screen.say(f"The test message was {_ENDED[tried['outcome']]} ({took}).")
        said = [("reference", tried["reference"]), ("reason", tried["reason"]),
                ("vendor's words", tried["raw"]), ("what to do", tried["advice"])]  # fmt: skip
        screen.facts([(name, value) for name, value in said if value is not None])
    if not tried["accepted"]:
        raise SystemExit(1)


@command.command("health")
@click.argument("account")
@click.option("--checkup", is_flag=True, help="Ask the vendor too; nothing is sent.")
@project_option
@json_option
def health(account: str, checkup: bool, project: str | None, as_json: bool) -> None:
    """Show how an account is; exit code 1 means that it cannot be used.

    What came of hand-overs is known to the server that made them: ask it over HTTP.
    """
    query = {"checkup": "true"} if checkup else {}
    found = operate(lambda desk: _call(desk, "getProviderHealth", account, query=query), project)
    told = found["checkup"]
    if as_json:
        screen.emit(found)
    else:
        pairs = [("state", found["state"]), ("broken", found["broken"])]
        if told is not None:
            balance = f"{told['balance']} {told['currency'] or ''}".strip()
            pairs += [("vendor says", told["detail"])]
            pairs += [("balance", balance)] if told["balance"] is not None else []
        screen.facts(pairs)
    if found["broken"] or (told is not None and not told["ok"]):
        raise SystemExit(1)


@command.command("dry-run")
@click.argument("account")
@_to
@_channel
@project_option
@json_option
def dry_run(
    account: str, to: str, channel: str | None, project: str | None, as_json: bool
) -> None:  # fmt: skip
    """Print the request that a test message would be; nothing is sent."""
    seen = operate(
        lambda desk: _call(desk, "dryRunProvider", account, body=_message(to, channel)), project
    )
    if as_json:
        screen.emit(seen)
        return
    screen.facts(list(seen["request"].items()))


@command.command("delete")
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
def delete(account: str, yes: bool, project: str | None, as_json: bool) -> None:
    """Delete an account: what is queued for it goes to another, or falls back."""
    if not yes:
        click.confirm(f"Delete provider account {account}?", abort=True, err=True)
    removed = operate(lambda desk: _call(desk, "deleteProvider", account), project)
    if as_json:
        screen.emit(removed)
        return
    screen.say(f"Deleted provider account {account}.")


_ENDED = {
    "accepted": "accepted",
    "rejected": "refused",
    "unavailable": "not sent",
    "uncertain": "not answered; it may have been sent",
}


async def _account(desk: Operator, account: str) -> Answer:
    """The account of that name or id."""
    found = await desk.all("listProviders")
    for each in found:
        if account in (each["name"], each["provider_id"]):
            return each
    names = ", ".join(each["name"] for each in found) or "none yet"
    raise refused(
        "No such provider account",
        f"The project has no provider account with the name or id {account!r}.",
        f"Take one of: {names}. Or add it: watchword-server providers add NAME --provider ...",
    )


async def _call(
    desk: Operator, operation: str, account: str, *, body: object = None,
    query: Mapping[str, str] | None = None,
) -> Any:  # fmt: skip
    """An operation on the account of that name or id."""
    found = await _account(desk, account)
    path = {"provider_id": str(found["provider_id"])}
    return await desk.call(operation, path=path, query=query, body=body)


def _message(to: str, channel: str | None) -> dict[str, str]:
    return {"to": to} | ({} if channel is None else {"channel": channel})


def _settings(
    pairs: tuple[str, ...], files: tuple[str, ...], settings_file: Path | None
) -> dict[str, object]:
    """What was given in the three ways; the later one wins."""
    settings: dict[str, object] = {}
    if settings_file is not None:
        try:
            settings = dict(json.loads(settings_file.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise click.BadParameter(
                "it holds no JSON object", param_hint="settings-file"
            ) from None
    for pair in pairs:
        name, value = _split(pair, "--set")
        settings[name] = _value(value)
    for pair in files:
        name, path = _split(pair, "--secret-file")
        try:
            settings[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise click.BadParameter(f"{path}: {why}", param_hint="secret-file") from None
    return settings


def _split(pair: str, option: str) -> tuple[str, str]:
    name, separator, value = pair.partition("=")
    if not separator or not name:
        raise click.BadParameter("write key=value", param_hint=option)
    return name, value


def _value(text: str) -> object:
    """An object or a list as such; anything else as it is written."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _known(found: list[Answer], provider: str) -> Answer:
    for each in found:
        if each["name"] == provider:
            return each
    names = ", ".join(each["name"] for each in found)
    raise refused("No such provider", f"There is no provider {provider!r}.", f"One of: {names}.")


def _print_type(kind: Answer) -> None:
    screen.say(kind["description"])
    screen.facts(
        [("channels", kind["channels"]), ("reports", kind["reports"]), ("docs", kind["docs_url"])]
    )
    rows = [
        (each["name"], _kind(each), "required" if each["required"] else each["default"],
         each["description"])
        for each in kind["settings"]
    ]  # fmt: skip
    screen.table(("setting", "type", "default", "what it is"), rows, "It has no settings.")


def _kind(setting: Answer) -> str:
    words = "|".join(setting["choices"]) or setting["type"]
    return f"{words}, secret" if setting["secret"] else words


def _print_account(account: Answer) -> None:
    settings = [
        (f"  {name}", "[set, not shown]" if name in account["secrets_set"] else value)
        for name, value in account["settings"].items()
    ]
    pairs: list[tuple[str, object]] = [
        (name, account[name])
        for name in ("name", "provider_id", "provider", "channels", "reports", "weight")
    ]
    pairs += [("state", _state(account)), ("callback_url", account["callback_url"])]
    screen.facts([*pairs, ("settings", ""), *settings])


def _state(account: Answer) -> str:
    if account["broken"]:
        return f"broken ({account['broken']})"
    return "disabled" if account["disabled"] else "in use"

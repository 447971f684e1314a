"""`routes`: over which channels a project's codes are tried, and for whom."""

import json
from typing import Any, BinaryIO

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option, refused
from watchword_server.cli.operate import Answer, operate

_file = click.option(
    "--file",
    "file",
    type=click.File("rb"),
    help="A JSON file with the body of the API's call; - is standard input.",
)


@click.group(cls=Group)
def command() -> None:
    """Save, check and read a project's routes.

    docs/routes.md describes the language they are written in.
    """


@command.command("list")
@project_option
@json_option
def show(project: str | None, as_json: bool) -> None:
    """List a project's routes."""
    found = operate(lambda desk: desk.all("listRoutes"), project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [(each["route_id"], _line(each), ", ".join(each["templates"])) for each in found]
    screen.table(
        ("route_id", "steps", "templates"),
        rows,
        "No routes yet. Save one: watchword-server routes put log-in 'whatsapp(30s)|sms'",
    )


@command.command("show")
@click.argument("route_id")
@project_option
@json_option
def one(route_id: str, project: str | None, as_json: bool) -> None:
    """Show one route, step by step."""
    path = {"route_id": route_id}
    found = operate(lambda desk: desk.call("getRoute", path=path), project)
    if as_json:
        screen.emit(found)
        return
    names = ", ".join(found["templates"]) or "none"
    facts = [("route_id", found["route_id"]), ("description", found["description"])]
    screen.facts([*facts, ("templates", names)])
    for place, step in enumerate(found["steps"], start=1):
        screen.say(f"  {place}. {_words(step)}")


@command.command("put")
@click.argument("route_id")
@click.argument("short_form", required=False, metavar="[SHORT_FORM]")
@click.option("--description", help="What it is for.")
@_file
@project_option
@json_option
def put(
    route_id: str, short_form: str | None, description: str | None, file: BinaryIO | None,
    project: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Save a route, new or in place of the one with its id.

    It is given in short, such as 'whatsapp(30s)|sms|voice', or in a file.
    """
    if (short_form is None) == (file is None):
        raise click.UsageError("Give the route in short, or --file.")
    body = _read(file) if file is not None else {"short_form": short_form}
    body.pop("route_id", None)
    if description is not None:
        body["description"] = description
    path = {"route_id": route_id}
    saved = operate(lambda desk: desk.call("putRoute", path=path, body=body), project)
    if as_json:
        screen.emit(saved)
        return
    screen.say(f"Saved route {route_id}: {_line(saved)}.")


@command.command("check")
@click.argument("route", required=False)
@click.option("--to", help="Say which steps this recipient would get; nothing is sent.")
@click.option("--alternate-email", help="An email address beside the number.")
@click.option("--template", "template_id", help="Look for this template's words too.")
@_file
@project_option
@json_option
@click.pass_context
def check(
    ctx: click.Context, route: str | None, to: str | None, alternate_email: str | None,
    template_id: str | None, file: BinaryIO | None, project: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Say what is wrong with a route: a saved one by its id, one in short, or one in a file.

    The exit code is 1 where something is.
    """
    if (route is None) == (file is None):
        raise click.UsageError("Name a route, give one in short, or give --file.")
    body = _read(file) if file is not None else {}
    for name in ("route_id", "description") if file is not None else ():
        body.pop(name, None)
    more = {"to": to, "template_id": template_id}
    body |= {name: value for name, value in more.items() if value is not None}
    if alternate_email is not None:
        body["alternates"] = {"email": alternate_email}

    async def work(desk: Any) -> Answer:
        if route is not None:
            saved = {each["route_id"] for each in await desk.all("listRoutes")}
            body["route_id" if route in saved else "short_form"] = route
        report: Answer = await desk.call("checkRoute", body=body)
        return report

    report = operate(work, project)
    if as_json:
        screen.emit(report)
    else:
        _tell(report)
    if not report["valid"]:
        ctx.exit(1)


@command.command("delete")
@click.argument("route_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
def delete(route_id: str, yes: bool, project: str | None, as_json: bool) -> None:
    """Delete a route that no template names."""
    if not yes:
        click.confirm(f"Delete route {route_id}?", abort=True, err=True)
    path = {"route_id": route_id}
    removed = operate(lambda desk: desk.call("deleteRoute", path=path), project)
    if as_json:
        screen.emit(removed)
        return
    screen.say(f"Deleted route {route_id}.")


def _read(file: BinaryIO) -> dict[str, Any]:
    try:
        body = json.load(file)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refused(
            "The file cannot be read", "It is not one JSON object.",
            "Write the body of PUT /v1/routes/{route_id}; docs/routes.md has an example.",
        )  # fmt: skip
    return body


def _tell(report: Answer) -> None:
    for each in report["problems"]:
        screen.say(f"{screen.mark('fail')}  {each['field']} ({each['rule']}): {each['message']}")
    for each in report["chosen"] or ():
        state = "taken" if each["taken"] else f"left out: {each['left_out']}"
        screen.say(f"  {each['step'] + 1}. {each['channel']}: {state}")
    screen.say("It can be saved." if report["valid"] else "It cannot be saved.")


def _line(route: Answer) -> str:
    return route["short_form"] or "|".join(step["channel"] for step in route["steps"]) + " (...)"


def _words(step: Answer) -> str:
    words = [f"{step['channel']}, wait {step['wait_s']} s"]
    if step["until"] is not None:
        words.append(f"until {step['until']}")
    if step["accounts"]:
        words.append(f"by {' or '.join(step['accounts'])}")
    when = step["when"]
    for name, lead in (
        ("countries", "only"), ("not_countries", "not"), ("number_types", "types")
    ):  # fmt: skip
        if when[name]:
            words.append(f"{lead} {' '.join(when[name])}")
    return ", ".join(words)

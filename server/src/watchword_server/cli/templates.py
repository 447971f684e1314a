"""`templates`: what a project can send, and what it may."""

import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option, refused
from watchword_server.cli.operate import Answer, operate
from watchword_server.cli.template_reviews import COMMANDS, STATUS, print_findings

F = TypeVar("F", bound=Callable[..., object])

_SHOWN = ("template_id", "description", "brand_name", "version")
_OWN_WORDS = ("sms", "whatsapp", "voice")
_CODE = {"verify_code_type": 1, "verify_code_len": 6, "verify_code_ttl": 5}


@click.group(cls=Group)
def command() -> None:
    """Write, preview and review a project's templates.

    docs/templates.md says what a template is and what the lint looks for.
    """


for _each in COMMANDS:
    command.add_command(_each)


def _parts_options(function: F) -> F:
    """What can be said about a template without a file."""
    for option in (
        click.option("--subject", help="The subject, for email."),
        click.option("--text", help="What is said, on every channel. Unset: the server's words."),
        click.option("--brand", help="Who sends, in 2 to 10 characters."),
        click.option("--channels", metavar="sms|voice", help="The channels, in their order."),
        click.option("--route", help="A saved route, instead of --channels."),
        click.option("--description", help="What it is for."),
        click.option(
            "--file",
            "file",
            type=click.File("rb"),
            help="A JSON file with the body of the API's call; - is standard input.",
        ),
    ):
        function = option(function)
    return function


def body_of(
    file: BinaryIO | None,
    description: str | None,
    channels: str | None,
    route: str | None,
    brand: str | None,
    text: str | None,
    subject: str | None,
) -> dict[str, Any]:
    """The body of a call, from a file and from options, which win."""
    body = _read(file) if file is not None else {}
    given = {"description": description, "send_channel_strategy": channels, "brand_name": brand}
    given["route"] = route
    if route is not None and channels is None:
        channels = "|".join(_OWN_WORDS)  # words for each, as the route may take any of them
    body |= {name: value for name, value in given.items() if value is not None}
    steps = [step.strip() for step in (channels or "").split("|") if step.strip()]
    if text is not None:
        said = {"default": {"text": text, "subject": subject}}
        body["contents"] = dict.fromkeys(steps or ["sms"], said)
    elif file is None:
        body |= {f"{step}_config": {"template_type": 1} for step in steps if step in _OWN_WORDS}
    return body


def _read(file: BinaryIO) -> dict[str, Any]:
    try:
        body = json.load(file)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refused(
            "The file cannot be read", "It is not one JSON object.",
            "Write the body of POST /v1/template-configs; docs/templates.md has an example.",
        )  # fmt: skip
    return body


@command.command("list")
@click.option("--waiting", is_flag=True, help="Only those that wait for a review.")
@project_option
@json_option
def show(waiting: bool, project: str | None, as_json: bool) -> None:
    """List a project's templates."""
    found = operate(lambda desk: desk.all("listTemplates"), project)
    if waiting:
        found = [each for each in found if _waits(each)]
    if as_json:
        screen.emit({"data": found})
        return
    rows = [(each["template_id"], _way(each), _state(each), each["description"]) for each in found]
    headings = ("template_id", "channels", "status", "description")
    screen.table(headings, rows, "There is no template." if not waiting else "Nothing waits.")


@command.command("show")
@click.argument("template_id")
@project_option
@json_option
def one(template_id: str, project: str | None, as_json: bool) -> None:
    """Show one template with its words."""
    path = {"template_id": template_id}
    found = operate(lambda desk: desk.call("getTemplate", path=path), project)
    if as_json:
        screen.emit(found)
        return
    way = "route" if found["route"] else "send_channel_strategy"
    screen.facts([*((name, found[name]) for name in (*_SHOWN, way)), *_review(found)])
    for channel, languages in found["contents"].items():
        said = languages.get("default") or next(iter(languages.values()))
        screen.say()
        screen.say(f"{channel} ({len(languages)} languages: {', '.join(sorted(languages))})")
        if said.get("subject"):
            screen.say(f"  Subject: {said['subject']}")
        for line in said["text"].splitlines():
            screen.say(f"  {line}")
    print_findings(found["findings"])


@command.command("create")
@click.argument("template_id", required=False)
@_parts_options
@click.option("--no-code", is_flag=True, help="It carries no code.")
@project_option
@json_option
def create(
    template_id: str | None, no_code: bool, project: str | None, as_json: bool, **parts: Any
) -> None:
    """Submit a template, in a file or by options.

    It has to pass the lint.  In a project that is not live it is approved at once, elsewhere it
    waits for `templates approve`.
    """
    body = body_of(**parts)
    if template_id is not None:
        body["template_id"] = template_id
    if parts["file"] is None:
        if "route" not in body:
            body.setdefault("send_channel_strategy", "sms")
        if "contents" not in body and "sms_config" not in body and parts["channels"] is None:
            body["sms_config"] = {"template_type": 1}
        if not no_code:
            body["verify_code_config"] = _CODE

    async def work(desk: Any) -> Answer:
        await desk.call("createTemplate", body=body)
        path = {"template_id": str(body["template_id"])}
        made: Answer = await desk.call("getTemplate", path=path)
        return made

    _tell("Submitted", operate(work, project), project, as_json)


@command.command("update")
@click.argument("template_id")
@_parts_options
@project_option
@json_option
def update(template_id: str, project: str | None, as_json: bool, **parts: Any) -> None:
    """Submit a new version with what is given changed.

    An approved version stays in use until the new one is approved.
    """
    body, path = body_of(**parts), {"template_id": template_id}
    body.pop("template_id", None)
    changed = operate(lambda desk: desk.call("changeTemplate", path=path, body=body), project)
    _tell("Changed", changed, project, as_json)


@command.command("delete")
@click.argument("template_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
def delete(template_id: str, yes: bool, project: str | None, as_json: bool) -> None:
    """Delete a template with all its versions."""
    if not yes:
        click.confirm(f"Delete template {template_id}?", abort=True, err=True)
    path = {"template_id": template_id}
    removed = operate(lambda desk: desk.call("deleteTemplate", path=path), project)
    if as_json:
        screen.emit(removed)
        return
    screen.say(f"Deleted template {template_id}.")


def _tell(what: str, template: Answer, project: str | None, as_json: bool) -> None:
    if as_json:
        screen.emit(template)
        return
    screen.say(f"{what} template {template['template_id']}: {_state(template)}.")
    print_findings(template["findings"])
    if _waits(template):
        words = ["templates", "approve", str(template["template_id"])]
        words += ["--project", project] if project is not None else []
        screen.say(f"Next: watchword-server {shlex.join(words)}")


def _way(template: Answer) -> str:
    return str(template["send_channel_strategy"] or f"route {template['route']}")


def _waits(template: Answer) -> bool:
    change = template["change"]
    return STATUS[change["status"] if change else template["status"]] == "pending"


def _state(template: Answer) -> str:
    state = STATUS[template["status"]]
    change = template["change"]
    return f"{state}, version {change['version']} {STATUS[change['status']]}" if change else state


def _review(template: Answer) -> Sequence[tuple[str, object]]:
    return [("status", _state(template)), ("audit_remark", template["audit_remark"])]

"""`templates`: what a project can send."""

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option, project_option
from watchword_server.cli.operate import operate

_SHOWN = ("template_id", "description", "send_channel_strategy", "brand_name")


@click.group(cls=Group)
def command() -> None:
    """Look at a project's templates."""


@command.command("list")
@project_option
@json_option
def show(project: str | None, as_json: bool) -> None:
    """List a project's templates."""
    found = operate(lambda desk: desk.all("listTemplates"), project)
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (each["template_id"], each["send_channel_strategy"], each["description"]) for each in found
    ]
    screen.table(("template_id", "channels", "description"), rows, "There is no template.")


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
    screen.facts([(name, found[name]) for name in _SHOWN])
    for channel, languages in found["contents"].items():
        said = languages.get("default") or next(iter(languages.values()))
        screen.say()
        screen.say(f"{channel} ({len(languages)} languages: {', '.join(sorted(languages))})")
        if said.get("subject"):
            screen.say(f"  Subject: {said['subject']}")
        for line in said["text"].splitlines():
            screen.say(f"  {line}")

"""Commands that look at templates before they are sent, and an operator's yes or no."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Command, json_option, project_option, refused
from watchword_server.cli.operate import operate

STATUS = {1: "pending", 2: "approved", 3: "rejected"}
_VERSION = click.IntRange(min=1)


def print_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """What the lint found, each with what to do."""
    for each in findings:
        mark = screen.mark("fail" if each["severity"] == "error" else "warn")
        screen.say(f"{mark}  {each['rule']}: {each['message']}")
        screen.say(f"      Fix: {each['fix']}")


@click.command("lint", cls=Command)
@click.argument("template_id", required=False)
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    help="A JSON file with a template; - is standard input.",
)
@project_option
@json_option
@click.pass_context
def lint(
    ctx: click.Context,
    template_id: str | None,
    file: BinaryIO | None,
    project: str | None,
    as_json: bool,
) -> None:
    """Say what the policy finds in a template: a saved one, or one in a file.

    The exit code is 1 where a finding is an error.
    """
    if (template_id is None) == (file is None):
        raise click.UsageError("Name a template, or give --file.")
    if file is not None:
        try:
            body = json.load(file)
        except ValueError:
            raise refused(
                "The file cannot be read", "It is not JSON.", "Write one JSON object."
            ) from None
        report = operate(lambda desk: desk.call("lintTemplate", body=body), project)
    else:
        path = {"template_id": str(template_id)}
        found = operate(lambda desk: desk.call("getTemplate", path=path), project)["findings"]
        passed = all(each["severity"] != "error" for each in found)
        report = {"passed": passed, "findings": found}
    if as_json:
        screen.emit(report)
    else:
        print_findings(report["findings"])
        screen.say("It passes." if report["passed"] else "It does not pass.")
    if not report["passed"]:
        ctx.exit(1)


@click.command("preview", cls=Command)
@click.argument("template_id")
@click.option("--channel", help="One channel, such as sms.")
@click.option("--language", help="One language, such as en.")
@click.option("--country", metavar="SG", help="Where it would be sent, for the cost.")
@click.option("--version", type=_VERSION, help="Which version; unset, the newest.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="A variable; repeat it."
)
@project_option
@json_option
def preview(
    template_id: str, params: tuple[str, ...], project: str | None, as_json: bool, **asked: Any
) -> None:
    """Show a template's messages as they would be sent, with segments and cost."""
    body = {name: value for name, value in asked.items() if value is not None}
    body["params"] = dict(param.partition("=")[::2] for param in params)
    path = {"template_id": template_id}
    shown = operate(lambda desk: desk.call("previewTemplate", path=path, body=body), project)
    if as_json:
        screen.emit(shown)
        return
    for each in shown["data"]:
        size = f", {each['segments']} x {each['encoding']}" if each["segments"] else ""
        cost = each["cost"]
        price = f", {cost['amount']} {cost['currency']}" if cost else ""
        screen.say(f"{each['channel']}, {each['language']}{size}{price}")
        if each["subject"]:
            screen.say(f"  Subject: {each['subject']}")
        for line in each["text"].splitlines():
            screen.say(f"  {line}")


@click.command("versions", cls=Command)
@click.argument("template_id")
@project_option
@json_option
def versions(template_id: str, project: str | None, as_json: bool) -> None:
    """List a template's versions with their reviews, newest first."""
    path = {"template_id": template_id}
    found = operate(lambda desk: desk.call("listTemplateVersions", path=path), project)
    if as_json:
        screen.emit(found)
        return
    rows = [
        (
            each["version"], "in use" if each["in_use"] else "", STATUS[each["status"]],
            screen.moment(each["submitted_at"]), each["reviewed_by"], each["audit_remark"],
        )
        for each in found["data"]
    ]  # fmt: skip
    headings = ("version", "use", "status", "submitted", "reviewed_by", "remark")
    screen.table(headings, rows, "There is no version.")


@click.command("approve", cls=Command)
@click.argument("template_id")
@click.option("--remark", default="", help="A word for the audit.")
@click.option("--version", type=_VERSION, help="Which version; unset, the newest.")
@project_option
@json_option
def approve(
    template_id: str, remark: str, version: int | None, project: str | None, as_json: bool
) -> None:
    """Say yes: the version is in use from now on."""
    _review("approveTemplate", template_id, remark, version, project, as_json)


@click.command("reject", cls=Command)
@click.argument("template_id")
@click.option("--remark", required=True, help="What has to change; the project reads it.")
@click.option("--version", type=_VERSION, help="Which version; unset, the newest.")
@project_option
@json_option
def reject(
    template_id: str, remark: str, version: int | None, project: str | None, as_json: bool
) -> None:
    """Say no; a version that is in use is withdrawn."""
    _review("rejectTemplate", template_id, remark, version, project, as_json)


def _review(
    operation: str, template_id: str, remark: str, version: int | None,
    project: str | None, as_json: bool,
) -> None:  # fmt: skip
    body: dict[str, object] = {"remark": remark}
    if version is not None:
        body["version"] = version
    path = {"template_id": template_id}
    done = operate(lambda desk: desk.call(operation, path=path, body=body), project)
    if as_json:
        screen.emit(done)
        return
    use = f"version {done['version']} is {STATUS[done['status']]}"
    change = done["change"]
    more = f"; version {change['version']} is {STATUS[change['status']]}" if change else ""
    screen.say(f"Template {template_id}: {use}{more}.")


COMMANDS = (preview, lint, versions, approve, reject)

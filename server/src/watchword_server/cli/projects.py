"""`projects`: the tenants of this server."""

import click

from watchword_server.cli import screen
from watchword_server.cli.command import Group, json_option
from watchword_server.cli.operate import Answer, Operator, operate
from watchword_server.domain.project import Mode

MODES = click.Choice([Mode.DEVELOPMENT.value, Mode.LIVE.value, Mode.SANDBOX.value])


@click.group(cls=Group)
def command() -> None:
    """Create, list, change and delete projects.

    A project owns keys, templates and verifications.  In a development or sandbox project every
    message stays in the inbox; only a live one sends.
    """


@command.command("create")
@click.argument("name")
@click.option(
    "--mode",
    type=MODES,
    default=Mode.DEVELOPMENT.value,
    show_default=True,
    metavar="MODE",
    help="development, live or sandbox.",
)
@json_option
def create(name: str, mode: str, as_json: bool) -> None:
    """Create a project."""
    made = operate(lambda desk: desk.call("createProject", body={"name": name, "mode": mode}))
    if as_json:
        screen.emit(made)
        return
    screen.say(f"Created project {name} ({made['mode']}).")
    screen.facts([("project_id", made["project_id"])])
    screen.say(f"Next: watchword-server keys create --project {name} --name my-app")


@command.command("list")
@json_option
def show(as_json: bool) -> None:
    """List all projects."""
    found = operate(lambda desk: desk.all("listProjects"))
    if as_json:
        screen.emit({"data": found})
        return
    rows = [
        (each["name"], each["mode"], each["project_id"], screen.moment(each["created_at"]))
        for each in found
    ]
    screen.table(("name", "mode", "project_id", "created"), rows, "There is no project.")


@command.command("set-mode")
@click.argument("project")
@click.argument("mode", type=MODES)
@json_option
def set_mode(project: str, mode: str, as_json: bool) -> None:
    """Make a project live, or take it back."""

    async def change(desk: Operator) -> Answer:
        found = await desk.project(project)
        path = {"project_id": found["project_id"]}
        answer: Answer = await desk.call("updateProject", path=path, body={"mode": mode})
        return answer

    changed = operate(change)
    if as_json:
        screen.emit(changed)
        return
    effect = "its messages are sent" if mode == Mode.LIVE else "its messages stay in the inbox"
    screen.say(f"Project {changed['name']} is {changed['mode']}: {effect}.")


@command.command("set-links")
@click.argument("project")
@click.argument("domains", nargs=-1)
@json_option
def set_links(project: str, domains: tuple[str, ...], as_json: bool) -> None:
    """Say to which domains links in a project's templates may lead; none takes them away."""

    async def change(desk: Operator) -> Answer:
        found = await desk.project(project)
        path = {"project_id": found["project_id"]}
        body = {"link_domains": [domain.lower() for domain in domains]}
        answer: Answer = await desk.call("updateProject", path=path, body=body)
        return answer

    changed = operate(change)
    if as_json:
        screen.emit(changed)
        return
    allowed = ", ".join(changed["link_domains"]) or "nowhere"
    screen.say(f"Links in templates of {changed['name']} may lead to: {allowed}.")


@command.command("set-marketing")
@click.argument("project")
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.option("--from", "start", default="08:00", show_default=True, help="Not before, HH:MM.")
@click.option("--until", "end", default="21:00", show_default=True, help="Not from then on.")
@json_option
def set_marketing(project: str, switch: str, start: str, end: str, as_json: bool) -> None:
    """Let a project send custom messages of the category marketing, or not.

    The hours are those of the recipient's zone.
    """

    async def change(desk: Operator) -> Answer:
        found = await desk.project(project)
        path = {"project_id": found["project_id"]}
        body = {"marketing": {"enabled": switch == "on", "start": start, "end": end}}
        answer: Answer = await desk.call("updateProject", path=path, body=body)
        return answer

    changed = operate(change)
    if as_json:
        screen.emit(changed)
        return
    hours = f"on, from {start} to {end} where the recipient is" if switch == "on" else "off"
    screen.say(f"Marketing of {changed['name']} is {hours}.")


@command.command("set-alerts")
@click.argument("project")
@click.option("--daily-budget", metavar="AMOUNT", help="What a day's messages may cost.")
@click.option("--low-balance", metavar="AMOUNT", help="The least to have left with a provider.")
@json_option
def set_alerts(
    project: str, daily_budget: str | None, low_balance: str | None, as_json: bool
) -> None:
    """Say from which amounts on somebody is told; an empty one takes it away."""

    async def change(desk: Operator) -> Answer:
        found = await desk.project(project)
        path = {"project_id": found["project_id"]}
        wanted = {"daily_budget": daily_budget, "low_balance": low_balance}
        body = {name: amount for name, amount in wanted.items() if amount is not None}
        answer: Answer = await desk.call("updateProject", path=path, body=body)
        return answer

    changed = operate(change)
    if as_json:
        screen.emit(changed)
        return
    budget, balance = changed["daily_budget"] or "none", changed["low_balance"] or "none"
    screen.say(f"Project {changed['name']}: daily budget {budget}, low balance {balance}.")


@command.command("delete")
@click.argument("project")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(project: str, yes: bool, as_json: bool) -> None:
    """Delete a project with everything it owns."""
    if not yes:
        click.confirm(
            f"Delete project {project} with its keys, templates and verifications?",
            abort=True,
            err=True,
        )

    async def remove(desk: Operator) -> Answer:
        found = await desk.project(project)
        path = {"project_id": found["project_id"]}
        answer: Answer = await desk.call("deleteProject", path=path)
        return {**answer, "name": found["name"]}

    removed = operate(remove)
    if as_json:
        screen.emit(removed)
        return
    screen.say(f"Deleted project {removed['name']}.")

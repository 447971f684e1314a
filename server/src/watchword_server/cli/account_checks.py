"""Checks of provider accounts: each one in use is asked how it is, which sends nothing."""

from collections.abc import AsyncIterator
from typing import Any

from watchword_server.api.in_process import InProcess
from watchword_server.cli.findings import FAIL, OK, WARN, Finding
from watchword_server.domain import ids
from watchword_server.domain.project import Mode, Project
from watchword_server.runtime import Runtime


async def accounts(runtime: Runtime) -> AsyncIterator[Finding]:
    """Every account of every project."""
    for project in await runtime.services.projects.all():
        operator = await runtime.operator(ids.text(ids.Prefix.PROJECT, project.id))
        _, answer = await InProcess(runtime).call("listProviders", operator)
        for account in answer["data"]:
            who = f"{project.name}/{account['name']} ({account['provider']})"
            if account["broken"]:
                fix = f"Correct or delete it: watchword-server providers show {account['name']}"
                yield Finding("provider", FAIL, f"{who} is broken: {account['broken']}", fix)
            elif account["disabled"] or project.mode is not Mode.LIVE:
                why = "is disabled" if account["disabled"] else f"waits: {project.mode} project"
                yield Finding("provider", OK, f"{who} {why}")
            else:
                yield await _asked(runtime, project, account, who)


async def _asked(runtime: Runtime, project: Project, account: Any, who: str) -> Finding:
    operator = await runtime.operator(ids.text(ids.Prefix.PROJECT, project.id))
    path = {"provider_id": account["provider_id"]}
    status, health = await InProcess(runtime).call(
        "getProviderHealth", operator, path=path, query={"checkup": "true"}
    )
    told = health.get("checkup")
    if status != 200 or told is None:
        return Finding("provider", WARN, f"{who} could not be asked", "Run doctor again later.")
    left = f", {told['balance']} {told['currency'] or ''} left" if told["balance"] else ""
    says = f"{who}: {told['detail'].rstrip('.')}{left.rstrip()}"
    if told["ok"]:
        return Finding("provider", OK, says)
    fix = f"Then: watchword-server providers test {account['name']} --to ..."
    return Finding("provider", FAIL, says, f"Check settings and network. {fix}")

"""Operator commands: the API's own operations, called in this process on the database.

They pass through the same checks as a request over HTTP; what differs is the caller, which only
this process can make.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from watchword_server import telemetry
from watchword_server.api.in_process import InProcess
from watchword_server.cli import screen
from watchword_server.cli.command import Refused, private_files, refused
from watchword_server.domain.project import Caller
from watchword_server.runtime import Runtime
from watchword_server.settings import PEPPER_MADE, Settings, load

T = TypeVar("T")

Answer = dict[str, Any]
_BAD = 400


class Operator:
    """Calls operations as the operator of one project."""

    def __init__(self, runtime: Runtime, caller: Caller) -> None:
        self._api = InProcess(runtime)
        self._runtime = runtime
        self._caller = caller
        self.services, self.caller = runtime.services, caller

    async def call(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> Any:
        """The answer of an operation.

        Raises:
            Refused: with the problem that a caller over HTTP would get.
        """
        status, answer = await self._api.call(
            operation, self._caller, path=path or {}, query=query or {}, body=body
        )
        if status >= _BAD:
            raise Refused(answer)
        return answer

    async def all(self, operation: str) -> list[Answer]:
        """Every item of a list that has no pages."""
        answer = await self.call(operation)
        return answer if isinstance(answer, list) else list(answer["data"])

    async def project(self, name_or_id: str) -> Answer:
        """The project of that name or id.

        Raises:
            Refused: there is none; says which there are.
        """
        projects = await self.all("listProjects")
        for project in projects:
            if name_or_id in (project["name"], project["project_id"]):
                return project
        names = ", ".join(sorted(project["name"] for project in projects))
        raise refused(
            "No such project",
            f"No project has the name or id {name_or_id!r}.",
            f"Take one of: {names}. Or make it: watchword-server projects create {name_or_id}",
        )

    async def within(self, name_or_id: str | None) -> "Operator":
        """The operator of another project; of the same one for None."""
        if name_or_id is None:
            return self
        project = await self.project(name_or_id)
        caller = await self._runtime.operator(project["project_id"])
        return Operator(self._runtime, caller)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Operator]:
    """The operator of the default project, while the database is open."""
    path = settings.database_path
    is_new = path is not None and not path.exists()
    has_pepper = settings.pepper_file.exists()
    runtime = await Runtime.open(settings)
    try:
        if is_new:
            screen.note(f"There was no database yet: made {path}.")
        if not has_pepper:
            screen.note(PEPPER_MADE.format(path=settings.pepper_file))
        yield Operator(runtime, await runtime.operator())
    finally:
        await runtime.close()


def operate(work: Callable[[Operator], Awaitable[T]], project: str | None = None) -> T:
    """Do something as the operator of a project, and close the database after it."""
    settings = load(os.environ)
    telemetry.configure("warning", settings.log_format)
    private_files()

    async def run() -> T:
        async with opened(settings) as operator:
            return await work(await operator.within(project))

    return asyncio.run(run())

"""Saved routes, as the services see them in the database."""

from collections.abc import Sequence
from typing import Protocol

from watchword_server.domain.route_plan import Plan


class Routes(Protocol):
    """Saved routes of projects."""

    def put(self, project: bytes, plan: Plan) -> None:
        """Keep it in place of the one with its id, if there is one."""
        ...

    def get(self, project: bytes, route: str) -> Plan | None: ...

    def of(self, project: bytes) -> Sequence[Plan]: ...

    def delete(self, project: bytes, route: str) -> bool: ...

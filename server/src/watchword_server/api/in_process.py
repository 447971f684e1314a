"""The API without HTTP, for the server's own faces: same table, same checks, same answers.

The caller is an object, so it cannot come from outside: whoever calls here is the server.
"""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from watchword_server.api.dispatch import MAX_BODY, handle
from watchword_server.api.once import Once
from watchword_server.api.operation import Call
from watchword_server.api.operations import BY_ID
from watchword_server.api.problems import Problems
from watchword_server.domain.errors import BODY_TOO_LARGE, Problem
from watchword_server.domain.limits import Standing
from watchword_server.domain.project import Caller
from watchword_server.runtime import Runtime


class InProcess:
    """Calls operations by id."""

    def __init__(self, runtime: Runtime) -> None:
        self._services_of = runtime.services_of
        self._problems = Problems(runtime.settings.public_url)

    async def call(
        self,
        operation_id: str,
        caller: Caller,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        idempotency_key: str | None = None,
    ) -> tuple[int, Any]:
        """The status and the decoded JSON of the answer, or the pieces of one that goes on.

        Raises:
            KeyError: no operation has this id.
        """
        asked = await self.asked(operation_id, caller, path, query, body, idempotency_key)
        return asked[0], asked[1]

    async def asked(
        self,
        operation_id: str,
        caller: Caller,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        idempotency_key: str | None = None,
    ) -> tuple[int, Any, Standing | None]:
        """The same, and how the tightest limit stands after the call."""
        operation = BY_ID[operation_id]
        request_id = f"req_{secrets.token_hex(16)}"
        services = self._services_of(caller)
        call = Call(caller, services, path or {}, caller.client_ip, request_id)
        quoted = {name: quote(value, safe="") for name, value in call.path.items()}
        where = operation.path.format(**quoted)
        once = None
        if operation.method == "POST" and idempotency_key is not None:
            once = Once(idempotency_key.encode(), self._problems, where)
        try:
            answer = await handle(operation, call, Given(query or {}, body), once)
        except Exception as error:
            call.refused(error)
            answer = self._problems.answer(error, request_id, where)
        if answer.pieces is not None:
            return answer.status, answer.pieces, call.standing
        return answer.status, msgspec.json.decode(answer.body), call.standing


class Given:
    """A submission that is already in memory."""

    def __init__(self, query: Mapping[str, str | int], body: object) -> None:
        self._query = query
        self._body = body

    async def body(self, *, optional: bool) -> bytes:
        """The body as JSON; nothing for None where nothing may be sent."""
        raw = b"" if optional and self._body is None else msgspec.json.encode(self._body)
        if len(raw) > MAX_BODY:
            raise Problem(BODY_TOO_LARGE, f"The body has more than {MAX_BODY:,} bytes.")
        return raw

    def header(self, name: bytes) -> bytes | None:
        """Nothing: there is no header."""
        return None

    def query(self) -> Mapping[str, str]:
        """The query's parameters."""
        return {name: str(value) for name, value in self._query.items()}

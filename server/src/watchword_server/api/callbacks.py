"""Where vendors call: `/callbacks/{provider_id}`, outside `/v1`, without a key.

A callback comes in its vendor's shape and is answered in the way its vendor wants; a refusal has
the shape of every error.
"""

from typing import Protocol
from urllib.parse import parse_qsl

from watchword_server.api.answer import Answer
from watchword_server.api.request import Headers
from watchword_server.api.routing import unknown_path, wrong_method
from watchword_server.domain.errors import UNREADABLE_CALLBACK, Problem
from watchword_server.ports.providers import Callback
from watchword_server.runtime import Runtime

PREFIX = "/callbacks/"
_METHODS = ("GET", "POST")
_MOST_PARAMETERS = 100


class Sent(Protocol):
    """The request, as its vendor sent it."""

    async def raw(self) -> bytes:
        """The body, whatever its type, at most 64 KiB.

        Raises:
            Problem: BODY_TOO_LARGE.
        """
        ...

    def raw_query(self) -> bytes:
        """The query as it was written."""
        ...


class CallbackFace:
    """Answers callbacks."""

    def __init__(self, runtime: Runtime) -> None:
        self._callbacks = runtime.callbacks
        self._public_url = runtime.settings.public_url

    async def answer(
        self, method: str, path: str, headers: Headers, client: str, sent: Sent
    ) -> Answer:
        """Take a callback.

        Raises:
            Problem: it is refused.
        """
        wire = path[len(PREFIX) :]
        if not wire or "/" in wire:
            raise unknown_path()
        if method not in _METHODS:
            raise wrong_method(_METHODS)
        project, provider = self._callbacks.account(wire)
        raw = sent.raw_query().decode("latin-1")
        callback = Callback(
            method=method,
            url=f"{self._public_url}{path}" + (f"?{raw}" if raw else ""),
            query=_query(raw),
            headers={
                name.decode("latin-1"): text.decode("latin-1") for name, text in headers.items()
            },
            body=await sent.raw(),
        )
        told = await self._callbacks.take(project, provider, callback, client)
        return Answer(200, told.answer, told.content_type.encode("latin-1"))


def _query(raw: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        pairs = None
    if pairs is None or len(dict(pairs)) != len(pairs):
        detail = "The query cannot be read, or has a parameter twice."
        raise Problem(UNREADABLE_CALLBACK, detail) from None
    return dict(pairs)

"""What anybody may read without a key: is it up, what can it do, what does an error mean."""

import msgspec

from watchword_server import __version__
from watchword_server.api import openapi
from watchword_server.api.answer import Answer
from watchword_server.api.routing import unknown_path, wrong_method
from watchword_server.api.self_contained import self_contained
from watchword_server.api.site.site import Site
from watchword_server.domain.errors import UNAVAILABLE, Problem
from watchword_server.runtime import Runtime

_GET = ("GET", "HEAD")
_RETRY_S = 1


class Pages:
    """Fixed answers, made once; only `/readyz` asks the server."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        settings = runtime.settings
        document = openapi.document(settings.public_url)
        self._site = Site(
            settings.public_url, lambda: document,
            settings.security_contact, settings.sandbox_is_on, oauth=settings.issues_tokens,
        )  # fmt: skip
        self._fixed = {
            "/healthz": _json({"status": "ok", "version": __version__}),
            "/openapi.json": _json(self_contained(document)),
        }
        self._ready = _json({"status": "ready"})

    def answer(self, method: str, path: str, accept: bytes = b"") -> Answer:
        """The page at a path, in the format that is asked for.

        Raises:
            Problem: there is none, it is not read by GET, or the server is not ready.
        """
        page = self._ready if path == "/readyz" else self._fixed.get(path)
        if page is None:
            page = self._site.find(path, accept)
        if page is None:
            raise unknown_path()
        if method not in _GET:
            raise wrong_method(_GET)
        if page is self._ready and not self._runtime.ready():
            raise Problem(UNAVAILABLE, "The server is not ready.", retry_after=_RETRY_S)
        return page


def _json(value: object) -> Answer:
    return Answer(200, msgspec.json.encode(value))

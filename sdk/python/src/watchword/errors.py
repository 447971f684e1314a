"""Everything the SDK raises on purpose.

    WatchwordError
    ├── ConfigurationError     nothing was sent: says what to set and how to get it
    ├── ConnectionFailed       no answer; maybe_processed says whether the server may have acted
    │   └── TimedOut           no answer in time
    ├── UnexpectedResponse     not an answer of Watchword: base_url may name another server
    └── APIError               the server refused: code, http_status, retry_after, next_action ...
        ├── BadRequest         400, 422 and every 4xx not listed here: see extra["field"]
        ├── Authentication     401
        ├── PermissionDenied   403
        ├── NotFound           404
        ├── Conflict           409  already approved, or the name is taken
        ├── Gone               410  expired, exhausted, canceled or failed: see extra["reason"]
        ├── RateLimited        429  wait retry_after seconds
        └── ServerError        5xx

No error's text contains a code, a secret or a full address, whatever the server wrote.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = [
    "APIError", "Authentication", "BadRequest", "ConfigurationError", "Conflict",
    "ConnectionFailed", "Gone", "NotFound", "PermissionDenied", "RateLimited", "ServerError",
    "TimedOut", "UnexpectedResponse", "WatchwordError",
]  # fmt: skip
RETRYABLE_CODES: Final = frozenset({1000, 5001, 5016})
RETRYABLE_STATUSES: Final = frozenset({429, 500, 502, 503, 504})
_ADDRESS: Final = re.compile(r"[^\s@<>\"'*•]+@[^\s@<>\"']+|\+\d[\d ().-]{4,18}\d")
_SHORTEST_SECRET: Final = 4
_MASK: Final = "***"


class WatchwordError(Exception):
    """The root of everything this SDK raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without its constructor, so that it crosses processes."""
        return type(self).__new__, (type(self), *self.args), vars(self)


class ConfigurationError(WatchwordError):
    """A setting is missing or wrong; nothing was sent."""


class ConnectionFailed(WatchwordError):
    """The server gave no answer.

    Attributes:
        maybe_processed: False when the request certainly never reached the server.  When True a
            message may have been sent: read its state before you send again.
    """

    def __init__(self, message: str, *, maybe_processed: bool) -> None:
        super().__init__(message)
        self.maybe_processed = maybe_processed


class TimedOut(ConnectionFailed):
    """The server gave no answer in time."""


class UnexpectedResponse(WatchwordError):
    """The answer is not one a Watchword server gives; check base_url."""


class APIError(WatchwordError):
    """The server refused the call.

    Attributes:
        code: the error's number, such as 3004; None when a proxy answered for the server.
        http_status: the HTTP status.
        message: what kind of error it is, in words.
        detail: one sentence for a person: what exactly was refused.
        retryable: whether the same call may succeed later without a change.
        retry_after: seconds until then, where that is known.
        doc_url: the documentation of this error.
        next_action: what a program should do: "wait", "fix_address", "start_again" ...
        request_id: give this to the operator.
        extra: further members of the answer: message_id, field, rule, reason, limit ...
    """

    def __init__(
        self,
        body: Mapping[str, Any],
        *,
        http_status: int,
        retry_after: float | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        said = dict(body)
        for member in ("type", "status", "instance", "retry_after"):
            said.pop(member, None)
        title, detail, message = (
            scrub(str(said.pop(member, None) or ""), secrets)
            for member in ("title", "detail", "message")
        )
        code, retryable = said.pop("code", None), said.pop("retryable", None)
        self.http_status = http_status
        self.code: int | None = code if type(code) is int else None
        self.message = message or detail or title or "The call failed"
        self.detail = detail or self.message
        if not isinstance(retryable, bool):
            retryable = self.code in RETRYABLE_CODES or http_status in RETRYABLE_STATUSES
        self.retryable = retryable
        self.retry_after = retry_after
        self.doc_url: str | None = said.pop("doc_url", None)
        self.next_action: str | None = said.pop("next_action", None)
        self.request_id: str | None = said.pop("request_id", None)
        self.extra = said
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        facts = (
            self.code is not None and f"code {self.code}",
            f"HTTP {self.http_status}",
            self.retry_after is not None and f"retry after {self.retry_after:g} s",
            self.next_action and f"next: {self.next_action}",
            self.request_id and f"request {self.request_id}",
        )
        said = dict.fromkeys(text.rstrip(".") for text in (self.message, self.detail))
        return f"{': '.join(said)} ({', '.join(fact for fact in facts if fact)})"


class BadRequest(APIError):
    """The request breaks a rule; `extra` names the field and the rule."""


class Authentication(APIError):
    """The credentials are wrong, expired or disabled."""


class PermissionDenied(APIError):
    """The key may not do this."""


class NotFound(APIError):
    """There is no such thing in this key's project."""


class Conflict(APIError):
    """The verification is already approved, or the name is taken."""


class Gone(APIError):
    """The verification has ended; `extra["reason"]` says how."""


class RateLimited(APIError):
    """Too soon or too often: tell the person to wait `retry_after` seconds."""


class ServerError(APIError):
    """The server could not do it."""


_BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    401: Authentication,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Gone,
    429: RateLimited,
}


def error_class(http_status: int) -> type[APIError]:
    """The class that stands for an HTTP status."""
    return _BY_STATUS.get(http_status, ServerError if http_status >= 500 else BadRequest)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` without the given secrets and without anything that looks like a full address."""
    for secret in sorted(map(str, secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = re.sub(re.escape(secret), _MASK, text, flags=re.IGNORECASE)
    return _ADDRESS.sub(_MASK, text)

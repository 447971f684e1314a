"""The wire protocol without I/O: a call becomes a request, an answer a result, error or retry.

Nothing here opens a connection, sleeps, or draws a random number: `client.py` does that and
nothing else.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from watchword.errors import (
    RETRYABLE_CODES,
    RETRYABLE_STATUSES,
    APIError,
    ConfigurationError,
    ConnectionFailed,
    RateLimited,
    UnexpectedResponse,
    WatchwordError,
    error_class,
)

__version__ = "0.1.0"

T = TypeVar("T")

_KEY: Final = re.compile(r'(?!["\s])[ -~]{1,255}(?<!\s)')
DEFAULT_URL: Final = "http://127.0.0.1:8080"
LONGEST_PAGE: Final = 100
HOW_TO_GET_A_KEY: Final = (
    "Set WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET (and WATCHWORD_URL unless the server is at "
    f"{DEFAULT_URL}), or pass dev_key= and dev_secret=, or api_key=. "
    "To get a key, run: watchword-server keys create --name my-app --json\n"
    "To try it without one: Watchword.in_sandbox(), which needs no key of yours."
)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One API call: what goes out, how its answer is read, what no error may repeat."""

    method: str
    path: str
    decode: Callable[[Any], T]
    query: Mapping[str, str | int | None] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Request:
    """An HTTP request, to be sent as it is as often as needed."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Retry:
    """The same request is to be sent again after so many seconds."""

    after: float


@dataclass(frozen=True)
class RetryPolicy:
    """Whether and when a failed request is sent again.

    A second message costs money, a second check costs the person one of five.  So a request that
    changes something is repeated if the server certainly did not act on it (never reached, 429,
    503), and a POST also if its answer was lost: its idempotency key makes the server give the
    same answer again.  No other method has a key.  A 500 is an answer, and what was done is not
    known.  A long 429 is raised at once: its number must reach the person who waits.
    """

    max_retries: int = 2
    first_delay: float = 0.5
    longest_delay: float = 8.0
    longest_rate_limit: float = 5.0
    longest_retry_after: float = 60.0

    def delay(
        self, method: str, error: WatchwordError, *, retries: int, jitter: float
    ) -> float | None:
        """Seconds to wait before the next try; None for no further try."""
        if retries >= self.max_retries or not self.may_retry(method, error):
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        if asked is not None and 0 < asked <= self.longest_retry_after:
            return asked
        # A quarter of jitter, so that clients which failed together do not return together.
        return min(self.first_delay * 2.0**retries, self.longest_delay) * (1 - 0.25 * jitter)

    def may_retry(self, method: str, error: WatchwordError) -> bool:
        """Whether the same request may be sent again: it is safe, and it may help."""
        if isinstance(error, ConnectionFailed):
            return method in ("GET", "POST") or not error.maybe_processed
        if not isinstance(error, APIError) or not error.retryable:
            return False
        if isinstance(error, RateLimited):
            return error.retry_after is not None and error.retry_after <= self.longest_rate_limit
        if method == "POST" and error.http_status in (409, 502, 504):
            # 409: the first try still runs.  Else: without a code it is a proxy that speaks.
            return error.http_status == 409 or error.code is None
        known = error.code in RETRYABLE_CODES or error.http_status in RETRYABLE_STATUSES
        return error.http_status == 503 or (method == "GET" and known)


@dataclass(frozen=True)
class Settings:
    """Where the server is, who calls, and how patiently."""

    base_url: str
    authorization: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    timeout: float
    policy: RetryPolicy
    idempotency_key: str | None = field(default=None, repr=False)

    def changed(
        self, max_retries: int | None, timeout: float | None, idempotency_key: str | None
    ) -> "Settings":
        """The same settings with what is not None changed."""
        if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
            raise ValueError("an idempotency key is 1 to 255 printable ASCII characters")
        policy = None if max_retries is None else RetryPolicy(max_retries)
        given = {"policy": policy, "timeout": timeout, "idempotency_key": idempotency_key}
        return replace(self, **compact(given))

    def request(self, call: Call[Any], idempotency_key: str) -> Request:
        """The HTTP request of a call; a POST carries the idempotency key."""
        headers = {
            "Accept": "application/json, application/problem+json",
            "Authorization": self.authorization,
            "User-Agent": f"watchword-python/{__version__}",
        }
        content = None
        if call.method == "POST":
            headers["Idempotency-Key"] = self.idempotency_key or idempotency_key
        if call.method not in ("GET", "DELETE"):
            headers["Content-Type"] = "application/json"
            content = json.dumps(compact(call.body)).encode()
        query = urlencode(compact(call.query))
        place = call.path if call.path == "/healthz" else f"/v1{call.path}"
        url = f"{self.base_url}{place}" + (f"?{query}" if query else "")
        return Request(call.method, url, headers, content)


def configure(
    base_url: str | None,
    dev_key: str | None,
    dev_secret: str | None,
    api_key: str | None,
    environ: Mapping[str, str],
    *,
    timeout: float,
    max_retries: int,
) -> Settings:
    """The settings from what was passed and, for the rest, from the environment."""
    if api_key and (dev_key or dev_secret):
        raise ConfigurationError("Pass api_key, or dev_key and dev_secret, not both.")
    dev_key = dev_key or environ.get("WATCHWORD_DEV_KEY")
    dev_secret = dev_secret or environ.get("WATCHWORD_DEV_SECRET")
    authorization, secrets = f"Bearer {api_key}", [api_key or ""]
    if not api_key:
        if not dev_key or not dev_secret:
            wanted = {"WATCHWORD_DEV_KEY": dev_key, "WATCHWORD_DEV_SECRET": dev_secret}
            missing = " and ".join(name for name, value in wanted.items() if not value)
            raise ConfigurationError(f"There is no {missing}. {HOW_TO_GET_A_KEY}")
        pair = base64.b64encode(f"{dev_key}:{dev_secret}".encode()).decode()
        authorization, secrets = f"Basic {pair}", [dev_secret, pair]
    if not all(value.isascii() and value.isprintable() for value in (dev_key or "", *secrets)):
        raise ConfigurationError("A credential has a line break or a character no key has.")
    url = root_url(base_url or environ.get("WATCHWORD_URL") or DEFAULT_URL)
    return Settings(url, authorization, tuple(secrets), timeout, RetryPolicy(max_retries))


def root_url(url: str) -> str:
    """A base URL without a trailing slash and without /v1; ConfigurationError if it is none."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"base_url must be like {DEFAULT_URL}.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            "base_url is scheme, host and port: credentials go into dev_key and dev_secret."
        )
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


@dataclass
class Exchange(Generic[T]):
    """One call's life: one request, and what to do with everything that comes back.

    Every try sends the same bytes, hence the same idempotency key.
    """

    settings: Settings
    call: Call[T]
    idempotency_key: str
    jitter: Callable[[], float]
    retries: int = 0
    maybe_processed: bool = False

    def __post_init__(self) -> None:
        self.request = self.settings.request(self.call, self.idempotency_key)

    def answered(self, status: int, headers: Mapping[str, str], content: bytes) -> T | Retry:
        """The result in an HTTP answer, or a retry; raises the error when it is final."""
        body = None
        with suppress(ValueError):
            body = json.loads(content)
        if status >= 400:
            problem = body if isinstance(body, dict) else {}
            wait = read_retry_after(headers, problem)
            secrets = self.call.secrets + self.settings.secrets
            kind = error_class(status)
            return self.failed(kind(problem, http_status=status, retry_after=wait, secrets=secrets))
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            if 200 <= status < 300:
                return self.call.decode(body)
        raise UnexpectedResponse(
            f"HTTP {status} to {self.call.method} {self.settings.base_url}/... is not the "
            "answer of a Watchword server. Check base_url."
        )

    def failed(self, error: WatchwordError) -> Retry:
        """A retry after an answer that is an error, or none; raises the error when it is final."""
        wait = self.settings.policy.delay(
            self.call.method, error, retries=self.retries, jitter=self.jitter()
        )
        if isinstance(error, ConnectionFailed):  # what one try may have done, no other undoes
            self.maybe_processed |= error.maybe_processed
            error.maybe_processed = self.maybe_processed
        if wait is None:
            raise error
        self.retries += 1
        return Retry(wait)


def read_retry_after(headers: Mapping[str, str], body: Mapping[str, Any]) -> float | None:
    """Seconds from the Retry-After header or else the body; None if neither is such a number."""
    for said in (headers.get("retry-after"), body.get("retry_after")):
        with suppress(TypeError, ValueError):
            if 0 <= (seconds := float(said or "nothing")) < math.inf:
                return seconds
    return None


Page: TypeAlias = tuple[tuple[T, ...], str | None]


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list to be read page by page, up to `limit` items in all."""

    path: str
    decode: Callable[[Any], T]
    query: Mapping[str, Any]
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, not {self.limit}")

    @property
    def call(self) -> Call[Page[T]]:
        """The call that reads the next page."""
        size = self.limit and min(self.limit, LONGEST_PAGE)
        return Call("GET", self.path, self._page, {**self.query, "limit": size})

    def _page(self, body: Any) -> Page[T]:
        # An object with `data` and `next_cursor`, or the field's bare array.
        page: dict[str, Any] = {"data": body} if isinstance(body, list) else body
        return tuple(map(self.decode, page["data"])), page.get("next_cursor")

    def take(self, page: Page[T]) -> "tuple[tuple[T, ...], Listing[T] | None]":
        """The items wanted from this page, and the rest of the list if there is any to read."""
        items, cursor = page
        left = self.limit and self.limit - len(items)
        if not cursor or (left is not None and left <= 0):
            return items[: self.limit], None
        if cursor == self.query.get("cursor"):
            raise UnexpectedResponse("The server repeats its next_cursor.")
        return items, replace(self, query={**self.query, "cursor": cursor}, limit=left)


@dataclass
class Feed(Generic[T]):
    """A stream of server-sent events, and how far it was read."""

    path: str
    decode: Callable[[Any], T]
    query: Mapping[str, Any]

    @property
    def call(self) -> Call[Any]:
        """The call that reads on."""
        return Call("GET", self.path, nothing, self.query)

    def take(self, line: str) -> T | None:
        """The event on a line, if there is one."""
        name, _, value = line.partition(": ")
        if name != "data":
            return None
        body = json.loads(value)
        self.query = {**self.query, "last_event_id": body["id"]}
        return self.decode(body)


def compact(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that were given a value."""
    return {name: value for name, value in members.items() if value is not None}


def segment(value: str) -> str:
    """An id as one segment of a path."""
    if not value.strip("."):
        raise ValueError("an id must not be empty")
    return quote(value, safe="")


def nothing(_body: Any) -> None:
    """Reads an answer that says no more than its status."""

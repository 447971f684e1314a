"""The one error tree and the one table of error kinds.

    WatchwordError
    ├── Problem            a request is refused: carries a row of the table below
    ├── StoreUnavailable   the database did not take a commit: nothing was done
    └── Misconfigured      a setting is wrong: says which one and what to do

Every answer that is not a success is made from a row of `KINDS`; the documentation's error
pages and the enums of the SDKs are generated from it too.  Codes are the field's own
(EngageLab's table); the other members follow RFC 9457.
"""

from enum import StrEnum

import msgspec

from watchword_server.domain.limits import Standing

RETRYABLE_CODES = frozenset({1000, 5001, 5016})
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})


class NextAction(StrEnum):
    """What a program should do about an error, as a closed list."""

    FIX_REQUEST = "fix_request"
    FIX_ADDRESS = "fix_address"
    FIX_CREDENTIALS = "fix_credentials"
    REQUEST_SCOPE = "request_scope"
    WAIT = "wait"
    START_AGAIN = "start_again"
    STOP = "stop"
    SWITCH_CHANNEL = "switch_channel"
    CONFIGURE_SERVER = "configure_server"
    RETRY = "retry"


class ErrorKind(msgspec.Struct, frozen=True):
    """One row of the table of errors."""

    slug: str
    code: int
    status: int
    title: str
    next_action: NextAction
    fix: str

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without a change."""
        return self.code in RETRYABLE_CODES or self.status in RETRYABLE_STATUSES


class WatchwordError(Exception):
    """The root of everything this product raises on purpose."""


class StoreUnavailable(WatchwordError):
    """The database did not take the commit; nothing of it was done and it may be tried again."""


class Misconfigured(WatchwordError):
    """A setting is wrong; the message names it and says what to do."""


class Problem(WatchwordError):
    """A request is refused.

    Args:
        kind: a row of `KINDS`.
        detail: one sentence for a person; never a code, a secret or a full address.
        retry_after: seconds until a retry can succeed, where that is known.
        extra: further members of the answer (`field`, `rule`, `reason`, `limit`, `message_id`).

    Attributes:
        standing: how the tightest limit that the request was counted on stands, where one of its
            own was: what the RateLimit header is to say.
    """

    standing: Standing | None = None

    def __init__(
        self,
        kind: ErrorKind,
        detail: str,
        *,
        retry_after: int | None = None,
        extra: dict[str, str | int] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.extra = extra or {}


def bad_field(field: str, rule: str, detail: str) -> "Problem":
    """The refusal of one field of a request, naming the field and the rule it breaks."""
    return Problem(BAD_FIELD, detail, extra={"field": field, "rule": rule})


_A = NextAction

INTERNAL = ErrorKind(
    "internal", 1000, 500, "Internal error", _A.RETRY,
    "Try again with a growing delay. If it stays, give the operator the request_id.",
)  # fmt: skip
UNAVAILABLE = ErrorKind(
    "unavailable", 1000, 503, "Temporarily unavailable", _A.RETRY,
    "Nothing was done. Try again after Retry-After seconds.",
)  # fmt: skip
UNAUTHENTICATED = ErrorKind(
    "unauthenticated", 2001, 401, "Authentication failed", _A.FIX_CREDENTIALS,
    "Send `Authorization: Basic base64(dev_key:dev_secret)` or `Authorization: Bearer <key>` "
    "with a key from `watchword-server keys create`. A key is known only to the database it was "
    "made in: run `watchword-server keys create` with the server's settings.",
)  # fmt: skip
KEY_INACTIVE = ErrorKind(
    "key-inactive", 2002, 401, "API key expired or disabled", _A.FIX_CREDENTIALS,
    "Create or rotate a key: `watchword-server keys rotate <dev_key>`.",
)  # fmt: skip
FORBIDDEN = ErrorKind(
    "forbidden", 2004, 403, "No permission for this call", _A.REQUEST_SCOPE,
    "Use a key that has the scope named in `scope`, from an address on the key's allow-list.",
)  # fmt: skip
FORGED_CALLBACK = ErrorKind(
    "forged-callback", 2001, 401, "The callback's signature is wrong", _A.FIX_CREDENTIALS,
    "Compare the secret in the provider account's settings with the vendor's, and the URL that the "
    "vendor calls with the account's `callback_url`: most vendors sign it too.",
)  # fmt: skip
UNREADABLE_CALLBACK = ErrorKind(
    "unreadable-callback", 3001, 400, "The callback cannot be read", _A.FIX_REQUEST,
    "Give this URL to the vendor of this very account, and only for the callbacks that the "
    "provider's page names.",
)  # fmt: skip
BAD_JSON = ErrorKind(
    "bad-json", 3001, 400, "The body is not valid JSON", _A.FIX_REQUEST,
    "Send one JSON object in UTF-8.",
)  # fmt: skip
BODY_TOO_LARGE = ErrorKind(
    "body-too-large", 3001, 413, "The body is too large", _A.FIX_REQUEST,
    "Send at most 65,536 bytes.",
)  # fmt: skip
WRONG_CONTENT_TYPE = ErrorKind(
    "wrong-content-type", 3001, 415, "The body is not application/json", _A.FIX_REQUEST,
    "Send `Content-Type: application/json`.",
)  # fmt: skip
BAD_FIELD = ErrorKind(
    "bad-field", 3002, 400, "A parameter does not meet its rule", _A.FIX_REQUEST,
    "Correct the field named in `field` so that it meets `rule`.",
)  # fmt: skip
WRONG_HOST = ErrorKind(
    "wrong-host", 3002, 421, "This server does not answer to that Host", _A.FIX_REQUEST,
    "Call the server by its public URL, or add the name to WATCHWORD_ALLOWED_HOSTS.",
)  # fmt: skip
NOT_ALLOWED_HERE = ErrorKind(
    "not-allowed-here", 3003, 400, "A business rule refuses this call", _A.FIX_REQUEST,
    "Do what `detail` says; `reason` and `rule` name what refuses it.",
)  # fmt: skip
ALREADY_USED = ErrorKind(
    "already-used", 3003, 409, "This verification is already approved", _A.STOP,
    "A code approves once. Start a new verification if you need another proof.",
)  # fmt: skip
ENDED = ErrorKind(
    "ended", 3003, 410, "This verification has ended", _A.START_AGAIN,
    "Start a new verification with POST /v1/messages.",
)  # fmt: skip
CONFLICT = ErrorKind(
    "conflict", 3003, 409, "It exists already", _A.FIX_REQUEST,
    "Choose another name, or change the existing one.",
)  # fmt: skip
ALREADY_SO = ErrorKind(
    "already-so", 3003, 409, "It is in that state already", _A.STOP,
    "There is nothing to do.",
)  # fmt: skip
REQUEST_IN_FLIGHT = ErrorKind(
    "request-in-flight", 1000, 409, "The same request is still running", _A.WAIT,
    "Send the same request with the same Idempotency-Key again after `retry_after` seconds.",
)  # fmt: skip
IDEMPOTENCY_KEY_REUSED = ErrorKind(
    "idempotency-key-reused", 3003, 422, "This Idempotency-Key was used before", _A.FIX_REQUEST,
    "Use a new Idempotency-Key for a new request, and the same one only to repeat it unchanged.",
)  # fmt: skip
RATE_LIMITED = ErrorKind(
    "rate-limited", 3004, 429, "Too many requests", _A.WAIT,
    "Wait `retry_after` seconds. `limit` names the limit that was met.",
)  # fmt: skip
UNKNOWN_ID = ErrorKind(
    "unknown-id", 4001, 404, "Not found", _A.FIX_REQUEST,
    "Check the id: it must belong to this key's project.",
)  # fmt: skip
UNKNOWN_REPORT = ErrorKind(
    "unknown-report", 4001, 404, "No such message", _A.STOP,
    "Nothing, if the message was sent by another server with the same vendor account. Otherwise "
    "compare the account in whose name the vendor reports.",
)  # fmt: skip
UNKNOWN_PATH = ErrorKind(
    "unknown-path", 4001, 404, "No such path", _A.FIX_REQUEST,
    "Compare the path with /openapi.json.",
)  # fmt: skip
WRONG_METHOD = ErrorKind(
    "wrong-method", 4001, 405, "This path does not take that method", _A.FIX_REQUEST,
    "Use one of the methods in the Allow header.",
)  # fmt: skip
SEND_FAILED = ErrorKind(
    "send-failed", 5001, 502, "The message could not be sent", _A.RETRY,
    "Try once more, then another channel.",
)  # fmt: skip
INVALID_NUMBER = ErrorKind(
    "invalid-number", 5011, 400, "Invalid phone number", _A.FIX_ADDRESS,
    "Send the number in E.164: a plus sign, the country code, the number.",
)  # fmt: skip
UNREACHABLE = ErrorKind(
    "unreachable", 5012, 400, "Destination unreachable", _A.SWITCH_CHANNEL,
    "Use a channel that can reach this kind of address.",
)  # fmt: skip
NO_CHANNEL = ErrorKind(
    "no-channel", 3003, 400, "No provider account for this channel", _A.CONFIGURE_SERVER,
    "The operator must configure a provider account for the channel named in `channel`.",
)  # fmt: skip

BLACKLISTED = ErrorKind(
    "blacklisted", 5013, 400, "The number is blacklisted", _A.STOP,
    "Do not send to this number again.",
)  # fmt: skip
CONTENT_REJECTED = ErrorKind(
    "content-rejected", 5014, 400, "The content violates a policy", _A.FIX_REQUEST,
    "Reword the template, or the parameters that are filled in.",
)  # fmt: skip
INTERCEPTED = ErrorKind(
    "intercepted", 5015, 400, "The message was intercepted", _A.SWITCH_CHANNEL,
    "Use another channel: the carrier takes no such message for this number.",
)  # fmt: skip
SEND_BROKEN = ErrorKind(
    "send-broken", 5016, 502, "The sender failed", _A.RETRY,
    "Try again with a growing delay, then another channel.",
)  # fmt: skip
REGION_CLOSED = ErrorKind(
    "region-closed", 5017, 400, "No permission for this region", _A.CONFIGURE_SERVER,
    "The operator must register the sender for the recipient's country.",
)  # fmt: skip
SWITCHED_OFF = ErrorKind(
    "switched-off", 5018, 400, "The handset is switched off", _A.SWITCH_CHANNEL,
    "Use another channel, or let the person try again later.",
)  # fmt: skip
UNSUBSCRIBED = ErrorKind(
    "unsubscribed", 5019, 400, "The recipient has unsubscribed", _A.STOP,
    "Do not send to this recipient until it subscribes again.",
)  # fmt: skip
UNREGISTERED = ErrorKind(
    "unregistered", 5020, 400, "The number is not registered", _A.FIX_ADDRESS,
    "Ask the person for another number: nobody has this one.",
)  # fmt: skip
NO_CHANNEL_CONFIG = ErrorKind(
    "no-channel-config", 3003, 400, "not contains any channel config", _A.FIX_REQUEST,
    "Give a configuration for every channel of `send_channel_strategy`: `field` names the missing "
    "one.",
)  # fmt: skip

KINDS: tuple[ErrorKind, ...] = (
    INTERNAL,
    UNAVAILABLE,
    UNAUTHENTICATED,
    KEY_INACTIVE,
    FORBIDDEN,
    FORGED_CALLBACK,
    UNREADABLE_CALLBACK,
    BAD_JSON,
    BODY_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    BAD_FIELD,
    WRONG_HOST,
    NOT_ALLOWED_HERE,
    ALREADY_USED,
    ENDED,
    CONFLICT,
    ALREADY_SO,
    REQUEST_IN_FLIGHT,
    IDEMPOTENCY_KEY_REUSED,
    RATE_LIMITED,
    UNKNOWN_ID,
    UNKNOWN_REPORT,
    UNKNOWN_PATH,
    WRONG_METHOD,
    SEND_FAILED,
    INVALID_NUMBER,
    UNREACHABLE,
    NO_CHANNEL,
    BLACKLISTED,
    CONTENT_REJECTED,
    INTERCEPTED,
    SEND_BROKEN,
    REGION_CLOSED,
    SWITCHED_OFF,
    UNSUBSCRIBED,
    UNREGISTERED,
    NO_CHANNEL_CONFIG,
)

"""Structured logs that cannot show a code or an address, and a few counters.

Redaction is by construction, in three layers of which each would do alone for most mistakes:

1. Only plain values are formatted (text, numbers, booleans, enums).  Any other object, such as
   an Address, a Message or a Live verification, is replaced by its type's name without asking it.
2. Values under names that hold secrets (`code`, `to`, `authorization` ...) are replaced unseen.
3. What text remains loses everything that looks like a phone number, an email address or a code.

Tracebacks show where, not with which values, and only messages of exceptions that never quote
their input.  Standard library logging, uvicorn's included, goes through the same pipeline.
"""

import itertools
import json
import logging
import re
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from enum import Enum
from types import TracebackType
from typing import Protocol, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from watchword_server.domain.errors import WatchwordError

REDACTED = "[redacted]"
WITHHELD = "[message withheld]"
MAX_TEXT = 500
_FRAMES = 40
_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being answered; every line logged meanwhile carries it."""

_SECRET_WORDS = frozenset({
    "address", "authorization", "bearer", "body", "code", "codes", "cookie", "credentials",
    "email", "html", "msisdn", "otp", "params", "passcode", "password", "pepper", "peppers",
    "phone", "pin", "recipient", "secret", "secrets", "subject", "text", "to", "token",
    "variables",
})  # fmt: skip
"""Names of values that are never shown; `verify_code` counts because its last word does."""

_PLAIN_NAMES = frozenset({"status_code", "error_code", "exit_code", "vendor_code"})

_EMAIL = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;]+")
_PHONE = re.compile(r"\+\d[\d ().\-]{4,20}\d|(?<![\w.:/\-])\d{11,15}(?![\w.\-])")
_CODE = re.compile(r"(?<![\w.:/\-])\d{4,10}(?![\w\-]|\.\d)")

SPEAKING: tuple[type[BaseException], ...] = (
    WatchwordError, OSError, AttributeError, NameError, TypeError, ImportError, ArithmeticError,
    RecursionError, MemoryError,
)  # fmt: skip
"""Exceptions whose messages are logged (after layer 3): they name things, not values."""


# ---- redaction ------------------------------------------------------------------------------


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor that makes a log entry fit to be seen."""
    return {name: shown(name, value) for name, value in event.items()}


def shown(name: str, value: object) -> object:
    """What a log may show of a value."""
    if _is_secret(name):
        return value if value is None else REDACTED
    return _plain(value)


def _is_secret(name: str) -> bool:
    lowered = name.lower().replace("-", "_")
    if lowered in _PLAIN_NAMES:
        return False
    return lowered in _SECRET_WORDS or lowered.rpartition("_")[2] in _SECRET_WORDS


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, _Lines):
        return str.__str__(value)
    if isinstance(value, str):
        return scrub(str.__str__(value))
    return f"<{type(value).__name__}>"


def scrub(text: str) -> str:
    """Text without anything that looks like an address or a code, on one line."""
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    for pattern in (_EMAIL, _PHONE, _CODE):
        text = pattern.sub(REDACTED, text)
    return text


# ---- tracebacks -----------------------------------------------------------------------------


def show_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by what may be shown of it: types, places, harmless messages."""
    error = _error(event.pop("exc_info", None))
    if error is not None:
        event["error"] = type(error).__name__
        event["reason"] = _message(error)
        event["traceback"] = _Lines(_trace(error))
    return event


class _Lines(str):
    """Lines made by this module from file names and types; they need no redaction."""

    __slots__ = ()


def _error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    elif exc_info is True:
        exc_info = sys.exc_info()[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _message(error: BaseException) -> str:
    return scrub(str(error)) if isinstance(error, SPEAKING) else WITHHELD


def _trace(error: BaseException) -> str:
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.extend(_frames(current.__traceback__))
        lines.append(f"{type(current).__name__}: {_message(current)}")
        suppressed = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or suppressed
    return "\n".join(lines)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    """Places alone: no source line, since a line may hold a literal, and no values."""
    for frame, line in itertools.islice(traceback.walk_tb(trace), _FRAMES):
        yield f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"


# ---- the pipeline ---------------------------------------------------------------------------


def add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the request an entry belongs to."""
    current = request_id.get()
    if current is not None:
        event.setdefault("request_id", current)
    return event


def processors(log_format: str) -> list[Processor]:
    """The pipeline of every log entry; `redact` sees it last before it is written."""
    render = _as_json if log_format == "json" else _as_line
    return [
        add_request_id,
        structlog.processors.add_log_level,
        show_exception,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        render,
    ]


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name, None) for name in ("at", "level", "event")}
    return json.dumps(first | dict(event), ensure_ascii=False)


def _as_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    at, level, what = event.pop("at", ""), event.pop("level", ""), event.pop("event", "")
    trace = event.pop("traceback", None)
    facts = "  ".join(f"{name}={value}" for name, value in event.items())
    line = f"{at[11:23]}  {level:<8} {what}" + (f"  {facts}" if facts else "")
    return f"{line}\n{trace}" if trace else line


class _Bridge(logging.Handler):
    """Standard library records enter the pipeline; their arguments are redacted one by one."""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, Mapping):
            record.args = {name: shown(name, value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(_plain(value) for value in record.args)
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # the format wants a number where text was redacted
            text = str(record.msg)
        level = next((known for known in _LEVELS if known <= record.levelno), logging.DEBUG)
        get_logger(record.name).log(level, text, exc_info=record.exc_info)


class Stream(Protocol):
    """Where log lines go."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...


class _StandardError:
    """Standard error as it is when a line is written, not as it was at the import."""

    def write(self, text: str, /) -> object:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str = "info", log_format: str = "auto", stream: Stream | None = None) -> None:
    """Set logging up for this process; it may be called again.

    Args:
        level: debug, info, warning or error.
        log_format: json, console, or auto: console where standard error is a terminal.
        stream: where lines go; standard error unless said otherwise.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    _configure_structlog(number, log_format, stream or _StandardError())
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(max(number, logging.WARNING))  # libraries speak of their own details below it
    logging.getLogger("watchword_server").setLevel(number)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)


def _configure_structlog(level: int, log_format: str, stream: Stream) -> None:
    if log_format == "auto":
        log_format = "console" if sys.stderr.isatty() else "json"
    structlog.configure(
        processors=processors(log_format),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )


_configure_structlog(logging.INFO, "auto", _StandardError())  # nobody logs unredacted, ever


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose entries say `source=name`.  `event` is a constant, facts are arguments."""
    return cast(FilteringBoundLogger, structlog.get_logger(source=name))


# ---- counters -------------------------------------------------------------------------------

_counters: Counter[str] = Counter()
_counting = threading.Lock()


def count(name: str, by: int = 1) -> None:
    """Add to a counter of this process."""
    with _counting:
        _counters[name] += by


def counters() -> dict[str, int]:
    """All counters of this process, by name."""
    with _counting:
        return dict(sorted(_counters.items()))

"""Calls to a running server through the Python SDK, with its errors as problems."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from watchword import APIError, ConfigurationError, ConnectionFailed, Watchword, WatchwordError
from watchword_server import telemetry
from watchword_server.cli.command import Refused


@contextmanager
def calling() -> Iterator[Watchword]:
    """A client with the credentials of the environment.

    Raises:
        Refused: with the problem the server gave, or what kept it from answering.
    """
    telemetry.configure("warning")
    try:
        with Watchword() as client:
            yield client
    except WatchwordError as error:
        raise Refused(problem(error)) from error


def problem(error: WatchwordError) -> dict[str, Any]:
    """An error of the SDK as a problem."""
    if isinstance(error, APIError):
        return {
            "title": error.message,
            "status": error.http_status,
            "detail": error.detail,
            "code": error.code,
            "retryable": error.retryable,
            "retry_after": None if error.retry_after is None else math.ceil(error.retry_after),
            "next_action": error.next_action,
            "doc_url": error.doc_url,
            "request_id": error.request_id,
            **error.extra,
        }
    if isinstance(error, ConfigurationError):
        return {"title": "A setting is missing or wrong", "detail": str(error)}
    if isinstance(error, ConnectionFailed):
        return {
            "title": "The server did not answer",
            "detail": str(error),
            "fix": "Is it running? Start it: watchword-server serve. Elsewhere: set WATCHWORD_URL.",
        }
    return {"title": "The call failed", "detail": str(error)}

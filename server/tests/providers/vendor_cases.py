"""What the tests of vendors share: messages to a phone, callbacks, published schemas, live runs."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import msgspec
import pytest

from providers.contract import CODE, Situation, hand_over, message
from providers.vendor_peer import CALLBACK_URL
from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.ports.providers import Callback, Provider, Rejected, Unavailable, Uncertain

PHONE = "+447700900123"
SPELLED = ", ".join(CODE)
SAMPLES = Path(__file__).parent / "samples"
KINDS = {Rejected: "rejected", Unavailable: "unavailable", Uncertain: "uncertain"}


def to_phone(channel: str = "sms", **changes: object) -> Message:
    """A message to a phone, as it is rendered for the channel."""
    text = f"{CODE} is your Acme code."
    if channel == "voice":
        text = f"Your Acme code is: {SPELLED}. Once again: {SPELLED}. <Good> & bye."
    plain = message(to=PHONE, channel=channel, text=text, subject=None, html=None, ttl_s=300)
    return msgspec.structs.replace(plain, **changes)


async def outcome(provider: Provider, handed: Message) -> Receipt | tuple[str, Reason | None, str]:
    """The receipt; or the kind of failure, its reason and the raw words."""
    ended = await hand_over(Situation(lambda: provider, Receipt, handed))
    if ended.error is None:
        assert isinstance(ended.receipt, Receipt)
        return ended.receipt
    error = ended.error
    assert type(error) in KINDS, repr(error)
    return KINDS[type(error)], getattr(error, "reason", None), error.raw  # type: ignore[attr-defined]


def callback(
    body: bytes = b"", method: str = "POST", query: str = "", **headers: str
) -> Callback:  # fmt: skip
    """A request to the account's callback URL; `_` in a header's name stands for `-`."""
    return Callback(
        method=method,
        url=f"{CALLBACK_URL}?{query}" if query else CALLBACK_URL,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
    )


def sample(vendor: str, name: str) -> bytes:
    """A payload as the vendor documents or sends it."""
    return (SAMPLES / vendor / name).read_bytes()


class Published:
    """The operations of a vendor's published OpenAPI file, trimmed to what a body may hold."""

    def __init__(self, vendor: str) -> None:
        self.operations = json.loads(sample(vendor, "openapi.json"))["operations"]

    def complaints(self, operation: str, body: Any) -> list[str]:
        """Why the vendor would refuse the body; an unknown field is a reason."""
        schema = self.operations[operation]
        checker = jsonschema_rs.validator_for(schema, validate_formats=True)
        return [f"{error.instance_path}: {error.message}" for error in checker.iter_errors(body)]


def live(vendor: str, *names: str) -> list[str]:
    """Credentials from the environment; the test is skipped where one is missing."""
    wanted = [f"WATCHWORD_LIVE_{vendor.upper()}_{name}" for name in names]
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        pytest.skip(f"a live test needs {', '.join(missing)}")
    return [os.environ[name] for name in wanted]

"""The settings of an account: checked against what its vendor declares, sealed, shown.

What a vendor has to be told is told once: a secret goes in and no answer shows it again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from watchword_server.domain.errors import Misconfigured, Problem, bad_field
from watchword_server.domain.provider_account import ProviderAccount
from watchword_server.domain.sealing import NONCE_BYTES, Keyring
from watchword_server.domain.violations import problem_of
from watchword_server.ports.outside import Entropy
from watchword_server.ports.providers import Field, Vendors

Values = Mapping[str, object]

FILE = "_file"
"""What a setting ends in that names a file of the server."""
_SHORT = 3
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode
_NAMED = re.compile(r"(?:[\w-]+: )?(?P<name>\w+): (?P<advice>.+)", re.DOTALL)


class SettingsBox:
    """Seals the settings of accounts and opens them."""

    def __init__(self, keyring: Keyring, entropy: Entropy) -> None:
        self._keyring = keyring
        self._entropy = entropy

    def seal(self, project: bytes, account: bytes, values: Values) -> bytes:
        """What an account keeps of its settings."""
        nonce = self._entropy(NONCE_BYTES)
        return self._keyring.seal(project, account, _encode(dict(values)), nonce)

    def open(self, account: ProviderAccount) -> dict[str, object]:
        """What an account was told.

        Raises:
            Unsealable: the keyring is not the one it was sealed with.
        """
        return _decode(self._keyring.unseal(account.project, account.id, account.settings))


def checked(vendors: Vendors, provider: str, values: Values) -> msgspec.Struct:
    """The settings as the vendor's own type.

    Raises:
        Problem: BAD_FIELD naming `settings.<field>`; no value is repeated.
        Misconfigured: there is no such provider.
    """
    body = _body(vendors.settings_type(provider))
    try:
        made: msgspec.Struct = msgspec.convert({"settings": values}, body, strict=False).settings  # type: ignore[attr-defined]
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, ValueError):
            raise refusal(str(error.__cause__), values) from None
        raise problem_of(error, body, None) from None
    except Misconfigured as error:
        raise refusal(str(error), values) from None
    return made


@lru_cache(64)
def _body(settings: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A body with these settings in it, so that refusals name `settings.<field>`."""
    return msgspec.defstruct(
        "Body", [("settings", settings)], frozen=True, forbid_unknown_fields=True
    )


def refusal(said: str, values: Values) -> Problem:
    """A vendor's `name: advice` as the refusal of that setting."""
    match = _NAMED.fullmatch(said)
    known = match is not None and match["name"] in values
    field = f"settings.{match['name']}" if match is not None and known else "settings"
    advice = _without(match["advice"] if match is not None and known else said, values)
    sentence = f"`{field}`: {advice.rstrip('.')}."
    return bad_field(field, "value", sentence)


def _without(text: str, values: Values) -> str:
    """The text without anything that was submitted."""
    for value in sorted(_texts(values.values()), key=len, reverse=True):
        if len(value) >= _SHORT:
            text = text.replace(value, "***")
    return text


def _texts(values: Iterable[object]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value.values())
        elif isinstance(value, Sequence):
            yield from _texts(value)


def merged(
    kept: Values, given: Values, unset: Iterable[str], fields: Sequence[Field]
) -> dict[str, object]:
    """What an account is told after a change: a secret that is null or left out stays."""
    secret = {field.name for field in fields if field.secret}
    new = {name: value for name, value in given.items() if value is not None or name not in secret}
    gone = set(unset)
    return {name: value for name, value in {**kept, **new}.items() if name not in gone}


def shown(values: Values, fields: Sequence[Field]) -> tuple[dict[str, object], tuple[str, ...]]:
    """What may be seen of the settings, secrets as None; and which secrets are set."""
    secret = {field.name for field in fields if field.secret}
    known = {field.name for field in fields}
    seen = {
        name: None if name in secret else value for name, value in values.items() if name in known
    }
    return seen, tuple(sorted(name for name in values if name in secret))


def refuse_files(given: Values) -> None:
    """Refuse settings that name files of the server, which only its administrator may.

    Raises:
        Problem: BAD_FIELD.
    """
    for name, value in given.items():
        if name.endswith(FILE) and value is not None:
            field = f"settings.{name}"
            detail = (
                f"`{field}` names a file on the server: only its administrator may set it, with "
                "the scope server:admin or on the command line."
            )
            raise bad_field(field, "operator_only", detail)

"""The addresses in a request: parsed, or refused naming the field."""

from collections.abc import Container

from watchword_server.domain import address as addresses
from watchword_server.domain.address import Address, InvalidAddress, Kind
from watchword_server.domain.errors import INVALID_NUMBER, Problem, bad_field
from watchword_server.domain.numbering import Numbering


def recipient(
    to: str, numbering: Numbering, field: str = "to", magic: Container[str] = frozenset()
) -> Address:
    """The address in a field; `magic` ones need not exist.

    Raises:
        Problem: INVALID_NUMBER or, for an email address, BAD_FIELD.
    """
    try:
        return addresses.parse(to, numbering, field=field, magic=magic)
    except InvalidAddress as error:
        if "@" in to or field != "to":
            raise bad_field(field, error.rule, f"{error}.") from None
        extra: dict[str, str | int] = {"field": field, "rule": error.rule}
        raise Problem(INVALID_NUMBER, f"{error}.", extra=extra) from None


def alternate(email: str | None, numbering: Numbering) -> Address | None:
    """The second address of a recipient, if one is given.

    Raises:
        Problem: BAD_FIELD where it is no email address.
    """
    if email is None:
        return None
    found = recipient(email, numbering, "alternates.email")
    if found.kind is not Kind.EMAIL:
        raise bad_field("alternates.email", "email_syntax", "It is not an email address.")
    return found

"""The ways a code can reach a person."""

from enum import StrEnum


class Channel(StrEnum):
    """A way of reaching an address; the value is the word used on the wire."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    VOICE = "voice"
    SILENT = "silent"
    RCS = "rcs"
    TELEGRAM = "telegram"
    VIBER = "viber"


CODELESS: frozenset[Channel] = frozenset({Channel.SILENT})
"""Channels that prove an address through the carrier, so nothing is rendered for them."""

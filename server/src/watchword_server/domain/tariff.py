"""What messages cost, as far as the operator said so."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec


class Cost(msgspec.Struct, frozen=True):
    """An amount, written out (`0.0150`), and its currency (ISO 4217)."""

    amount: str
    currency: str


class Tariff:
    """Prices by channel and, where they differ, by country.

    Args:
        prices: pairs such as `("sms", "0.04")` and `("sms:SG", "0.032")`.
    """

    def __init__(self, prices: Iterable[tuple[str, str]], currency: str) -> None:
        self._prices = {name: Decimal(price) for name, price in prices}
        self._currency = currency

    def cost(self, channel: str, country: str | None, parts: int) -> Cost | None:
        """What a message of so many parts costs; None where no price is known."""
        price = self._prices.get(f"{channel}:{country}", self._prices.get(channel))
        return None if price is None else Cost(f"{price * parts:f}", self._currency)

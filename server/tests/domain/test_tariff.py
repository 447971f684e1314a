"""What messages cost, as far as it is known."""

import pytest

from watchword_server.domain.tariff import Cost, Tariff

TARIFF = Tariff((("sms", "0.04"), ("sms:SG", "0.032"), ("voice", "0.1")), "EUR")


@pytest.mark.parametrize(
    ("channel", "country", "parts", "amount"),
    [
        ("sms", None, 1, "0.04"),
        ("sms", "SG", 3, "0.096"),
        ("sms", "DE", 2, "0.08"),
        ("voice", "SG", 1, "0.1"),
    ],
)
def test_the_nearest_price_is_taken_for_each_part(channel, country, parts, amount):
    assert TARIFF.cost(channel, country, parts) == Cost(amount, "EUR")


def test_an_unknown_price_is_no_price():
    assert TARIFF.cost("email", "SG", 1) is None

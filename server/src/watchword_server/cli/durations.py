"""Durations and networks as they are typed: 30d, 24h, 15m, 90s; 203.0.113.0/24."""

import re
from ipaddress import ip_network

import click

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WRITTEN = re.compile(r"([0-9]{1,9})\s*([smhdw])", re.ASCII)
LONGEST_S = 10 * 365 * 86_400


def spelled(seconds: int) -> str:
    """Seconds as they would be typed: 24h, 90m."""
    for unit in ("d", "h", "m"):
        size = _UNITS[unit]
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


class Duration(click.ParamType[int]):
    """A number and its unit; the value is whole seconds."""

    name = "duration"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Seconds."""
        if isinstance(value, int):
            return value
        found = _WRITTEN.fullmatch(value.strip().lower())
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if found and seconds <= LONGEST_S:
            return seconds
        self.fail(f"{value!r} is no duration: write 30d, 24h, 15m or 90s.", param, ctx)


class Network(click.ParamType[str]):
    """An IP address or a network; the value is its CIDR."""

    name = "cidr"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The CIDR."""
        try:
            return str(ip_network(value.strip(), strict=True))
        except ValueError:
            self.fail(f"{value!r} is no network: write 203.0.113.0/24.", param, ctx)


DURATION = Duration()
NETWORK = Network()

"""The table of docs/providers/README.md, made from the registry of providers.

python scripts/provider_table.py    rewrites it
"""

import re
import sys

import tracked
from watchword_server import providers
from watchword_server.ports.providers import Provider

PAGE = tracked.ROOT / "docs/providers/README.md"
HEAD = (
    "| Provider | Channels | Delivery reports | They come by | Asks the vendor | It needs |",
    "|---|---|---|---|---|---|",
)
TABLE = re.compile(re.escape("\n".join(HEAD)) + r"\n(?:\|.*\n)*")


def row(name: str) -> str:
    """A provider's line: what it can do, and the settings it cannot do without."""
    adapter: type[Provider] = providers.load(name)
    needed = [f"`{field.name}`" for field in providers.fields(name) if field.required]
    cells = (
        f"[`{name}`]({name}.md)",
        ", ".join(sorted(adapter.channels)),
        "yes" if adapter.reports else "no",
        _way(adapter) if adapter.reports else "",
        "yes" if _has(adapter, "checkup") else "no",
        ", ".join(needed) or "nothing",
    )
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _way(adapter: type[Provider]) -> str:
    ways = {"told": "callback", "run": "session"}
    return ", ".join(way for method, way in ways.items() if _has(adapter, method))


def _has(adapter: type[Provider], method: str) -> bool:
    return getattr(adapter, method, None) is not getattr(Provider, method)


def table() -> str:
    """The whole table."""
    lines = (*HEAD, *(row(name) for name in sorted(providers.PROVIDERS)))
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table(), text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

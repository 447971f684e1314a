"""The table of contents: every page of `docs/`, by section and in the order of reading."""

from typing import NamedTuple


class Section(NamedTuple):
    """One heading of the documentation.

    Attributes:
        pages: their names: the path below `docs/` without its ending.
        folder: pages that are not named one by one: all that is in this folder.
    """

    title: str
    pages: tuple[str, ...] = ()
    folder: str | None = None


CONTENTS: tuple[Section, ...] = (
    Section("Start here", ("sandbox", "init")),
    Section(
        "Guides",
        (
            "templates",
            "routes",
            "provider-accounts",
            "delivery",
            "hosted-page",
            "code-blind",
            "mcp",
            "node",
            "function-calling",
            "skills",
            "callbacks",
            "opt-outs",
            "alerts",
            "webhooks",
            "events",
            "idempotency",
        ),
    ),
    Section("Providers", (), "providers"),
    Section("Run it", ("settings", "destinations", "performance", "agent-score")),
    Section("Commands", ("cli",), "cli"),
    Section("Move here", ("engagelab",), "migrate"),
    Section("API reference", (), "reference"),
    Section("Errors", (), "errors"),
    Section("Optional", (), "decisions"),
)

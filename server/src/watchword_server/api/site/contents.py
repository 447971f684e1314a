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
    Section("Start here", ("agents", "quickstart", "init", "send-and-verify", "sandbox")),
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
            "oauth",
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
    Section("Rules", ("rate-limits", "security", "guardrails")),
    Section("Providers", (), "providers"),
    Section(
        "Run it",
        (
            "self-hosting",
            "production",
            "settings",
            "destinations",
            "scaling",
            "performance",
            "agent-score",
        ),
    ),
    Section("Commands", ("cli",), "cli"),
    Section("Move here", ("engagelab",), "migrate"),
    Section("API reference", (), "reference"),
    Section("Errors", (), "errors"),
    Section("Optional", (), "decisions"),
)

"""What a stranger asks for first: how to get credentials, what to write down, whom to tell."""

from datetime import datetime, timedelta
from importlib import resources

_VALID = timedelta(days=180)
"""RFC 9116, section 2.5.5, recommends less than a year."""


def auth(url: str, is_sandbox_on: bool) -> str:
    """`/auth.md`: how a program gets credentials, and how it uses them."""
    sandbox = (
        "The sandbox is on: HTTP Basic `watchword_sandbox_demo:watchword_sandbox_secret` works at "
        "once, for whoever reaches this server, and sends nothing."
        if is_sandbox_on
        else "The sandbox is off on this server: ask its operator for a key."
    )
    return _text("auth.md", url=url, sandbox=sandbox)


def rules(url: str) -> str:
    """`/AGENTS.md`: what an application that integrates this server writes into its own."""
    return _text("integrators.md", url=url)


def security(url: str, contact: str | None, now: datetime) -> str:
    """`/.well-known/security.txt` (RFC 9116)."""
    to = f"{url}/docs/security" if contact is None else contact
    if "@" in to and ":" not in to:
        to = f"mailto:{to}"
    return (
        f"Contact: {to}\nExpires: {now + _VALID:%Y-%m-%dT%H:%M:%SZ}\n"
        f"Preferred-Languages: en\nCanonical: {url}/.well-known/security.txt\n"
        f"Policy: {url}/docs/security\n"
    )


def _text(name: str, **words: str) -> str:
    folder = resources.files("watchword_server.api.site") / "templates"
    text = (folder / name).read_text(encoding="utf-8")
    for placeholder, word in words.items():
        text = text.replace(f"{{{placeholder}}}", word)
    return text

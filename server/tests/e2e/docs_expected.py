"""What pages must print beside the output that they show themselves, and what they never print."""

from collections.abc import Callable
from typing import NamedTuple

from e2e.docs_runner import Ran


class Expected(NamedTuple):
    """Of one page; `came` judges what came to its peers."""

    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    came: Callable[[Ran], bool] = lambda ran: True


EXPECTED = {
    "README.md": Expected(("True approved", '"send_channel":"email"')),
    "docs/alerts.md": Expected(
        ("daily budget 50, low balance 20.",), came=lambda ran: len(ran.hooks) > 0
    ),
    "docs/callbacks.md": Expected(("sms",)),
    "docs/events.md": Expected(('"type":"key.created"', "delivery.delivered {")),
    "docs/idempotency.md": Expected(("sent once: True", "200 replayed: true")),
    "docs/mcp.md": Expected(('"name":"watchword"', "/mcp/server-card", '"streamable-http"')),
    "docs/oauth.md": Expected(
        (
            '"authorization_servers"',
            '"code_challenge_methods_supported": ["S256"]',
            "No client waits for access.",
            "No client has access.",
        )
    ),
    "docs/opt-outs.md": Expected(("+14*****2671", "from 09:00 to 20:00"), ("+14155552671",)),
    "docs/provider-accounts.md": Expected(
        (
            "Added mail-main, an account at smtp.",
            "The test message was accepted (email",
            "accepted: True None",
            "mail-main is in use, with weight 3.",
            "[set, not shown]",
        ),
        ("correct-horse",),
        lambda ran: len(ran.mails) == 2,
    ),
    "docs/providers/smpp.md": Expected(
        ("Added carrier, an account at smpp.", "the SMSC answers enquire_link"),
        ("s3cr3tpw",),
        lambda ran: ran.texts["+14155550123"] == 1,
    ),
    "docs/providers/smtp.md": Expected(("forged-callback",)),
    "docs/routes.md": Expected(
        (
            "  1. whatsapp: taken\n  2. sms: taken\n  3. voice: taken\nIt can be saved.",
            '"route_id":"log-in"',
            "  1. whatsapp: left out: condition\n  2. sms: taken\n",
            "(turn_too_late): step 2:",
            "It was to be expected.",
            "named by: ('confirm',)",
            "refused: templates_do_not_fit confirm",
            "sent by: whatsapp\nsent by: sms\n",
            "[None, None, 'condition', 'unreachable']",
            "Saved route sign-up: whatsapp(30s)|sms|voice.",
            "1. whatsapp, wait 30 s, not US CN",
            "Deleted route sign-up.",
        )
    ),
    "docs/sandbox.md": Expected(('"mode":"sandbox"', '"username":"sandbox_demo"')),
    "docs/templates.md": Expected(
        (
            "Submitted template log-in: approved.",
            "Submitted template log-in: pending.",
            "Template log-in: version 1 is rejected.",
            '{"code":0,"message":"success"}',
            "passed: True",
            "sent: pending",
            "Exampleの認証コードは123456です。 ucs2 1 None",
            "sms, ja, 1 x ucs2, 0.032 EUR",
            "asks_for_code",
            "It does not pass.",
        )
    ),
    "docs/webhooks.md": Expected(
        ("was answered with 200", "0 will be posted again", "whsec_"),
        came=lambda ran: len(ran.hooks) > 0,
    ),
}


def is_met(page: str, ran: Ran) -> bool:
    """Whether a page did what is expected of it."""
    expected = EXPECTED.get(page, Expected())
    missing = [word for word in expected.says if word not in ran.said]
    assert missing == [], f"{page} does not print {missing}:\n{ran.said}"
    assert not any(word in ran.said for word in expected.never), f"{page} tells a secret"
    assert expected.came(ran), f"{page}: nothing came, or another thing"
    return True

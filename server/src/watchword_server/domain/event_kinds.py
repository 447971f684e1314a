"""The one table of what events say: schemas, documentation and tests are made from it."""

from typing import NamedTuple

from watchword_server.domain.events import EventType


class Kind(NamedTuple):
    """One type of event.

    Attributes:
        said: when it happens, in a sentence.
        always: the data it always has, besides what it is about and `sequence`.
        sometimes: further data it may have.
    """

    said: str
    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()


_ENDED = ("to", "channel", "checks")
_DELIVERY = ("to", "channel", "provider", "delivery_id", "step")
_FAILURE = ("reason", "raw", "maybe_duplicate")
_AGENT = ("agent", "run_id")
_T = EventType

KINDS: dict[EventType, Kind] = {
    _T.VERIFICATION_CREATED: Kind(
        "A verification began; its first message is on its way.", ("to", "channel"), _AGENT
    ),
    _T.VERIFICATION_RESENT: Kind("The same code is sent again.", ("to", "channel"), _AGENT),
    _T.VERIFICATION_CHECK_FAILED: Kind("A wrong code was submitted.", ("checks", "checks_left")),
    _T.VERIFICATION_APPROVED: Kind(
        "The right code was submitted: the address is proven.", ("channel", "assurance", "checks")
    ),
    _T.VERIFICATION_EXPIRED: Kind("Its time was over before the right code came.", _ENDED),
    _T.VERIFICATION_CANCELED: Kind(
        "It was canceled, or another one for the same address took its place.", _ENDED, _AGENT
    ),
    _T.VERIFICATION_EXHAUSTED: Kind("The last check that was left failed.", _ENDED),
    _T.VERIFICATION_FAILED: Kind("No step of its route could be handed over at all.", _ENDED),
    _T.DELIVERY_SENT: Kind("A provider took the message.", _DELIVERY, _FAILURE),
    _T.DELIVERY_DELIVERED: Kind("The message arrived.", _DELIVERY, _FAILURE),
    _T.DELIVERY_UNDELIVERED: Kind(
        "A provider that took the message says that it did not arrive.", _DELIVERY, _FAILURE
    ),
    _T.DELIVERY_FAILED: Kind("No provider took the message.", _DELIVERY, _FAILURE),
    _T.DELIVERY_UNKNOWN: Kind("Nobody said what became of the message.", _DELIVERY, _FAILURE),
    _T.TEMPLATE_SUBMITTED: Kind("A template, or a change of one, waits for its review."),
    _T.TEMPLATE_APPROVED: Kind("A template may be sent from now on."),
    _T.TEMPLATE_REJECTED: Kind("A template was refused; its `audit_remark` says why."),
    _T.TEMPLATE_DELETED: Kind("A template was deleted."),
    _T.KEY_CREATED: Kind("An API key was made.", ("by",)),
    _T.KEY_UPDATED: Kind("An API key was changed.", ("by", "changed")),
    _T.KEY_ROTATED: Kind("An API key has a new secret.", ("by",)),
    _T.KEY_DELETED: Kind("An API key was deleted.", ("by",)),
    _T.WEBHOOK_DISABLED: Kind(
        "A webhook endpoint gets nothing more: it said so, or only failed for days.", ("reason",)
    ),
    _T.ALERT_CONVERSION_DROP: Kind(
        "Far fewer verifications of an hour were approved than of the day before it.",
        ("conversion", "usual", "started"),
    ),
    _T.ALERT_PROVIDER_DOWN: Kind(
        "A provider account fails so often that others are used.", ("provider",)
    ),
    _T.ALERT_PROVIDER_RECOVERED: Kind("A provider account is used again.", ("provider",)),
    _T.ALERT_LOW_BALANCE: Kind(
        "Less money is left with a provider than the project's threshold.",
        ("provider", "balance", "threshold"),
        ("currency",),
    ),
    _T.ALERT_BUDGET: Kind(
        "The messages of a day cost 80 % of the project's daily budget, or more.",
        ("spent", "budget", "currency", "day"),
    ),
    _T.ALERT_ENDPOINT_DISABLED: Kind(
        "A webhook endpoint was disabled, because it said that it is gone or only failed for days.",
        ("reason",),
    ),
    _T.MESSAGE_RECEIVED: Kind(
        "A person wrote to one of your numbers or accounts.",
        ("sender", "to", "channel", "provider", "said"),
        ("choice",),
    ),
}
"""Every type that is written.

`delivery.queued` is not: a delivery is queued with the event that made it.
"""

FAMILIES: dict[str, str] = {
    "verification": "One try to prove control of an address.",
    "delivery": "One hand-over of a message to one provider.",
    "template": "What messages say.",
    "key": "API keys.",
    "webhook": "Where webhooks go.",
    "message": "What people write to you.",
    "alert": "What the operator should look at.",
}

FIELDS: dict[str, str] = {
    "message_id": "The verification, also of its deliveries.",
    "template_id": "The template.",
    "key_id": "The API key: its public half.",
    "endpoint_id": "The webhook endpoint.",
    "incoming_id": "The message of a person.",
    "alert_id": "The alert: the same while it comes and goes, such as `provider.acme`.",
    "sequence": "Its place among the events of the same thing, from 1: webhooks may overtake "
    "one another.",
    "to": "The recipient, masked; of a person's message your number or account.",
    "channel": "The channel, such as `sms`.",
    "provider": "Who carried the message.",
    "delivery_id": "The delivery.",
    "step": "The step of the route, from 0.",
    "reason": "Why, as a word of a closed list.",
    "raw": "The vendor's own code for it.",
    "checks": "Codes looked at so far.",
    "checks_left": "Codes that will still be looked at.",
    "maybe_duplicate": "Whether an earlier hand-over may have arrived as well.",
    "assurance": "What the approval proves.",
    "by": "Who did it: the id of an API key, or `operator`.",
    "changed": "The names of the fields that were changed, with spaces between them.",
    "agent": "What the agent calls itself that did it by MCP; it proves nothing.",
    "run_id": "The run that it says it did it in.",
    "sender": "Who wrote, masked.",
    "said": "What they wrote, without codes and numbers: runs of four digits and more are `***`.",
    "choice": "Whether they want no more messages (`out`) or again some (`in`).",
    "conversion": "The approved share of the verifications of the hour, in percent.",
    "usual": "The same of the day before that hour.",
    "started": "How many verifications began in the hour.",
    "balance": "What is left, as the vendor writes it.",
    "threshold": "The project's `low_balance`.",
    "spent": "What the day's messages cost so far.",
    "budget": "The project's `daily_budget`.",
    "currency": "Of the amounts: ISO 4217.",
    "day": "The day in UTC, such as `2026-03-01`.",
}
"""What each member of `data` means."""

EXAMPLES: dict[str, object] = {
    "message_id": "ver_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
    "template_id": "otp-sms",
    "key_id": "key_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
    "endpoint_id": "whk_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
    "incoming_id": "inc_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
    "delivery_id": "dlv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60",
}
"""Ids as examples show them."""

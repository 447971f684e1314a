"""What a project lacks before it can verify people: an ordered table, and the first gap in it."""

from collections.abc import Callable, Collection
from enum import StrEnum

import msgspec

from watchword_server.domain.project import Mode, Scope


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a project and of the key that asks.

    Attributes:
        sendable: channels that an approved template has and an account carries.
        approved_templates: how many templates may be sent.
    """

    mode: Mode
    scopes: Collection[Scope]
    approved_templates: int
    sendable: Collection[str]
    has_sent: bool
    has_approved: bool
    has_webhook: bool


class Step(StrEnum):
    """What to do next."""

    GET_SCOPE = "get_scope"
    APPROVE_TEMPLATE = "approve_template"
    ADD_PROVIDER = "add_provider"
    SEND = "send"
    VERIFY = "verify"
    ADD_WEBHOOK = "add_webhook"
    GO_LIVE = "go_live"
    DONE = "done"


class Advice(msgspec.Struct, frozen=True):
    """One row of the table.

    Attributes:
        is_open: whether it is still to be done.
        doc: the page about it, by its path.
    """

    step: Step
    is_open: Callable[[Facts], bool]
    why: str
    action: str
    command: str
    doc: str


ADVICE: tuple[Advice, ...] = (
    Advice(
        Step.GET_SCOPE,
        lambda facts: not {Scope.MESSAGES_SEND, Scope.MESSAGES_READ} <= set(facts.scopes),
        "This key may not send codes and read their state.",
        "Ask the operator for a key with the scopes messages:send and messages:read.",
        "watchword-server keys create --name my-app",
        "/docs/cli/keys",
    ),
    Advice(
        Step.APPROVE_TEMPLATE,
        lambda facts: facts.approved_templates == 0,
        "The project has no approved template.",
        "Have the operator approve a template.",
        "watchword-server templates list",
        "/docs/templates",
    ),
    Advice(
        Step.ADD_PROVIDER,
        lambda facts: not facts.sendable,
        "No provider account carries a channel of an approved template.",
        "Have the operator add a provider account.",
        "watchword-server providers types",
        "/docs/providers",
    ),
    Advice(
        Step.SEND,
        lambda facts: not facts.has_sent,
        "Everything is ready, and no code was sent yet.",
        "Send the first code: POST /v1/messages, or the tool send_otp.",
        "watchword-server send +14155550123",
        "/docs/reference/messages",
    ),
    Advice(
        Step.VERIFY,
        lambda facts: not facts.has_approved,
        "Codes were sent, and none was verified yet.",
        "Have the person type the code: on the hosted page (verification_url), or in your own "
        "form, which calls POST /v1/verifications.",
        "watchword-server inbox",
        "/docs/hosted-page",
    ),
    Advice(
        Step.ADD_WEBHOOK,
        lambda facts: not facts.has_webhook,
        "It works; nobody is told of what happens.",
        "Make a webhook endpoint, or follow GET /v1/events/stream.",
        "watchword-server webhooks create https://example.com/hooks",
        "/docs/webhooks",
    ),
    Advice(
        Step.GO_LIVE,
        lambda facts: facts.mode is not Mode.LIVE,
        "It works in this project, whose messages stay in the inbox.",
        "Have the operator make the project live once a provider account is there.",
        "watchword-server projects set-mode default live",
        "/docs/settings",
    ),
)
"""In this order; the first that is open is the next step."""

DONE = Advice(
    Step.DONE, lambda _: True, "Nothing is missing.", "Watch the events.",
    "watchword-server doctor", "/docs/events",
)  # fmt: skip


def next_step(facts: Facts) -> tuple[Advice, tuple[Step, ...]]:
    """The first thing that is open, and what comes before it, done."""
    done: list[Step] = []
    for advice in ADVICE:
        if advice.is_open(facts):
            return advice, tuple(done)
        done.append(advice.step)
    return DONE, tuple(done)

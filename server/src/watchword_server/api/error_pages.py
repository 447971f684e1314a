"""The documentation of errors: one Markdown page per row of the table of errors."""

from watchword_server.domain.errors import KINDS, ErrorKind, NextAction

CAUSES: dict[str, str] = {
    "internal": "Something in the server failed that it did not expect. Whether the call took "
    "effect is not known: read the verification before you send again.",
    "unavailable": "The server is starting or stopping, or its database could not write. "
    "It answers so rather than losing or inventing anything.",
    "unauthenticated": "The `Authorization` header is missing, is neither `Basic` nor `Bearer`, "
    "or its key or secret is wrong.",
    "key-inactive": "The key was right once: it is disabled, it has expired, or its secret was "
    "rotated and the overlap is over. `reason` says which.",
    "forbidden": "The key is good but may not do this: it has not the scope of the call, or it "
    "is used from an address that is not on its allow-list.",
    "bad-json": "The body is empty, cut off, not UTF-8, or not JSON.",
    "body-too-large": "The body has more than 65,536 bytes.",
    "wrong-content-type": "The `Content-Type` header is missing or is not `application/json` in "
    "UTF-8.",
    "bad-field": "A field is missing, unknown, of the wrong type, or outside its bounds. `field` "
    "names it, as a path such as `template.id`; `rule` says what it breaks.",
    "wrong-host": "The `Host` header is neither the host of the server's public URL, nor a "
    "loopback name, nor on its list. This keeps web pages from reaching the server by "
    "rebinding a name.",
    "not-allowed-here": "The call is well formed, but the project or template does not permit it. "
    "`reason` names the rule, such as `live_project`, `template_not_approved` or "
    "`template_policy`.",
    "already-used": "The verification was approved before. Each code approves exactly once, "
    "however many checks arrive at the same time.",
    "ended": "The verification is not pending any more. `reason` says how it ended: `expired`, "
    "`exhausted`, `canceled` or `failed`.",
    "conflict": "Something of that name exists, or it was changed meanwhile. `reason` says more.",
    "already-so": "What is asked for was done before, by you or by somebody else. `reason` names "
    "the state, such as `already_approved`.",
    "request-in-flight": "Another request with the same `Idempotency-Key` and body has been "
    "running for more than 10 seconds, or whoever ran it was stopped and its lease is not over. "
    "Nothing was done for this one.",
    "idempotency-key-reused": "In the last 24 hours the same key of this API was used with this "
    "`Idempotency-Key` on this call and another body. Nothing was done.",
    "rate-limited": "A limit or a cool-down holds. `limit` names it; `message_id`, if there, is "
    "the verification that is pending for the address.",
    "unknown-id": "Nothing with this id exists in the project of the key. An id of another "
    "project gives the same answer.",
    "forged-callback": "A request to an account's callback URL was not signed by the account's "
    "vendor: the secret differs, the URL differs from the one that was signed, or somebody else "
    "sent it. Nothing of it was believed.",
    "unreadable-callback": "A request to an account's callback URL is nothing that the account's "
    "vendor sends, or the account's provider takes no callbacks.",
    "unknown-report": "A callback reports only on messages that this account did not send, or "
    "that were sent more than 30 days ago. It was kept for ten minutes, in case it was faster "
    "than the vendor's answer to the send.",
    "unknown-path": "The server has no such path. A trailing slash counts.",
    "wrong-method": "The path exists but does not take this method. The `Allow` header and "
    "`allow` list those it takes.",
    "send-failed": "The provider refused the message or did not answer.",
    "invalid-number": "`to` is not a phone number that exists in its country's numbering plan. "
    "`rule` says what is wrong with it.",
    "unreachable": "No channel of the route can reach this kind of address: email cannot reach a "
    "phone number, and SMS cannot reach an email address.",
    "no-channel": "The project is live, and the operator has configured no provider account that "
    "carries the channel.",
    "blacklisted": "The number is on a list of numbers that may not be written to.",
    "content-rejected": "The provider or a carrier refuses what the message says.",
    "intercepted": "A carrier or a filter stopped the message on its way.",
    "send-broken": "The provider took the message and failed to send it.",
    "region-closed": "The destination wants senders to be registered, as China does, and this "
    "one is not.",
    "switched-off": "The handset is off, out of reach, or its line is suspended.",
    "unsubscribed": "The recipient asked to be sent nothing more.",
    "unregistered": "The number exists in its country's plan, but no subscriber has it.",
    "no-channel-config": "A template names a channel in `send_channel_strategy` without "
    "saying what is sent there. The title is the field's own wording.",
}
"""Why each kind of error happens, by its slug."""

ACTIONS: dict[NextAction, str] = {
    NextAction.FIX_REQUEST: "Change the request; the same one will be refused again.",
    NextAction.FIX_ADDRESS: "Ask the person for another address.",
    NextAction.FIX_CREDENTIALS: "Use a key that works.",
    NextAction.REQUEST_SCOPE: "Ask for a key that may do this.",
    NextAction.WAIT: "Wait `retry_after` seconds, then send the same request.",
    NextAction.START_AGAIN: "Start a new verification.",
    NextAction.STOP: "Nothing is left to do.",
    NextAction.SWITCH_CHANNEL: "Try another channel.",
    NextAction.CONFIGURE_SERVER: "Tell the operator.",
    NextAction.RETRY: "Send the same request again, with a growing delay.",
}
"""What each `next_action` asks a program to do."""


def page(kind: ErrorKind) -> str:
    """The page of a kind: what it means, why it happens, what to do."""
    retry = "yes" if kind.retryable else "no"
    return f"""# {kind.title}

| code | HTTP status | retryable | next_action |
|---|---|---|---|
| {kind.code} | {kind.status} | {retry} | `{kind.next_action}` |

## Why it happens

{CAUSES[kind.slug]}

## What to do

{kind.fix}

As a program: {ACTIONS[kind.next_action][0].lower()}{ACTIONS[kind.next_action][1:]}
"""


def index() -> str:
    """The page that lists the pages."""
    rows = "".join(
        f"| [{kind.title}]({kind.slug}.md) | {kind.code} | {kind.status} | `{kind.next_action}` |\n"
        for kind in _sorted()
    )
    return f"""# Errors

Every error of the API has the same shape (RFC 9457), and its `doc_url` leads to one of these.

| error | code | HTTP status | next_action |
|---|---|---|---|
{rows}"""


def table() -> list[dict[str, object]]:
    """Every kind as data, for SDKs and documentation."""
    return [
        {
            "slug": kind.slug,
            "code": kind.code,
            "status": kind.status,
            "title": kind.title,
            "retryable": kind.retryable,
            "next_action": kind.next_action.value,
            "cause": CAUSES[kind.slug],
            "fix": kind.fix,
        }
        for kind in _sorted()
    ]


def _sorted() -> list[ErrorKind]:
    return sorted(KINDS, key=lambda kind: (kind.code, kind.status, kind.slug))

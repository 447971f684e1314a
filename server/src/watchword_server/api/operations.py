"""The table of operations: everything about the API is written there once."""

from watchword_server.api.operation import Operation
from watchword_server.api.resources import (
    agent,
    api_keys,
    custom_messages,
    events,
    guard,
    inbox,
    messages,
    opt_outs,
    projects,
    provider_accounts,
    provider_tests,
    routes,
    sandbox,
    sends,
    template_reviews,
    templates,
    verifications,
    webhook_deliveries,
    webhook_endpoints,
)

OPERATIONS: tuple[Operation, ...] = (
    *sends.OPERATIONS,
    *custom_messages.OPERATIONS,
    *messages.OPERATIONS,
    *verifications.OPERATIONS,
    *templates.OPERATIONS,
    *template_reviews.OPERATIONS,
    *routes.OPERATIONS,
    *inbox.OPERATIONS,
    *events.OPERATIONS,
    *sandbox.OPERATIONS,
    *api_keys.OPERATIONS,
    *projects.OPERATIONS,
    *guard.OPERATIONS,
    *opt_outs.OPERATIONS,
    *webhook_endpoints.OPERATIONS,
    *webhook_deliveries.OPERATIONS,
    *provider_accounts.OPERATIONS,
    *provider_tests.OPERATIONS,
    *agent.OPERATIONS,
)

BY_ID: dict[str, Operation] = {operation.id: operation for operation in OPERATIONS}

TAGS: dict[str, str] = {
    "messages": "Send a code, send it again, follow what became of it.",
    "verifications": "Check what the person typed.",
    "templates": "What messages say, on which channels and in which languages, and their review.",
    "routes": "Over which channels and provider accounts a code is tried, and for whom.",
    "inbox": "What a project that is not live would have sent.",
    "events": "What happened, as a list and as a stream.",
    "sandbox": "Try everything without signing up.",
    "api-keys": "Keys of the project: what each may do, from where, until when.",
    "projects": "The tenants of this server; for its administrator.",
    "guard": "Addresses that met a limit.",
    "providers": "The accounts at vendors through which a live project sends.",
    "opt-outs": "Who gets no messages.",
    "agent": "For coding agents: what to do next.",
    "webhooks": "Where events are posted to, what became of each, and posting them again.",
}

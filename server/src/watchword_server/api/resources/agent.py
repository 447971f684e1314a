"""For coding agents: what to do next."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta

from watchword_server.api.fields import URI, Reply, ShownMode, shown_mode
from watchword_server.api.operation import Call, Operation
from watchword_server.domain.next_step import Step


class NextStep(Reply, frozen=True, kw_only=True):
    """The one thing to do next, and what is done."""

    step: Annotated[Step, Meta(description="What to do.", examples=["send"])]
    why: Annotated[
        str,
        Meta(min_length=1, description="What is missing.", examples=["No code was sent yet."]),
    ]
    action: Annotated[
        str,
        Meta(
            min_length=1,
            description="How to do it.",
            examples=["Send the first code: POST /v1/messages."],
        ),
    ]
    command: Annotated[
        str,
        Meta(
            min_length=1,
            description="A command that does or shows it, for whoever runs the server.",
            examples=["watchword-server send +14155550123"],
        ),
    ]
    doc_url: Annotated[
        str,
        Meta(
            description="The page about it, as Markdown.",
            examples=["http://127.0.0.1:8080/docs/hosted-page.md"],
            extra_json_schema=URI,
        ),
    ]
    done: Annotated[
        Sequence[Step],
        Meta(max_length=len(Step), description="The steps before it.", examples=[["get_scope"]]),
    ]
    mode: ShownMode = UNSET


async def _next(call: Call, _body: None, _query: None) -> NextStep:
    advice, done = await call.services.advising.next_step(call.caller)
    return NextStep(
        step=advice.step,
        why=advice.why,
        action=advice.action,
        command=advice.command,
        doc_url=f"{call.services.hosted_pages.public_url}{advice.doc}.md",
        done=list(done),
        mode=shown_mode(call.caller),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="getNextStep",
        method="GET",
        path="/v1/agent/next-step",
        tag="agent",
        summary="Ask what to do next",
        description="Looks at the project and the key and says the one thing that is missing: a "
        "scope, a template, a provider account, a first code, a webhook.",
        scope=None,
        answer=NextStep,
        handler=_next,
    ),
)

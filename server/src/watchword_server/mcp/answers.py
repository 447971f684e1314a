"""What the tools answer; none of it has a place for a code."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """The shape of every answer: unknown fields are left out, so nothing slips through."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Verification(Answer):
    """Where a verification stands."""

    message_id: Annotated[str, Field(description="Its id, for the other tools.")]
    status: Annotated[
        str,
        Field(description="pending, approved, expired, canceled, exhausted or failed."),
    ]
    verification_url: Annotated[
        str | None,
        Field(
            description="Show this to the person: they type the code there, not in the chat. Null "
            "once the verification has ended."
        ),
    ] = None
    to: Annotated[str | None, Field(description="The recipient, masked.")] = None
    send_channel: Annotated[str | None, Field(description="The channel of the message.")] = None
    expires_at: Annotated[str | None, Field(description="Until when it can be verified.")] = None
    resend_after: Annotated[
        int | None, Field(description="Seconds until it may be sent again; null when never.")
    ] = None
    checks_left: Annotated[int | None, Field(description="Tries the person has left.")] = None
    declined: Annotated[
        bool, Field(description="The person did not want to open the page; nothing was approved.")
    ] = False
    next: Annotated[str, Field(description="What to do now.")] = ""
    limits: Annotated[
        dict[str, int] | None,
        Field(description="The tightest limit: requests left, and seconds until all are."),
    ] = None
    mode: Annotated[
        str | None, Field(description="development or sandbox: no message leaves the machine.")
    ] = None


class TemplateEntry(Answer):
    """A template that may be sent."""

    template_id: str
    channels: Annotated[
        list[str],
        Field(description="In the order in which they are tried; none where `route` says it."),
    ]
    route: Annotated[str | None, Field(description="The saved route it is sent by.")] = None
    description: str = ""
    brand: str = ""


class Templates(Answer):
    """The approved templates of the project."""

    templates: list[TemplateEntry]
    limits: dict[str, int] | None = None


class Found(Answer):
    """One page that a search found."""

    title: str
    url: Annotated[str, Field(description="The page as Markdown.")]
    excerpt: str


class Search(Answer):
    """What a search found, best first."""

    results: list[Found]


class Advice(Answer):
    """The one thing to do next."""

    step: str
    why: str
    action: str
    command: str
    doc_url: str
    done: list[str]
    limits: dict[str, int] | None = None


def refusal(problem: dict[str, Any]) -> str:
    """A problem in the words of the API, for the model to act on."""
    parts = [str(problem.get("detail") or problem.get("title") or "It was refused.")]
    for name in ("code", "next_action", "retry_after", "message_id", "doc_url"):
        if problem.get(name) is not None:
            parts.append(f"{name}: {problem[name]}")
    return " | ".join(parts)

"""What is asked for when a code is sent: the request types of the sending calls."""

from typing import Annotated

from msgspec import Meta

from watchword_server.api.fields import END, Body, Language, TemplateId, To
from watchword_server.domain.channel import Channel
from watchword_server.domain.route_plan import MAX_SHORT

_NAME = Annotated[str, Meta(min_length=1, max_length=40)]

Params = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=64)],
        Annotated[str, Meta(max_length=256)],
    ],
    Meta(
        max_length=50,
        description="Values for the template's own variables. The code, its lifetime and the "
        "brand are filled in by the server and cannot be overridden.",
        examples=[{"name": "Ada"}],
    ),
]
Purpose = Annotated[
    str,
    Meta(
        max_length=40,
        pattern=rf"^[a-z0-9_.-]*{END}",
        description="What the code is for, such as `login`; a code for one purpose does not "
        "verify another.",
        examples=["login"],
    ),
]


class TemplateChoice(Body, frozen=True, kw_only=True):
    """Which template is sent, and what is filled in."""

    id: TemplateId
    language: Language | None = None
    params: Params | None = None


class Alternates(Body, frozen=True, kw_only=True):
    """Other addresses of the same person, for the later steps of a route."""

    email: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=254,
            description="An email address; the verification then carries the weaker assurance.",
            examples=["ada@example.com"],
        ),
    ]


class Binding(Body, frozen=True, kw_only=True):
    """What the code authorises (PSD2 dynamic linking): it verifies for nothing else."""

    amount: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            description="The amount with its currency, as it is shown to the payer.",
            examples=["EUR 25.00"],
        ),
    ]
    payee: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=140,
            description="Who is paid.",
            examples=["Example Books"],
        ),
    ]


class SendMessage(Body, frozen=True, kw_only=True):
    """A code to be sent; `template` or its shorthand `template_id` is required."""

    to: To
    template: Annotated[
        TemplateChoice | None, Meta(description="What is said, and in which language.")
    ] = None
    template_id: Annotated[TemplateId, Meta(description="Shorthand for `template.id`.")] | None = (
        None
    )
    language: (
        Annotated[Language, Meta(description="With `template_id`: the language tag.")] | None
    ) = None
    params: (
        Annotated[Params, Meta(description="With `template_id`: the template's variables.")] | None
    ) = None
    channel: (
        Annotated[
            Channel,
            Meta(description="Send on this channel alone.", examples=["sms"]),
        ]
        | None
    ) = None
    route: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=MAX_SHORT,
                description="Channels in the order they are tried, instead of the template's, "
                "such as `whatsapp(30s)|sms`; or the id of a saved route.",
                examples=["sms|voice"],
            ),
        ]
        | None
    ) = None
    alternates: Annotated[
        Alternates | None, Meta(description="Other addresses of the same person.")
    ] = None
    ttl: (
        Annotated[
            int,
            Meta(
                ge=30,
                le=600,
                description="Seconds the code is good for; else the template's.",
                examples=[300],
            ),
        ]
        | None
    ) = None
    signals: (
        Annotated[
            dict[_NAME, Annotated[str, Meta(max_length=512)]],
            Meta(
                max_length=20,
                description="What is known about the person's device, against fraud: `ip`, "
                "`user_agent`, `device_id`, `session_id`.",
                examples=[{"ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}],
            ),
        ]
        | None
    ) = None
    binding: Annotated[
        Binding | None, Meta(description="The payment that the code authorises.")
    ] = None
    metadata: (
        Annotated[
            dict[_NAME, Annotated[str, Meta(max_length=500)]],
            Meta(
                max_length=20,
                description="Your own data, kept with the verification and given back.",
                examples=[{"user_id": "u_42"}],
            ),
        ]
        | None
    ) = None
    purpose: Purpose | None = None


_ABSENT = {"type": "null"}
TEMPLATE_OR_SHORTHAND = {
    "oneOf": [
        {
            "title": "with template",
            "required": ["template"],
            "properties": {
                "template": {"type": "object"},
                "template_id": _ABSENT,
                "language": _ABSENT,
                "params": _ABSENT,
            },
        },
        {
            "title": "with the shorthand",
            "required": ["template_id"],
            "properties": {"template_id": {"type": "string"}, "template": _ABSENT},
        },
    ],
    "anyOf": [
        {"properties": {"channel": _ABSENT}},
        {"properties": {"route": _ABSENT}},
    ],
}
"""What a type cannot say: which fields stand for one another."""


class SendCode(SendMessage, frozen=True, kw_only=True):
    """Your own code to be sent; `template` or its shorthand `template_id` is required."""

    code: Annotated[
        str,
        Meta(
            min_length=4,
            max_length=10,
            pattern=rf"^[A-Za-z0-9]+{END}",
            description="The code, 4 to 10 ASCII letters or digits. No answer repeats it.",
            examples=["482913"],
        ),
    ]


class ResendMessage(Body, frozen=True, kw_only=True):
    """How the code is sent again."""

    channel: (
        Annotated[
            Channel,
            Meta(
                description="Take the route's step of this channel now: the next that was not "
                "taken yet, else the last that was. Unset, the step that was taken last is "
                "repeated.",
                examples=["voice"],
            ),
        ]
        | None
    ) = None

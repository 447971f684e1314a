"""The configurations of a template's channels, in the field's own shape."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from watchword_server.api.fields import END, Body
from watchword_server.domain.template import Category

Tag = Annotated[
    str,
    Meta(
        max_length=35,
        pattern=rf"^[A-Za-z]{{2,8}}([_-][A-Za-z0-9]{{1,8}}){{0,3}}{END}",
        description="`default`, `zh_CN`, `zh_HK`, `en`, `ja`, `th`, `es` or any other language "
        "tag.",
        examples=["default"],
    ),
]
VariableName = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=rf"^[A-Za-z_][A-Za-z0-9_]*{END}")
]


class VerifyCodeConfig(Body, frozen=True, kw_only=True):
    """What a template's codes look like."""

    verify_code_type: Annotated[
        int,
        Meta(
            ge=1,
            le=7,
            description="The sum of 1 digits, 2 lower-case letters, 4 upper-case letters.",
            examples=[1],
        ),
    ]
    verify_code_len: Annotated[
        int, Meta(ge=4, le=10, description="Characters of a code.", examples=[6])
    ]
    verify_code_ttl: Annotated[
        int,
        Meta(
            ge=1,
            le=10,
            description="Minutes a code is good for; with WhatsApp 1, 5 or 10.",
            examples=[5],
        ),
    ]


class DefaultConfig(Body, frozen=True, kw_only=True):
    """What the server's own words include."""

    contain_security: Annotated[
        bool, Meta(description="The warning not to share the code.", examples=[True])
    ] = True
    contain_expire: Annotated[
        bool, Meta(description="How long the code is good for.", examples=[True])
    ] = True


class CustomConfig(Body, frozen=True, kw_only=True):
    """Your own words of an SMS."""

    custom_sub_type: Annotated[
        Category,
        Meta(
            description="What it is for. `authentication` must contain `{{code}}`.",
            examples=["authentication"],
        ),
    ] = Category.AUTHENTICATION
    custom_content: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1600,
            description="The text. Variables stand in double braces.",
            examples=["{{brand_name}}: {{code}} is your code, good for {{ttl}} minutes."],
        ),
    ]
    custom_country_codes: Annotated[
        str,
        Meta(
            max_length=1000,
            pattern=rf"^([A-Z]{{2}}(,[A-Z]{{2}})*)?{END}",
            description="Where it will be sent, for the reviewer.",
            examples=["HK,PH"],
        ),
    ] = ""


_FIXED = Annotated[
    int, Meta(ge=1, le=1, description="Always 1: the server's own words.", examples=[1])
]
_DEFAULT = Annotated[
    DefaultConfig, Meta(description="For `template_type` 1; without it, everything is included.")
]


class WhatsappConfig(Body, frozen=True, kw_only=True):
    """What WhatsApp says."""

    template_type: _FIXED = 1
    template_default_config: _DEFAULT = DefaultConfig()


class VoiceConfig(Body, frozen=True, kw_only=True):
    """What a call says; how long the code is good for is never spoken."""

    template_type: _FIXED = 1
    template_default_config: _DEFAULT = DefaultConfig()


class SmsConfig(Body, frozen=True, kw_only=True):
    """What an SMS says."""

    template_type: Annotated[
        int,
        Meta(ge=1, le=2, description="1: the server's own words. 2: your own.", examples=[2]),
    ] = 1
    template_default_config: _DEFAULT | UnsetType = UNSET
    template_custom_config: (
        Annotated[CustomConfig, Meta(description="For `template_type` 2.")] | UnsetType
    ) = UNSET


class EmailContent(Body, frozen=True, kw_only=True):
    """An email in one language."""

    language: Tag
    pre_from_name: Annotated[
        str, Meta(max_length=100, description="The sender's name.", examples=["Example"])
    ] = ""
    pre_from_mail: Annotated[
        str,
        Meta(
            max_length=254,
            pattern=rf"^([^@\s]+@[^@\s]+)?{END}",
            description="Kept for you, and not used: mail comes from the address of the server's "
            "mail account.",
            examples=["codes@example.com"],
        ),
    ]
    pre_subject: Annotated[
        str,
        Meta(
            min_length=1, max_length=255, description="The subject.", examples=["Your Example code"]
        ),
    ]
    template_content: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60_000,
            description="Text or HTML. Variables stand in double braces.",
            examples=["<p>Your {{brand_name}} code is <b>{{code}}</b>.</p>"],
        ),
    ]
    pre_param_map: Annotated[
        Mapping[VariableName, Annotated[str, Meta(max_length=256)]],
        Meta(
            max_length=50,
            description="Values of variables that a call does not give.",
            examples=[{"product": "Example Pro"}],
        ),
    ] = {}


class EmailConfig(Body, frozen=True, kw_only=True):
    """What an email says."""

    template_name: Annotated[
        str,
        Meta(min_length=1, max_length=128, description="A name for people.", examples=["log-in"]),
    ]
    template_custom_configs: Annotated[
        list[EmailContent],
        Meta(min_length=1, max_length=50, description="One entry for each language."),
    ]


class PwaConfig(Body, frozen=True, kw_only=True):
    """Kept for you, and not used: this server has no web app to link to."""

    pwa_platform: Annotated[
        str, Meta(max_length=100, description="The web app's platform.", examples=["web"])
    ] = ""
    pwa_code: Annotated[
        str, Meta(max_length=200, description="The web app's code.", examples=["demo"])
    ] = ""


class SmsSummary(Body, frozen=True, kw_only=True):
    """An SMS without its words."""

    template_type: Annotated[
        int,
        Meta(ge=1, le=2, description="1: the server's own words. 2: your own.", examples=[1]),
    ]
    template_parts: Annotated[
        int,
        Meta(ge=1, description="Segments that are paid, in the language default.", examples=[1]),
    ]


class SmsDetails(SmsConfig, frozen=True, kw_only=True):
    """What an SMS says, and how long it is."""

    template_parts: Annotated[
        int,
        Meta(ge=1, description="Segments that are paid, in the language default.", examples=[1]),
    ]


class EmailSummary(Body, frozen=True, kw_only=True):
    """An email without its words."""

    template_name: Annotated[
        str,
        Meta(min_length=1, max_length=128, description="A name for people.", examples=["log-in"]),
    ]

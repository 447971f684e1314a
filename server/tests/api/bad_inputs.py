"""Bad input, and what the API answers to it: one literal table.

`{words}` in braces are names of the test's world (see world.py).  A row is judged by status,
code, title, next_action, and by `field`, `rule` and `extra` where they are given.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

Outcome = tuple[int, int, str, str]

BAD_JSON = (400, 3001, "The body is not valid JSON", "fix_request")
TOO_LARGE = (413, 3001, "The body is too large", "fix_request")
WRONG_TYPE = (415, 3001, "The body is not application/json", "fix_request")
BAD_FIELD = (400, 3002, "A parameter does not meet its rule", "fix_request")
WRONG_HOST = (421, 3002, "This server does not answer to that Host", "fix_request")
NO_KEY = (401, 2001, "Authentication failed", "fix_credentials")
INACTIVE = (401, 2002, "API key expired or disabled", "fix_credentials")
FORBIDDEN = (403, 2004, "No permission for this call", "request_scope")
REFUSED = (400, 3003, "A business rule refuses this call", "fix_request")
USED = (409, 3003, "This verification is already approved", "stop")
ENDED = (410, 3003, "This verification has ended", "start_again")
CONFLICT = (409, 3003, "It exists already", "fix_request")
ALREADY_SO = (409, 3003, "It is in that state already", "stop")
LIMITED = (429, 3004, "Too many requests", "wait")
NOT_FOUND = (404, 4001, "Not found", "fix_request")
NO_PATH = (404, 4001, "No such path", "fix_request")
NO_METHOD = (405, 4001, "This path does not take that method", "fix_request")
BAD_NUMBER = (400, 5011, "Invalid phone number", "fix_address")
UNREACHABLE = (400, 5012, "Destination unreachable", "switch_channel")
NO_CHANNEL = (400, 3003, "No provider account for this channel", "configure_server")
NO_CONFIG = (400, 3003, "not contains any channel config", "fix_request")


@dataclass(frozen=True, repr=False)
class Bad:
    name: str
    call: str
    body: Any
    outcome: Outcome
    field: str | None = None
    rule: str | None = None
    headers: dict[str, str | None] = dataclasses.field(default_factory=dict)
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name.replace(" ", "-")


SEND = "POST /v1/messages"
CODES = "POST /v1/codes"
CHECK = "POST /v1/verifications"
LIST = "GET /v1/messages"
KEYS = "POST /v1/api-keys"
PROJECTS = "POST /v1/projects"
OPT_OUTS = "POST /v1/opt-outs"
TO = "+14155550199"
OTP = {"id": "otp-sms"}
GOOD = {"to": TO, "template": OTP}


def sending(name: str, outcome: Outcome, at: str | None, rule: str | None, **body: Any) -> Bad:
    return Bad(name, SEND, {**GOOD, **body}, outcome, at, rule)


def to(name: str, address: object, outcome: Outcome, rule: str) -> Bad:
    return sending(name, outcome, "to", rule, to=address)


def sent_as(name: str, outcome: Outcome, **headers: str | None) -> Bad:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Bad(name, SEND, GOOD, outcome, headers=named)


ADDRESSES = (
    to("an empty address", "", BAD_FIELD, "min_length"),
    to("blanks", "   ", BAD_NUMBER, "empty"),
    to("a number, not a string", 14155550199, BAD_FIELD, "type"),
    to("null", None, BAD_FIELD, "type"),
    to("a list of addresses", [TO], BAD_FIELD, "type"),
    to("255 characters", "+" + "1" * 254, BAD_FIELD, "max_length"),
    to("no country code", "4155550199", BAD_NUMBER, "country_code_missing"),
    to("00 for +", "0014155550199", BAD_NUMBER, "country_code_missing"),
    to("a country code that is none", "+999123456789", BAD_NUMBER, "country_code_unknown"),
    to("too short for its country", "+1415555", BAD_NUMBER, "possible"),
    to("no such range", "+11115550123", BAD_NUMBER, "valid"),
    to("16 digits", "+1415555019999999", BAD_NUMBER, "too_long"),
    to("an extension", "+14155550199 ext 12", BAD_NUMBER, "extension"),
    to("letters", "+1415CALLNOW", BAD_NUMBER, "letters"),
    to("Arabic digits", "+١٤١٥٥٥٥٠١٩٩", BAD_NUMBER, "unicode_digits"),
    to("a null character", "+1415555\x000199", BAD_NUMBER, "control_character"),
    to("a line feed", "+14155550199\n", BAD_NUMBER, "control_character"),
    to("an address without a host", "ada@", BAD_FIELD, "email_syntax"),
    to("two addresses", "ada@example.com,bob@example.com", BAD_FIELD, "email_syntax"),
    to("a header in an address", "ada@example.com\r\nBcc: x", BAD_FIELD, "control_character"),
    to("a name before the address", "Ada <ada@example.com>", BAD_FIELD, "email_syntax"),
    to("a local part beyond ASCII", "adä@example.com", BAD_FIELD, "email_local_ascii"),
    Bad("no address at all", SEND, {"template": OTP}, BAD_FIELD, "to", "required"),
    Bad("email by SMS", SEND, {**GOOD, "to": "ada@example.com"}, UNREACHABLE,
        extra={"channel": "sms"}),
)  # fmt: skip

TEMPLATES = (
    Bad("no template", SEND, {"to": TO}, BAD_FIELD, "template", "required"),
    sending("a template by name", BAD_FIELD, "template", "type", template="otp-sms"),
    sending("a template without id", BAD_FIELD, "template.id", "required", template={}),
    sending("an empty template id", BAD_FIELD, "template.id", "min_length", template={"id": ""}),
    sending("an id of 129", BAD_FIELD, "template.id", "max_length", template={"id": "x" * 129}),
    sending("a path as id", BAD_FIELD, "template.id", "pattern", template={"id": "../etc"}),
    sending("an unknown template", NOT_FOUND, None, None, template={"id": "no-such"}),
    sending("an odd member", BAD_FIELD, "template.lang", "unknown_field",
            template={"id": "otp-sms", "lang": "en"}),
    sending("template and shorthand", BAD_FIELD, "template_id", "conflict", template_id="otp-sms"),
    sending("language outside", BAD_FIELD, "language", "conflict", language="en"),
    sending("params outside", BAD_FIELD, "params", "conflict", params={"a": "b"}),
    sending("a language that is none", BAD_FIELD, "template.language", "pattern",
            template={"id": "otp-sms", "language": "e"}),
    sending("a language with a line feed", BAD_FIELD, "template.language", "pattern",
            template={"id": "otp-sms", "language": "en\n"}),
    sending("a language of 36", BAD_FIELD, "template.language", "max_length",
            template={"id": "otp-sms", "language": "a" * 36}),
    sending("params as a list", BAD_FIELD, "template.params", "type",
            template={"id": "otp-sms", "params": ["a"]}),
    sending("a number as value", BAD_FIELD, "template.params", "type",
            template={"id": "otp-sms", "params": {"n": 1}}),
    sending("a value of 257", BAD_FIELD, "template.params", "max_length",
            template={"id": "otp-sms", "params": {"n": "x" * 257}}),
    sending("51 params", BAD_FIELD, "template.params", "max_length",
            template={"id": "otp-sms", "params": {f"p{n}": "x" for n in range(51)}}),
    sending("a name of 65", BAD_FIELD, "template.params", "max_length",
            template={"id": "otp-sms", "params": {"n" * 65: "x"}}),
)  # fmt: skip

OPTIONS = (
    sending("a typo", BAD_FIELD, "chanel", "unknown_field", chanel="sms"),
    sending("an address as name", BAD_FIELD, "body", "unknown_field", **{"+14155550123": "x"}),
    sending("a channel that is none", BAD_FIELD, "channel", "enum", channel="pigeon"),
    sending("a channel in capitals", BAD_FIELD, "channel", "enum", channel="SMS"),
    sending("a channel without content", BAD_FIELD, "channel", "content", channel="email"),
    sending("a route that is none", BAD_FIELD, "route", "channel", route="sms|pigeon"),
    sending("a route with a hole", BAD_FIELD, "route", "empty_step", route="sms||voice"),
    sending("a route that turns", BAD_FIELD, "route", "repeated_channel", route="sms|sms"),
    sending("channel and route", BAD_FIELD, "route", "conflict", channel="sms", route="sms"),
    sending("a ttl of 29", BAD_FIELD, "ttl", "minimum", ttl=29),
    sending("a ttl of 601", BAD_FIELD, "ttl", "maximum", ttl=601),
    sending("a ttl with a fraction", BAD_FIELD, "ttl", "type", ttl=60.5),
    sending("a ttl in words", BAD_FIELD, "ttl", "type", ttl="60"),
    sending("true as ttl", BAD_FIELD, "ttl", "type", ttl=True),
    sending("a binding without payee", BAD_FIELD, "binding.payee", "required",
            binding={"amount": "1"}),
    sending("an amount of 33", BAD_FIELD, "binding.amount", "max_length",
            binding={"amount": "1" * 33, "payee": "x"}),
    sending("21 facts", BAD_FIELD, "metadata", "max_length",
            metadata={f"m{n}": "x" for n in range(21)}),
    sending("a fact of 501", BAD_FIELD, "metadata", "max_length", metadata={"m": "x" * 501}),
    sending("nested facts", BAD_FIELD, "metadata", "type", metadata={"m": {"n": "x"}}),
    sending("a purpose in capitals", BAD_FIELD, "purpose", "pattern", purpose="LOGIN"),
    sending("a purpose of 41", BAD_FIELD, "purpose", "max_length", purpose="x" * 41),
    sending("a bad alternate", BAD_FIELD, "alternates.email", "email_syntax",
            alternates={"email": "ada@"}),
    sending("signals as text", BAD_FIELD, "signals", "type", signals="203.0.113.7"),
    Bad("no code of its own", CODES, GOOD, BAD_FIELD, "code", "required"),
    Bad("a code of 3", CODES, {**GOOD, "code": "123"}, BAD_FIELD, "code", "min_length"),
    Bad("a code of 11", CODES, {**GOOD, "code": "1" * 11}, BAD_FIELD, "code", "max_length"),
    Bad("a code with a blank", CODES, {**GOOD, "code": "12 34"}, BAD_FIELD, "code", "pattern"),
    Bad("a code with a line feed", CODES, {**GOOD, "code": "1234\n"}, BAD_FIELD, "code",
        "pattern"),
    Bad("a number as code", CODES, {**GOOD, "code": 123456}, BAD_FIELD, "code", "type"),
    Bad("a code where none belongs", SEND, {**GOOD, "code": "123456"}, BAD_FIELD, "code",
        "unknown_field"),
)  # fmt: skip

BODIES = (
    Bad("nothing", SEND, b"", BAD_JSON, headers={"content-type": "application/json"}),
    Bad("no JSON", SEND, "to=%2B14155550199", BAD_JSON),
    Bad("JSON cut off", SEND, '{"to": "+14155550199"', BAD_JSON),
    Bad("a comma too many", SEND, '{"to": "+14155550199",}', BAD_JSON),
    Bad("a comment", SEND, '{"to": 1} // x', BAD_JSON),
    Bad("NaN", SEND, '{"ttl": NaN}', BAD_JSON),
    Bad("a broken tail behind an unknown field", SEND, '{"zz": 1, "to": }', BAD_JSON),
    Bad("not UTF-8", SEND, b'{"to": "\xff\xfe"}', BAD_JSON),
    Bad("UTF-16", SEND, '{"to": "x"}'.encode("utf-16"), BAD_JSON),
    Bad("half a surrogate", SEND, '{"to": "\\ud800 x"}', BAD_JSON),
    Bad("nested 60,000 deep", SEND, "[" * 60_000, BAD_JSON),
    Bad("a list", SEND, [GOOD], BAD_FIELD, "body", "type"),
    Bad("null for a body", SEND, "null", BAD_FIELD, "body", "type"),
    Bad("a string for a body", SEND, '"x"', BAD_FIELD, "body", "type"),
    Bad("65,537 bytes", SEND, b" " * 65_537, TOO_LARGE),
    Bad("a long body, announced", SEND, b"{}", TOO_LARGE, headers={"content-length": "65537"}),
    Bad("a length that is no number", SEND, b"{}", TOO_LARGE, headers={"content-length": "-1"}),
    sent_as("a form", WRONG_TYPE, content_type="application/x-www-form-urlencoded"),
    sent_as("plain text", WRONG_TYPE, content_type="text/plain"),
    sent_as("no type", WRONG_TYPE, content_type=None),
    sent_as("another encoding", WRONG_TYPE, content_type="application/json; charset=latin1"),
    sent_as("a near miss", WRONG_TYPE, content_type="application/jsonp"),
    Bad("text to resend", "POST /v1/messages/{pending}/resend", "sms", WRONG_TYPE,
        headers={"content-type": "text/plain"}),
    Bad("a bad channel to resend", "POST /v1/messages/{pending}/resend", {"channel": "x"},
        BAD_FIELD, "channel", "enum"),
)  # fmt: skip

HEADERS = (
    sent_as("no credentials", NO_KEY, authorization=None),
    sent_as("empty credentials", NO_KEY, authorization=""),
    sent_as("an unknown scheme", NO_KEY, authorization="Digest x"),
    sent_as("a scheme alone", NO_KEY, authorization="Basic"),
    sent_as("no base64", NO_KEY, authorization="Basic !!!!"),
    sent_as("base64 of bytes", NO_KEY, authorization="Basic //79/w=="),
    sent_as("no colon", NO_KEY, authorization="Basic YWJj"),
    sent_as("an unknown key", NO_KEY, authorization="Bearer key_" + "0" * 32 + ".wws_x"),
    sent_as("a wrong secret", NO_KEY, authorization="Bearer {main_id}.wws_wrong"),
    sent_as("a secret alone", NO_KEY, authorization="Bearer {main_secret}"),
    sent_as("bytes beyond ASCII", NO_KEY, authorization="Bearer é.é"),
    sent_as("a disabled key", INACTIVE, authorization="{disabled_key}"),
    sent_as("an expired key", INACTIVE, authorization="{expired_key}"),
    sent_as("a key used elsewhere", FORBIDDEN, authorization="{elsewhere_key}"),
    sent_as("a key that may only check", FORBIDDEN, authorization="{checker_key}"),
    Bad("no right to read", LIST, None, FORBIDDEN, headers={"authorization": "{checker_key}"},
        extra={"scope": "messages:read"}),
    Bad("permission comes before the body", SEND, "no JSON", FORBIDDEN,
        headers={"authorization": "{checker_key}"}),
    Bad("credentials come before the body", SEND, "no JSON", NO_KEY,
        headers={"authorization": None}),
    sent_as("another host", WRONG_HOST, host="evil.example"),
    sent_as("no host", WRONG_HOST, host=None),
    sent_as("an empty host", WRONG_HOST, host=""),
    sent_as("a host with a path", WRONG_HOST, host="127.0.0.1/x"),
    sent_as("a host that only begins so", WRONG_HOST, host="localhost.evil.example"),
    sent_as("the host comes first", WRONG_HOST, host="evil.example", authorization=None),
)  # fmt: skip

PATHS = (
    Bad("no such path", "GET /v1/nothing", None, NO_PATH),
    Bad("a trailing slash", "POST /v1/messages/", GOOD, NO_PATH),
    Bad("another version", "POST /v2/messages", GOOD, NO_PATH),
    Bad("no version", "POST /messages", GOOD, NO_PATH),
    Bad("a path too deep", "GET /v1/messages/{pending}/resend/x", None, NO_PATH),
    Bad("an empty id", "GET /v1/messages//resend", None, NO_PATH),
    Bad("a path needs no key to be unknown", "GET /v1/nothing", None, NO_PATH,
        headers={"authorization": None}),
    Bad("the wrong method", "PUT /v1/messages", GOOD, NO_METHOD, extra={"allow": "GET, POST"}),
    Bad("delete of a list", "DELETE /v1/messages", None, NO_METHOD),
    Bad("options", "OPTIONS /v1/verifications", None, NO_METHOD, extra={"allow": "POST"}),
    Bad("post to a page", "POST /healthz", None, NO_METHOD, extra={"allow": "GET, HEAD"}),
    Bad("no such page", "GET /docs/errors/nothing.md", None, NO_PATH),
)  # fmt: skip

QUERIES = (
    Bad("a limit of 0", f"{LIST}?limit=0", None, BAD_FIELD, "limit", "minimum"),
    Bad("a limit of 101", f"{LIST}?limit=101", None, BAD_FIELD, "limit", "maximum"),
    Bad("a limit in words", f"{LIST}?limit=ten", None, BAD_FIELD, "limit", "type"),
    Bad("an empty limit", f"{LIST}?limit=", None, BAD_FIELD, "limit", "type"),
    Bad("two limits", f"{LIST}?limit=1&limit=2", None, BAD_FIELD, "limit", "duplicate"),
    Bad("a state that is none", f"{LIST}?status=done", None, BAD_FIELD, "status", "enum"),
    Bad("a cursor that is none", f"{LIST}?cursor=x", None, BAD_FIELD, "cursor", "pattern"),
    Bad("a parameter nobody knows", f"{LIST}?page=2", None, BAD_FIELD, "page", "unknown_field"),
    Bad("bytes that are no text", f"{LIST}?status=%ff", None, BAD_FIELD, "query", "encoding"),
    Bad("a bad address", "GET /v1/inbox/messages?to=nobody", None, BAD_FIELD, "to", "letters"),
)  # fmt: skip

STATES = (
    Bad("an approved code", CHECK, {"message_id": "{approved}", "verify_code": "482913"}, USED),
    Bad("an expired code", CHECK, {"message_id": "{expired}", "verify_code": "482913"}, ENDED,
        extra={"reason": "expired"}),
    Bad("a canceled code", CHECK, {"message_id": "{canceled}", "verify_code": "482913"}, ENDED,
        extra={"reason": "canceled"}),
    Bad("an exhausted code", CHECK, {"message_id": "{exhausted}", "verify_code": "482913"},
        ENDED, extra={"reason": "exhausted"}),
    Bad("a foreign code", CHECK, {"message_id": "{foreign}", "verify_code": "482913"}, NOT_FOUND),
    Bad("an unknown code", CHECK, {"message_id": "{unknown}", "verify_code": "1"}, NOT_FOUND),
    Bad("an id that is none", CHECK, {"message_id": "x", "verify_code": "1"}, NOT_FOUND),
    Bad("a key for a message", CHECK, {"message_id": "{main_id}", "verify_code": "1"}, NOT_FOUND),
    Bad("no id", CHECK, {"verify_code": "482913"}, BAD_FIELD, "message_id", "required"),
    Bad("no code", CHECK, {"message_id": "{pending}"}, BAD_FIELD, "verify_code", "required"),
    Bad("an empty code", CHECK, {"message_id": "{pending}", "verify_code": ""}, BAD_FIELD,
        "verify_code", "min_length"),
    Bad("a code of 33", CHECK, {"message_id": "{pending}", "verify_code": "1" * 33}, BAD_FIELD,
        "verify_code", "max_length"),
    Bad("a code as a number", CHECK, {"message_id": "{pending}", "verify_code": 482913},
        BAD_FIELD, "verify_code", "type"),
    Bad("cancel an approved one", "POST /v1/messages/{approved}/cancel", None, USED),
    Bad("cancel a canceled one", "POST /v1/messages/{canceled}/cancel", None, ENDED),
    Bad("cancel a foreign one", "POST /v1/messages/{foreign}/cancel", None, NOT_FOUND),
    Bad("resend an expired one", "POST /v1/messages/{expired}/resend", None, ENDED),
    Bad("resend a foreign one", "POST /v1/messages/{foreign}/resend", None, NOT_FOUND),
    Bad("resend too soon", "POST /v1/messages/{pending}/resend", None, LIMITED,
        extra={"message_id": "{pending}", "limit": "cooldown"}),
    Bad("send again too soon", SEND, {"to": "{busy_number}", "template": OTP}, LIMITED,
        extra={"limit": "cooldown", "retryable": True}),
    Bad("read a foreign one", "GET /v1/messages/{foreign}", None, NOT_FOUND),
    Bad("read an unknown one", "GET /v1/messages/{unknown}", None, NOT_FOUND),
    Bad("an id in capitals", "GET /v1/messages/VER_00", None, NOT_FOUND),
)  # fmt: skip

CONFIGS = "POST /v1/template-configs"
OWN = "PATCH /v1/template-configs/otp-sms"
SAID = {"template_id": "x", "send_channel_strategy": "sms"}
LURE = {"sms": {"default": {"text": "{{code}}: you have won"}}}

TEMPLATE_CONFIGS = (
    Bad("a new template without id", CONFIGS, {"send_channel_strategy": "sms"}, BAD_FIELD,
        "template_id", "required"),
    Bad("a template without strategy", CONFIGS, {"template_id": "x"}, BAD_FIELD,
        "send_channel_strategy", "required"),
    Bad("a step without words", CONFIGS, SAID, NO_CONFIG, "sms_config"),
    Bad("words of fraud", CONFIGS, {**SAID, "contents": LURE}, REFUSED, "sms_config", "prize",
        extra={"reason": "template_policy"}),
    Bad("a template id that is taken", CONFIGS,
        {**SAID, "template_id": "otp-sms", "sms_config": {}}, CONFLICT, "template_id"),
    Bad("words for a channel that is none", OWN, {"contents": {"fax": {}}}, BAD_FIELD,
        "contents", "enum"),
    Bad("a language that is no tag", OWN, {"contents": {"sms": {"e": {"text": "x"}}}},
        BAD_FIELD, "contents", "pattern"),
    Bad("a type that is none", OWN, {"sms_config": {"template_type": 3}}, BAD_FIELD,
        "sms_config.template_type", "maximum"),
    Bad("an unknown template to change", "PATCH /v1/template-configs/no", {}, NOT_FOUND),
    Bad("an unknown version", "POST /v1/template-configs/otp-sms/preview", {"version": 99},
        NOT_FOUND),
    Bad("a preview of another channel", "POST /v1/template-configs/otp-sms/preview",
        {"channel": "email", "language": "en"}, BAD_FIELD, "channel", "content"),
    Bad("a yes to what is approved", "POST /v1/template-configs/otp-sms/approve", None, ALREADY_SO,
        extra={"reason": "already_approved"}),
    Bad("a no without a word", "POST /v1/template-configs/otp-sms/reject", {"remark": ""},
        BAD_FIELD, "remark", "min_length"),
    Bad("a domain that is none", "PATCH /v1/projects/{other_project}",
        {"link_domains": ["https://example.com"]}, BAD_FIELD, "link_domains[0]", "pattern"),
)  # fmt: skip

PUT = "PUT /v1/routes/log-in"
LOOK = "POST /v1/routes/check"


def saving(name: str, at: str, rule: str, *steps: dict[str, object]) -> Bad:
    return Bad(name, PUT, {"steps": list(steps)}, BAD_FIELD, at, rule)


def in_short(name: str, words: str, rule: str) -> Bad:
    return Bad(name, PUT, {"short_form": words}, BAD_FIELD, "short_form", rule)


SMS_STEP, VOICE_STEP = {"channel": "sms"}, {"channel": "voice"}

ROUTES = (
    Bad("a route of nothing", PUT, {}, BAD_FIELD, "steps", "required"),
    Bad("a route in both forms", PUT, {"steps": [SMS_STEP], "short_form": "sms"}, BAD_FIELD,
        "short_form", "conflict"),
    Bad("a route with a typo", PUT, {"step": [SMS_STEP]}, BAD_FIELD, "step", "unknown_field"),
    Bad("a route called check", "PUT /v1/routes/check", {"short_form": "sms"}, NO_METHOD),
    Bad("a route called sms", "PUT /v1/routes/sms", {"short_form": "sms"}, BAD_FIELD, "route_id",
        "reserved"),
    Bad("a route with an odd id", "PUT /v1/routes/a%20b", {"short_form": "sms"}, BAD_FIELD,
        "route_id", "id"),
    Bad("a route with a long id", f"PUT /v1/routes/{'x' * 65}", {"short_form": "sms"}, BAD_FIELD,
        "route_id", "id"),
    Bad("a long description", PUT, {"short_form": "sms", "description": "x" * 256}, BAD_FIELD,
        "description", "max_length"),
    Bad("an unknown route to read", "GET /v1/routes/none", None, NOT_FOUND),
    Bad("an unknown route to delete", "DELETE /v1/routes/none", None, NOT_FOUND),
    Bad("routes without the right", "GET /v1/routes", None, FORBIDDEN,
        headers={"authorization": "{checker_key}"}, extra={"scope": "routes:manage"}),
    saving("no step", "steps", "min_length"),
    saving("eleven steps", "steps", "max_length", *[SMS_STEP] * 11),
    saving("a step without channel", "steps[0].channel", "required", {}),
    saving("a step of no channel", "steps[1].channel", "enum", SMS_STEP, {"channel": "pigeon"}),
    saving("a step in capitals", "steps[0].channel", "enum", {"channel": "SMS"}),
    saving("a step with a typo", "steps[0].wait", "unknown_field", {**SMS_STEP, "wait": 30}),
    saving("a wait of 0", "steps[1].wait_s", "minimum", SMS_STEP, {**VOICE_STEP, "wait_s": 0}),
    saving("a wait of 601", "steps[0].wait_s", "maximum", {**SMS_STEP, "wait_s": 601}),
    saving("a wait in words", "steps[0].wait_s", "type", {**SMS_STEP, "wait_s": "30s"}),
    saving("an until that is none", "steps[0].until", "enum", {**SMS_STEP, "until": "read"}),
    saving("a step by an account in capitals", "steps[0].accounts[0]", "pattern",
           {**SMS_STEP, "accounts": ["A"]}),
    saving("an account twice", "steps[0].accounts", "duplicate",
           {**SMS_STEP, "accounts": ["a", "a"]}),
    saving("an account that is not there", "steps[1].accounts", "unknown_account", VOICE_STEP,
           {**SMS_STEP, "accounts": ["nobody"]}),
    saving("a country that is none", "steps[0].when.countries", "country",
           {**SMS_STEP, "when": {"countries": ["XX"]}}),
    saving("a country in small letters", "steps[0].when.countries[0]", "pattern",
           {**SMS_STEP, "when": {"countries": ["sg"]}}),
    saving("a type of number that is none", "steps[0].when.number_types[0]", "enum",
           {**SMS_STEP, "when": {"number_types": ["landline"]}}),
    saving("a condition that is none", "steps[0].when.project", "unknown_field",
           {**SMS_STEP, "when": {"project": "x"}}),
    saving("a condition against itself", "steps[0].when.not_countries", "contradiction",
           {**SMS_STEP, "when": {"countries": ["SG"], "not_countries": ["SG"]}}),
    saving("a type its country has not", "steps[0].when.number_types", "contradiction",
           {**SMS_STEP, "when": {"countries": ["US"], "number_types": ["mobile"]}}),
    saving("a step twice", "steps[2]", "repeated_step", SMS_STEP, VOICE_STEP, SMS_STEP),
    saving("a step too late", "steps[1]", "turn_too_late", {**SMS_STEP, "wait_s": 600}, VOICE_STEP),
    in_short("a short form with a hole", "sms||voice", "empty_step"),
    in_short("a short form of no channel", "sms|pigeon", "channel"),
    in_short("a short form that turns", "sms|sms", "repeated_channel"),
    in_short("a short form with a long wait", "sms(601s)|voice", "wait_s"),
    in_short("a short form with an odd option", "sms(30)|voice", "option"),
    in_short("a short form of 401", "x" * 401, "max_length"),
    sending("a route in short with an odd wait", BAD_FIELD, "route", "wait_s", route="sms(0s)"),
    sending("a route that is not there", NOT_FOUND, "route", None, route="none"),
    Bad("a template of both ways", CONFIGS, {**SAID, "route": "log-in"}, BAD_FIELD, "route",
        "conflict"),
    Bad("a template of a route that is not there", CONFIGS,
        {"template_id": "x", "route": "none", "sms_config": {}}, BAD_FIELD, "route",
        "unknown_route"),
    Bad("nothing to look at", LOOK, {}, BAD_FIELD, "steps", "required"),
    Bad("an unknown route to look at", LOOK, {"route_id": "none"}, NOT_FOUND),
    Bad("two routes to look at", LOOK, {"route_id": "x", "short_form": "sms"}, BAD_FIELD,
        "short_form", "conflict"),
    Bad("a route for nobody", LOOK, {"short_form": "sms", "to": "nobody"}, BAD_NUMBER, "to",
        "letters"),
    Bad("a route for no template", LOOK, {"short_form": "sms", "template_id": "none"}, NOT_FOUND),
)  # fmt: skip

CONTROL = (
    Bad("an inbox of a live project", "GET /v1/inbox/messages", None, REFUSED,
        headers={"authorization": "{live_key}"}, extra={"reason": "live_project"}),
    Bad("a live project without a provider", SEND, GOOD, NO_CHANNEL,
        headers={"authorization": "{live_key}"}, extra={"channel": "sms"}),
    Bad("an unknown template to read", "GET /v1/template-configs/nothing", None, NOT_FOUND),
    Bad("a key without a name", KEYS, {}, BAD_FIELD, "name", "required"),
    Bad("an empty name", KEYS, {"name": ""}, BAD_FIELD, "name", "min_length"),
    Bad("a name with a line feed", KEYS, {"name": "a\nb"}, BAD_FIELD, "name", "pattern"),
    Bad("a scope that is none", KEYS, {"name": "x", "scopes": ["all"]}, BAD_FIELD, "scopes[0]",
        "enum"),
    Bad("no scopes", KEYS, {"name": "x", "scopes": []}, BAD_FIELD, "scopes", "min_length"),
    Bad("a network that is none", KEYS, {"name": "x", "allowed_ips": ["10.0.0.0/99"]},
        BAD_FIELD, "allowed_ips", "cidr"),
    Bad("a key for 59 seconds", KEYS, {"name": "x", "expires_in": 59}, BAD_FIELD, "expires_in",
        "minimum"),
    Bad("a key of no project", KEYS, {"name": "x", "project": "prj_x"}, NOT_FOUND),
    Bad("an unknown key to read", "GET /v1/api-keys/key_" + "0" * 32, None, NOT_FOUND),
    Bad("a foreign key", "GET /v1/api-keys/{other_id}", None, NOT_FOUND),
    Bad("delete a foreign key", "DELETE /v1/api-keys/{other_id}", None, NOT_FOUND),
    Bad("rotate a foreign key", "POST /v1/api-keys/{other_id}/rotate", None, NOT_FOUND),
    Bad("an overlap below 0", "POST /v1/api-keys/{main_id}/rotate", {"overlap": -1}, BAD_FIELD,
        "overlap", "minimum"),
    Bad("disabled in words", "PATCH /v1/api-keys/{main_id}", {"disabled": "yes"}, BAD_FIELD,
        "disabled", "type"),
    Bad("projects without the right", "GET /v1/projects", None, FORBIDDEN,
        headers={"authorization": "{checker_key}"}, extra={"scope": "server:admin"}),
    Bad("a name that is taken", PROJECTS, {"name": "other"}, CONFLICT),
    Bad("a mode that is none", PROJECTS, {"name": "x", "mode": "test"}, BAD_FIELD, "mode",
        "enum"),
    Bad("an unknown project", "GET /v1/projects/prj_" + "0" * 32, None, NOT_FOUND),
    Bad("a limit that is none", "PATCH /v1/projects/{other_project}",
        {"limits": {"speed": {"count": 1, "period": 1}}}, BAD_FIELD, "limits", "limit"),
    Bad("a limit of nothing", "PATCH /v1/projects/{other_project}",
        {"limits": {"key": {"count": 0, "period": 1}}}, BAD_FIELD, "limits.count", "minimum"),
    Bad("unlock nobody", "POST /v1/guard/unlock", {"to": "nobody"}, BAD_FIELD, "to", "letters"),
    Bad("opt nobody out", OPT_OUTS, {"to": "nobody"}, BAD_FIELD, "to", "letters"),
    Bad("opt out of a fax", OPT_OUTS, {"to": TO, "channels": ["fax"]}, BAD_FIELD, "channels[0]"),
    Bad("opt a number out of email", OPT_OUTS, {"to": TO, "channels": ["email"]}, BAD_FIELD,
        "channels", "reach"),
    Bad("lift what is not there", "DELETE /v1/opt-outs?to=%2B14155550198", None, NOT_FOUND),
)  # fmt: skip

PROVIDERS = "POST /v1/providers"
PROVIDER = "prv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"
SMTP = {"name": "mail", "provider": "smtp"}
MAIL = {"host": "127.0.0.1", "from_address": "codes@watchword.test"}


def account(what: str, at: str, rule: str, **body: Any) -> Bad:
    return Bad(what, PROVIDERS, {**SMTP, "settings": MAIL, **body}, BAD_FIELD, at, rule)


PROVIDER_ACCOUNTS = (
    Bad("an account without a provider", PROVIDERS, {"name": "mail"}, BAD_FIELD, "provider",
        "required"),
    account("a provider that is none", "provider", "enum", provider="pigeon-post"),
    account("the inbox as a provider", "provider", "enum", provider="inbox"),
    account("an account without a name", "name", "min_length", name=""),
    account("an account named in capitals", "name", "pattern", name="MAIL"),
    account("an account with a space", "name", "pattern", name="mail two"),
    account("an account named like ours", "name", "reserved", name="inbox"),
    account("a weight below 0", "weight", "minimum", weight=-1),
    account("a weight above 1000", "weight", "maximum", weight=1001),
    account("settings as a list", "settings", "type", settings=[1]),
    account("a setting too few", "settings.from_address", "required",
            settings={"host": "127.0.0.1"}),
    account("a setting too many", "settings.hostname", "unknown_field",
            settings={**MAIL, "hostname": "mail.watchword.test"}),
    account("a port in words", "settings.port", "type", settings={**MAIL, "port": "many-many"}),
    account("a port too high", "settings.port", "maximum", settings={**MAIL, "port": 70_000}),
    account("a security that is none", "settings.security", "enum",
            settings={**MAIL, "security": "ssl-or-so"}),
    account("a password alone", "settings.password", "value",
            settings={**MAIL, "password": "tok-Zq81-canary"}),
    account("a host that is none", "settings.host", "value",
            settings={**MAIL, "host": "not a host"}),
    account("a number as host", "settings.host", "type", settings={**MAIL, "host": 127001}),
    Bad("an unknown account", f"GET /v1/providers/{PROVIDER}", None, NOT_FOUND),
    Bad("an account with a bad id", "GET /v1/providers/prv_x", None, NOT_FOUND),
    Bad("change an unknown account", f"PATCH /v1/providers/{PROVIDER}", {"weight": 1}, NOT_FOUND),
    Bad("delete an unknown account", f"DELETE /v1/providers/{PROVIDER}", None, NOT_FOUND),
    Bad("test an unknown account", f"POST /v1/providers/{PROVIDER}/test", {"to": TO}, NOT_FOUND),
    Bad("test without a recipient", f"POST /v1/providers/{PROVIDER}/test", {}, BAD_FIELD, "to",
        "required"),
    Bad("test by pigeon", f"POST /v1/providers/{PROVIDER}/test",
        {"to": TO, "channel": "pigeon"}, BAD_FIELD, "channel", "enum"),
    Bad("the health of no account", f"GET /v1/providers/{PROVIDER}/health", None, NOT_FOUND),
    Bad("a check-up in words", f"GET /v1/providers/{PROVIDER}/health?checkup=perhaps", None,
        BAD_FIELD, "checkup", "type"),
    Bad("a dry run of no account", f"POST /v1/providers/{PROVIDER}/dry-run", {"to": TO},
        NOT_FOUND),
    Bad("another name", f"PATCH /v1/providers/{PROVIDER}", {"name": "other"}, BAD_FIELD, "name",
        "unknown_field"),
    Bad("accounts without the right", "GET /v1/providers", None, FORBIDDEN,
        headers={"authorization": "{checker_key}"}, extra={"scope": "providers:manage"}),
)  # fmt: skip

BAD_INPUTS: tuple[Bad, ...] = (
    *ADDRESSES,
    *TEMPLATES,
    *OPTIONS,
    *BODIES,
    *HEADERS,
    *PATHS,
    *QUERIES,
    *STATES,
    *TEMPLATE_CONFIGS,
    *ROUTES,
    *CONTROL,
    *PROVIDER_ACCOUNTS,
)

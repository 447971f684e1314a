"""Templates at work: what is approved is sent, in the language asked for."""

import msgspec
import pytest

from services.desk import is_refused, refusal
from watchword_server.domain import catalogue
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import NOT_ALLOWED_HERE, UNKNOWN_ID
from watchword_server.domain.template import Alphabet, Content, Status, Template

CONTENT = {Channel.SMS: {"default": Content("{{name}}: {{code}} ({{brand_name}})")}}


async def put(desk, **changes):
    plain = Template(
        "mine", (Channel.SMS,), CONTENT, brand_name="Acme", status=Status.APPROVED,
        code_length=8, ttl_s=120,
    )  # fmt: skip
    chosen = msgspec.structs.replace(plain, **changes)
    await desk.runtime.store.write(lambda tx: tx.templates.put(desk.caller.project, chosen))
    desk.services.directory.forget()


async def sent(desk, **asked):
    verification = await desk.start(template="mine", **asked)
    await desk.deliver()
    return (await desk.timeline(verification)).verification, desk.sms.messages[-1]


async def test_a_template_says_how_long_its_code_is_and_lives(desk):
    await put(desk, code_alphabet=Alphabet.UPPERCASE)
    verification, message = await sent(desk)
    assert len(message.code) == 8 and message.code.isupper()
    assert verification.expires_at == desk.clock.now() + 120_000
    assert message.sender == "Acme"


async def test_values_of_the_caller_are_filled_in_and_never_expanded(desk):
    await put(desk)
    _, message = await sent(desk, params={"name": "{{code}}", "brand_name": "Evil", "code": "0"})
    assert message.text.count(message.code) == 1
    assert "Evil" not in message.text


@pytest.mark.parametrize("status", [Status.PENDING, Status.REJECTED])
async def test_a_template_that_is_not_approved_is_not_sent(desk, status):
    await put(desk, status=status)
    problem = await refusal(desk.start(template="mine"))
    is_refused(problem, NOT_ALLOWED_HERE, reason="template_not_approved")


async def test_a_template_that_is_gone_at_the_hand_over_fails_that_step(desk):
    await put(desk)
    verification = await desk.start(template="mine")
    connection = desk.runtime.store._connection
    connection.execute("DELETE FROM templates WHERE id = 'mine'")
    desk.services.directory.forget()
    await desk.deliver()
    (delivery,) = (await desk.timeline(verification)).deliveries
    assert (delivery.status, delivery.reason) == ("failed", "misconfigured")


async def test_a_message_is_in_the_language_asked_for(desk):
    texts = []
    for number, language in enumerate(("en", "fr", "es")):
        await desk.start(f"+141555526{70 + number}", language=language)
        await desk.deliver()
        texts.append(desk.sms.messages[-1].text.replace(desk.code, ""))
        assert desk.sms.messages[-1].language == language
    assert len(set(texts)) == 3


async def test_every_built_in_template_is_sent(desk):
    for number, template in enumerate(catalogue.templates()):
        if template.id in ("otp-whatsapp", "otp-email"):
            continue
        await desk.start(f"+1415555{2660 + number}", template=template.id)
        await desk.deliver()
    assert {one.channel for one in (*desk.sms.messages, *desk.voice.messages)} == {"sms", "voice"}


async def test_a_template_of_another_project_is_not_there(desk):
    await put(desk)
    await desk.services.projects.create("other", desk.caller.mode)
    other = await desk.runtime.operator("other")
    is_refused(await refusal(desk.services.templates.get(other, "mine")), UNKNOWN_ID)
    assert "mine" not in {one.used.id for one in await desk.services.templates.all(other)}


async def test_an_email_is_from_the_name_its_content_gives(desk):
    said = Content("{{code}} for {{product}}", "A code", None, "Codes", {"product": "Pro"})
    await put(desk, strategy=(Channel.EMAIL,), contents={Channel.EMAIL: {"default": said}})
    for number, (params, product) in enumerate((({}, "Pro"), ({"product": "Mine"}, "Mine"))):
        await desk.start(f"ada{number}@example.com", template="mine", params=params)
        await desk.deliver()
        message = desk.mail.messages[-1]
        assert (message.sender, message.text) == ("Codes", f"{message.code} for {product}")

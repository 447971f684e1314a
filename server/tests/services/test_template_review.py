"""The life of a template: submitted, judged, changed, withdrawn, deleted; every version kept."""

import asyncio

import msgspec
import pytest

from services.desk import is_refused, opened, refusal
from watchword_server.domain.channel import Channel
from watchword_server.domain.errors import (
    ALREADY_SO,
    BAD_FIELD,
    CONFLICT,
    NO_CHANNEL_CONFIG,
    NOT_ALLOWED_HERE,
    UNKNOWN_ID,
)
from watchword_server.domain.project import Mode
from watchword_server.domain.template import Content, Status, Template
from watchword_server.services.templates import preview, service
from watchword_server.testing import ManualClock

TEXT = "{{brand_name}}: {{code}} is your code."
PLAIN = Template(
    "mine", (Channel.SMS,), {Channel.SMS: {"default": Content(TEXT)}}, brand_name="Example"
)
PENDING, APPROVED, REJECTED = Status.PENDING, Status.APPROVED, Status.REJECTED


def saying(text):
    return lambda old: msgspec.structs.replace(
        old, contents={Channel.SMS: {"default": Content(text)}}
    )


class Shelf:
    """A desk with one template on it."""

    def __init__(self, desk):
        self.desk = desk
        self.templates = desk.services.templates

    async def submit(self, **changes):
        return await self.templates.create(
            self.desk.caller, msgspec.structs.replace(PLAIN, **changes)
        )

    async def change(self, text):
        return await self.templates.change(self.desk.caller, "mine", saying(text))

    async def review(self, status, version=None):
        return await self.templates.review(self.desk.caller, "mine", status, "a remark", version)

    async def stands(self):
        standing = await self.templates.get(self.desk.caller, "mine")
        used, newest = standing.used, standing.newest
        return (used.version, used.status), (newest.version, newest.status)

    async def events(self):
        project = self.desk.caller.project
        found = await self.desk.runtime.store.read(lambda tx: tx.events.of(project, b"mine"))
        return [each.type.removeprefix("template.") for each in found]

    async def said(self, to):
        await self.desk.start(to, template="mine")
        await self.desk.deliver()
        return self.desk.sms.messages[-1].text.replace(self.desk.code, "#")


@pytest.fixture
def shelf(desk):
    return Shelf(desk)


async def unsent_until_approved(shelf):
    """Nobody gets a message of a template before a person has said yes, or after a no."""
    refused = await refusal(shelf.desk.start(template="mine"))
    is_refused(refused, NOT_ALLOWED_HERE, reason="template_not_approved")
    await shelf.review(REJECTED)
    refused = await refusal(shelf.desk.start(template="mine"))
    is_refused(refused, NOT_ALLOWED_HERE, reason="template_not_approved")
    assert shelf.desk.sms.messages == []
    await shelf.review(APPROVED)
    assert await shelf.said("+14155552671") == "Example: # is your code."


async def test_a_template_is_sent_once_a_person_has_approved_it(shelf):
    submitted = await shelf.submit()
    assert (submitted.used.status, submitted.used.version) == (PENDING, 1)
    await unsent_until_approved(shelf)


async def test_a_template_that_needs_no_yes_mutant_is_caught(tmp_path, clock):
    async with opened(tmp_path, clock, template_auto_approve="on") as desk:
        shelf = Shelf(desk)
        await shelf.submit()
        with pytest.raises(AssertionError):
            await unsent_until_approved(shelf)


async def the_approved_version_stays(shelf):
    await shelf.change(f"Anew. {TEXT}")
    assert await shelf.stands() == ((1, APPROVED), (2, PENDING))
    assert (await shelf.said("+14155552672")).startswith("Example")
    await shelf.review(REJECTED)
    assert await shelf.stands() == ((1, APPROVED), (2, REJECTED))
    await shelf.change(f"Again. {TEXT}")
    await shelf.review(APPROVED)
    assert await shelf.stands() == ((3, APPROVED), (3, APPROVED))
    assert (await shelf.said("+14155552673")).startswith("Again.")


async def test_a_change_is_reviewed_while_the_approved_version_stays_in_use(shelf):
    await shelf.submit()
    await shelf.review(APPROVED)
    await the_approved_version_stays(shelf)


async def test_a_change_that_takes_effect_at_once_mutant_is_caught(tmp_path, clock):
    async with opened(tmp_path, clock, template_auto_approve="on") as desk:
        shelf = Shelf(desk)
        await shelf.submit()
        with pytest.raises(AssertionError):
            await the_approved_version_stays(shelf)


async def test_every_version_is_kept_with_its_review(shelf):
    await shelf.submit()
    for number in range(3):
        await shelf.change(f"{number}. {TEXT}")
    await shelf.review(APPROVED, version=2)
    used, versions = await shelf.templates.versions(shelf.desk.caller, "mine")
    assert used == 2
    assert [each.version for each in versions] == [4, 3, 2, 1]
    assert [each.status for each in versions] == [PENDING, PENDING, APPROVED, PENDING]
    assert [each.contents[Channel.SMS]["default"].text[0] for each in versions] == list("210{")
    assert versions[2].reviewed_by == "operator" and versions[2].audit_remark == "a remark"
    assert versions[2].reviewed_at == shelf.desk.clock.now()


async def nothing_unread_is_approved(shelf):
    """A version that was submitted after the reviewer looked is not approved in its place."""
    await shelf.change(f"Behind your back. {TEXT}")
    is_refused(await refusal(shelf.review(APPROVED)), CONFLICT, reason="several_versions_wait")
    await shelf.review(APPROVED, version=1)
    assert await shelf.stands() == ((1, APPROVED), (2, PENDING))


async def test_a_version_that_came_meanwhile_is_not_approved_unread(shelf):
    await shelf.submit()
    await nothing_unread_is_approved(shelf)
    await shelf.review(APPROVED)
    assert await shelf.stands() == ((2, APPROVED), (2, APPROVED))


async def test_an_approval_of_whatever_is_newest_mutant_is_caught(shelf, monkeypatch):
    await shelf.submit()
    monkeypatch.setattr(service, "takewhile", lambda condition, versions: ())
    with pytest.raises(AssertionError):
        await nothing_unread_is_approved(shelf)


async def test_an_older_version_can_be_brought_back(shelf):
    await shelf.submit()
    await shelf.review(APPROVED)
    await shelf.change(f"Anew. {TEXT}")
    await shelf.review(APPROVED)
    await shelf.review(APPROVED, version=1)
    assert await shelf.stands() == ((1, APPROVED), (2, APPROVED))


async def test_a_withdrawn_version_stops_the_template_even_at_the_hand_over(shelf):
    await shelf.submit()
    await shelf.review(APPROVED)
    await shelf.change(f"Anew. {TEXT}")
    await shelf.review(APPROVED)
    verification = await shelf.desk.start(template="mine")
    await shelf.review(REJECTED)
    await shelf.desk.deliver()
    (delivery,) = (await shelf.desk.timeline(verification)).deliveries
    assert (delivery.status, delivery.reason) == ("failed", "misconfigured")
    assert shelf.desk.sms.messages == []
    assert await shelf.stands() == ((2, REJECTED), (2, REJECTED))
    is_refused(await refusal(shelf.desk.start("+14155552679", template="mine")), NOT_ALLOWED_HERE)


async def test_a_decision_is_made_once(shelf):
    await shelf.submit()
    await shelf.review(APPROVED)
    is_refused(await refusal(shelf.review(APPROVED)), ALREADY_SO, reason="already_approved")
    await shelf.review(REJECTED)
    is_refused(await refusal(shelf.review(REJECTED)), ALREADY_SO, reason="already_rejected")
    is_refused(await refusal(shelf.review(APPROVED, version=9)), UNKNOWN_ID)


async def test_every_step_is_an_event_without_words(shelf):
    await shelf.submit()
    await shelf.review(REJECTED)
    await shelf.change(f"Anew. {TEXT}")
    await shelf.review(APPROVED)
    await shelf.templates.delete(shelf.desk.caller, "mine")
    happened = ["submitted", "rejected", "submitted", "approved", "deleted"]
    assert await shelf.events() == happened


async def test_a_deleted_template_is_gone_with_its_versions(shelf):
    await shelf.submit()
    await shelf.change(f"Anew. {TEXT}")
    await shelf.templates.delete(shelf.desk.caller, "mine")
    is_refused(await refusal(shelf.templates.delete(shelf.desk.caller, "mine")), UNKNOWN_ID)
    is_refused(await refusal(shelf.stands()), UNKNOWN_ID)
    assert (await shelf.submit()).newest.version == 1
    assert len((await shelf.templates.versions(shelf.desk.caller, "mine"))[1]) == 1


async def test_what_cannot_be_saved_is_refused_with_its_rule(shelf):
    voiceless = shelf.submit(strategy=(Channel.SMS, Channel.VOICE))
    is_refused(await refusal(voiceless), NO_CHANNEL_CONFIG, field="voice_config")
    is_refused(await refusal(shelf.submit(brand_name="E")), BAD_FIELD, field="brand_name")
    lured = shelf.submit(contents={Channel.SMS: {"default": Content(f"{TEXT} You have won.")}})
    extra = {"reason": "template_policy", "rule": "prize", "field": "sms_config"}
    is_refused(await refusal(lured), NOT_ALLOWED_HERE, **extra)
    await shelf.submit()
    is_refused(await refusal(shelf.submit()), CONFLICT, field="template_id")
    is_refused(await refusal(shelf.change("Nothing")), BAD_FIELD, rule="code")
    assert await shelf.stands() == ((1, PENDING), (1, PENDING))


async def test_changes_at_the_same_time_each_make_a_version(shelf):
    await shelf.submit()
    changes = [shelf.change(f"{number}. {TEXT}") for number in range(3)]
    done = await asyncio.gather(*changes, return_exceptions=True)
    made = [each for each in done if not isinstance(each, Exception)]
    for each in done:
        if isinstance(each, Exception):
            is_refused(each, CONFLICT, reason="changed_meanwhile")
    _, versions = await shelf.templates.versions(shelf.desk.caller, "mine")
    assert len(versions) == 1 + len(made)
    assert sorted(each.newest.version for each in made) == list(range(2, 2 + len(made)))


async def test_links_may_lead_where_the_project_may(shelf):
    linked = {Channel.SMS: {"default": Content(f"{TEXT} https://www.example.com")}}
    is_refused(await refusal(shelf.submit(contents=linked)), NOT_ALLOWED_HERE, rule="link_foreign")
    project = shelf.desk.caller.project
    await shelf.desk.services.projects.update(project, None, None, None, ("example.com",))
    assert (await shelf.submit(contents=linked)).newest.version == 1


async def goes_live(tmp_path, clock: ManualClock, **settings):
    """A template of a development project, approved by the setting; then the project is live."""
    async with opened(tmp_path, clock, **settings) as desk:
        shelf = Shelf(desk)
        project = desk.caller.project
        await desk.services.projects.update(project, None, Mode.DEVELOPMENT, None)
        submitted = await shelf.submit()
        before = submitted.used.status, submitted.used.automatic
        await desk.services.projects.update(project, None, Mode.LIVE, None)
        return before, await shelf.stands(), await shelf.events()


async def test_an_approval_by_the_setting_does_not_outlast_development(tmp_path, clock):
    before, after, events = await goes_live(tmp_path, clock)
    assert before == (APPROVED, True)
    assert after == ((1, PENDING), (1, PENDING))
    assert events == ["submitted", "approved", "submitted"]


async def test_an_approval_that_outlasts_it_mutant_is_caught(tmp_path, clock):
    _, after, _ = await goes_live(tmp_path, clock, template_auto_approve="on")
    with pytest.raises(AssertionError):
        assert after == ((1, PENDING), (1, PENDING))


async def test_a_person_s_yes_outlasts_development_and_returns_to_use(tmp_path, clock):
    async with opened(tmp_path, clock) as desk:
        shelf = Shelf(desk)
        await shelf.submit()
        await shelf.review(APPROVED)
        project = desk.caller.project
        await desk.services.projects.update(project, None, Mode.DEVELOPMENT, None)
        await shelf.change(f"Anew. {TEXT}")
        assert await shelf.stands() == ((2, APPROVED), (2, APPROVED))
        await desk.services.projects.update(project, None, Mode.LIVE, None)
        assert await shelf.stands() == ((1, APPROVED), (2, PENDING))
        assert "otp-sms" in {
            each.used.id
            for each in await shelf.templates.all(desk.caller)
            if each.used.status is APPROVED
        }


def said(page, text=TEXT):
    return Content(text, "Your code", page)


def alone(content):
    return {Channel.EMAIL: {"default": content}}


MANY = "{{a}}" * 9_000


async def a_preview_is_bounded(shelf, contents, rule):
    """Whatever is stored, a preview answers with no more than MAX_RENDERED characters."""
    stored = msgspec.structs.replace(PLAIN, strategy=(Channel.EMAIL,), contents=contents)
    project = shelf.desk.caller.project
    await shelf.desk.runtime.store.write(lambda tx: tx.templates.put(project, stored))
    values = {"a": "&" * 1_500}
    refused = await refusal(
        shelf.templates.preview(shelf.desk.caller, "mine", None, None, None, values, None)
    )
    is_refused(refused, BAD_FIELD, rule=rule)


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        (alone(said(None, MANY)), "too_many_variables"),
        (alone(said(MANY)), "too_many_variables"),
        (alone(said("x" * 250_000)), "rendered_size"),
        ({Channel.EMAIL: dict.fromkeys(("default", "en"), said("{{a}}" * 90))}, "rendered_size"),
    ],
    ids=("text", "page", "length", "together"),
)
async def test_a_preview_is_no_longer_than_it_may_be(shelf, contents, rule):
    await a_preview_is_bounded(shelf, contents, rule)


async def test_a_preview_without_bounds_mutant_is_caught(shelf, monkeypatch):
    monkeypatch.setattr(preview, "has_too_many_variables", lambda content: False)
    monkeypatch.setattr(preview, "MAX_RENDERED", 10**9)
    with pytest.raises(AssertionError):
        await a_preview_is_bounded(shelf, alone(said(MANY)), "too_many_variables")

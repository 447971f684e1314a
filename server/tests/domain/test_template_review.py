"""Who may say yes to a template, and which of its versions is in use."""

import msgspec
import pytest

from watchword_server.domain.channel import Channel
from watchword_server.domain.project import Mode
from watchword_server.domain.template import Content, Status, Template
from watchword_server.domain.template_review import (
    TRANSITIONS,
    AutoApprove,
    approves_itself,
    as_live,
    decided,
    in_use,
    may_be_sent,
)


def version(number=1, status=Status.PENDING, **changes):
    contents = {Channel.SMS: {"default": Content("{{code}}")}}
    plain = Template("t", (Channel.SMS,), contents, version=number, status=status)
    return msgspec.structs.replace(plain, **changes)


def only_an_approved_template_leaves_the_sandbox(may):
    for mode in Mode:
        for status in Status:
            allowed = status is Status.APPROVED or mode is Mode.SANDBOX
            assert may(version(status=status), mode) is allowed, (mode, status)


def test_only_an_approved_template_is_sent_outside_the_sandbox():
    only_an_approved_template_leaves_the_sandbox(may_be_sent)


@pytest.mark.parametrize(
    "broken",
    [
        lambda template, mode: template.status is not Status.REJECTED or mode is Mode.SANDBOX,
        lambda template, mode: template.status is Status.APPROVED or mode is not Mode.LIVE,
        lambda template, mode: template.status is Status.APPROVED,
    ],
    ids=["pending goes", "development is a sandbox", "no sandbox"],
)
def test_a_rule_that_lets_others_go_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        only_an_approved_template_leaves_the_sandbox(broken)


@pytest.mark.parametrize(
    ("setting", "modes"),
    [
        (AutoApprove.OFF, set()),
        (AutoApprove.DEVELOPMENT, {Mode.DEVELOPMENT, Mode.SANDBOX}),
        (AutoApprove.ON, set(Mode)),
    ],
)
def test_a_setting_says_yes_in_these_projects(setting, modes):
    assert {mode for mode in Mode if approves_itself(setting, mode)} == modes


def test_a_decision_can_be_turned_but_not_repeated():
    for status in Status:
        assert status not in TRANSITIONS[status]
        assert Status.PENDING not in TRANSITIONS[status]
    assert Status.APPROVED in TRANSITIONS[Status.REJECTED]


def test_the_newest_approved_version_is_in_use():
    yes, no, new = Status.APPROVED, Status.REJECTED, Status.PENDING
    for statuses, used in (((yes, yes, new), 2), ((yes, no), 1), ((no, new), 2), ((no, no), 2)):
        versions = [version(place, status) for place, status in enumerate(statuses, 1)]
        assert in_use(versions).version == used
        assert in_use(versions[::-1]).version == used


def test_what_a_setting_approved_waits_once_the_project_is_live():
    by_setting = decided(version(), Status.APPROVED, "auto", "", 5, automatic=True)
    by_person = decided(version(), Status.APPROVED, "fine", "ada", 5)
    assert as_live(by_person) is by_person
    waiting = as_live(by_setting)
    assert (waiting.status, waiting.automatic, waiting.reviewed_at) == (Status.PENDING, False, None)
    assert as_live(waiting) is waiting

"""From one account to the next of the same channel: when, and when not."""

import msgspec
import pytest

from services.desk import opened
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.inbound import Report
from watchword_server.domain.routing import Outcome, decide
from watchword_server.domain.verification import Status
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.services.delivering import following
from watchword_server.testing import FakeProvider

DELIVERED = Receipt(reference="r", delivered=True)
GONE = Unavailable(Reason.PROVIDER_DOWN, "503")
NO = Rejected(Reason.UNREACHABLE, "550")
LOST = Uncertain("timeout")


class Ending(list):
    """A script that several carriers share; its last act is never over."""

    def pop(self, index):
        return self[0] if len(self) == 1 else super().pop(index)


@pytest.fixture
def others():
    second = FakeProvider(name="second", channels=["sms"])
    return [second, FakeProvider(name="third", channels=["sms", "whatsapp"])]


@pytest.fixture
async def desk(tmp_path, clock, others):
    async with opened(tmp_path, clock, *others) as made:
        made.carriers = [made.sms, *others]
        yield made


def all_sms(desk, act):
    for carrier in desk.carriers:
        carrier.script = Ending([act])


async def path(desk, verification):
    """Its deliveries in order, as `channel status`, and who had them."""
    deliveries = await desk.deliveries(verification)
    return deliveries, [one.provider for one in (await desk.timeline(verification)).deliveries]


async def test_what_could_not_be_handed_over_goes_to_another_account_at_once(desk):
    verification = await desk.fall_back()
    all_sms(desk, GONE)
    desk.carriers[-1].script = []
    await desk.deliver()
    deliveries, providers = await path(desk, verification)
    assert deliveries == ["sms failed"] * (len(deliveries) - 1) + ["sms sent"]
    assert providers[-1] == "third"
    codes = {message.code for one in desk.carriers for message in one.messages}
    assert len(codes) == 1
    assert desk.voice.messages == []


async def tries_each_account_once_then_the_next_step(desk, script=None):
    for carrier in desk.carriers:
        carrier.script = Ending([GONE]) if script is None else script
    verification = await desk.fall_back()
    await desk.deliver()
    deliveries, providers = await path(desk, verification)
    assert deliveries == ["sms failed", "sms failed", "sms failed", "voice sent"]
    assert sorted(providers[:3]) == ["second", "sms carrier", "third"]


async def test_each_account_is_tried_once_then_the_next_step(desk):
    await tries_each_account_once_then_the_next_step(desk)


@pytest.mark.parametrize("remembers", [False, True], ids=["nothing", "everything"])
async def test_each_account_is_tried_once_mutant_is_caught(desk, monkeypatch, remembers):
    """One that forgets what was tried goes round and round; one that believes that everything was
    never fails over.  The last carrier refuses in the end, so that both come to an end."""
    pick = desk.runtime.accounts.pick

    def forgetful(project, mode, step, tried=()):
        return None if remembers and tried else pick(project, mode, step)

    monkeypatch.setattr(desk.runtime.accounts, "pick", forgetful)
    with pytest.raises(AssertionError):
        await tries_each_account_once_then_the_next_step(desk, Ending([GONE] * 5 + [NO]))


async def test_a_refusal_goes_to_the_next_step_and_to_no_other_account(desk):
    all_sms(desk, NO)
    verification = await desk.fall_back()
    await desk.deliver()
    assert (await path(desk, verification))[0] == ["sms failed", "voice sent"]


async def test_the_last_step_gives_up_only_when_every_account_of_it_was_tried(desk):
    all_sms(desk, GONE)
    verification = await desk.start()
    await desk.deliver()
    assert (await path(desk, verification))[0] == ["sms failed"] * 3
    assert await desk.status(verification) is Status.FAILED


async def test_an_uncertain_last_step_is_sent_once_more_by_another_account(desk):
    all_sms(desk, LOST)
    verification = await desk.start(ttl_s=600)
    for _ in range(5):
        await desk.deliver()
        desk.later(60)
    deliveries, providers = await path(desk, verification)
    assert deliveries == ["sms unknown", "sms unknown maybe_duplicate"]
    assert len(set(providers)) == 2


async def test_the_only_account_sends_an_uncertain_message_once_more_itself(desk):
    desk.voice.script = [LOST]
    verification = await desk.start(template="otp-voice")
    await desk.deliver()
    desk.later(60)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["voice unknown", "voice sent maybe_duplicate"]


async def test_what_may_be_a_duplicate_stays_one_over_a_failover(desk):
    all_sms(desk, LOST)
    verification = await desk.start(ttl_s=600)
    await desk.deliver()
    all_sms(desk, GONE)
    desk.later(60)
    await desk.deliver()
    deliveries, providers = await path(desk, verification)
    assert deliveries == ["sms unknown", *["sms failed maybe_duplicate"] * 2]
    assert len(set(providers)) == 3
    assert await desk.status(verification) is Status.PENDING


async def test_what_comes_of_each_hand_over_is_told_to_the_accounts(desk, monkeypatch):
    told = []
    monkeypatch.setattr(
        desk.runtime.accounts, "told", lambda project, name, outcome: told.append((name, outcome))
    )
    for act in (Receipt(), DELIVERED, NO, LOST, ZeroDivisionError()):
        desk.voice.script.append(act)
    for number in range(5):
        await desk.start(f"+141555526{70 + number}", template="otp-voice")
        await desk.deliver()
    outcomes = [Outcome.SENT, Outcome.DELIVERED, Outcome.REJECTED, *[Outcome.UNCERTAIN] * 2]
    assert told == [("voice carrier", one) for one in outcomes]


async def test_an_account_is_not_told_of_what_never_came_to_it(desk, monkeypatch):
    told = []
    monkeypatch.setattr(desk.runtime.accounts, "told", lambda *given: told.append(given))
    await desk.start(template="otp-voice")
    desk.runtime.accounts._named.pop("voice carrier")
    await desk.deliver()
    assert told == []


# ---- resends: who leads ------------------------------------------------------------------------


async def takes_no_step_twice(desk):
    """A caller asks for the first channel once more while the second has been taken."""
    all_sms(desk, NO)
    verification = await desk.fall_back()
    await desk.deliver()
    desk.later(30)
    await desk.resend(verification, "sms")
    await desk.deliver()
    deliveries, _ = await path(desk, verification)
    assert deliveries == ["sms failed", "voice sent", "sms failed"]


async def test_an_earlier_step_that_was_asked_for_takes_no_later_one_again(desk):
    await takes_no_step_twice(desk)


async def test_an_earlier_step_that_was_asked_for_mutant_is_caught(desk, monkeypatch):
    def everybody_leads(route, standing, outcome):
        return decide(route, msgspec.structs.replace(standing, leads=True), outcome)

    monkeypatch.setattr(following, "decide", everybody_leads)
    with pytest.raises(AssertionError):
        await takes_no_step_twice(desk)


async def test_the_wait_of_a_step_goes_on_although_an_earlier_one_was_asked_for(desk):
    all_sms(desk, NO)
    desk.voice.reports = True
    verification = await desk.start(template="otp-any", route="sms|voice|whatsapp", ttl_s=600)
    await desk.deliver()
    desk.later(30)
    all_sms(desk, Receipt())
    await desk.resend(verification, "sms")
    await desk.deliver()
    desk.later(30)
    await desk.deliver()
    deliveries, _ = await path(desk, verification)
    assert deliveries == ["sms failed", "voice unknown", "sms sent", "whatsapp sent"]


async def test_an_earlier_step_that_was_asked_for_still_fails_over(desk):
    all_sms(desk, NO)
    verification = await desk.fall_back()
    await desk.deliver()
    desk.later(30)
    all_sms(desk, GONE)
    await desk.resend(verification, "sms")
    await desk.deliver()
    deliveries, providers = await path(desk, verification)
    assert deliveries == ["sms failed", "voice sent", *["sms failed"] * (len(deliveries) - 2)]
    assert {"sms carrier", "second", "third"} == {one for one in providers if one[0] != "v"}


async def both_in_flight(desk, template):
    """The worker stood still for half a minute: the first send and the resend are due together."""
    verification = await desk.start(template=template)
    desk.later(30)
    await desk.resend(verification)
    jobs = await desk.runtime.delivering.due(9)
    return verification, *sorted(jobs, key=lambda job: job.delivery.number)


async def test_a_send_that_was_repeated_meanwhile_fails_over_no_more(desk):
    verification, first, _ = await both_in_flight(desk, "otp-sms")
    all_sms(desk, GONE)
    await desk.runtime.delivering.hand_over(first)
    assert (await path(desk, verification))[0] == ["sms failed", "sms queued"]


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the repetition first"])
async def test_when_a_send_and_its_repetition_have_failed_nothing_is_left(desk, order):
    verification, *jobs = await both_in_flight(desk, "otp-voice")
    desk.voice.script = [NO, NO]
    for job in jobs[::order]:
        assert await desk.status(verification) is Status.PENDING
        await desk.runtime.delivering.hand_over(job)
    assert await desk.status(verification) is Status.FAILED


# ---- reports -------------------------------------------------------------------------------------


async def told(desk, message, status):
    report = Report(references=(message.id,), status=status, reason=Reason.UNREACHABLE, raw="21")
    await desk.runtime.reporting.take(desk.caller.project, "voice carrier", [report])


async def test_a_report_that_it_did_not_arrive_falls_back_at_once_and_once(desk):
    desk.voice.reports = True
    verification = await desk.start(template="otp-any", route="voice|sms")
    await desk.deliver()
    (message,) = desk.voice.messages
    for status in (DeliveryStatus.UNDELIVERED, DeliveryStatus.DELIVERED) * 2:
        await told(desk, message, status)
    assert await desk.deliver() == 1
    desk.later(120)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["voice undelivered", "sms sent"]


async def test_a_step_until_sent_falls_back_all_the_same_when_it_did_not_arrive(desk):
    desk.voice.reports = True
    verification = await desk.start(template="otp-any", route="voice|sms")
    await desk.with_steps(verification, until="sent")
    await desk.deliver()
    await told(desk, desk.voice.messages[0], DeliveryStatus.UNDELIVERED)
    await desk.deliver()
    assert await desk.deliveries(verification) == ["voice undelivered", "sms sent"]


async def test_a_report_on_what_was_sent_once_more_moves_the_route_no_more(desk):
    desk.voice.reports = True
    verification = await desk.start(template="otp-any", route="voice|sms")
    await desk.deliver()
    desk.later(30)
    await desk.resend(verification)
    await desk.deliver()
    await told(desk, desk.voice.messages[0], DeliveryStatus.UNDELIVERED)
    assert await desk.deliver() == 0
    assert await desk.deliveries(verification) == ["voice undelivered", "voice sent"]

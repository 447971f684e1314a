"""References, reports, messages of people and opt-outs, as the store keeps them."""

import pytest

from storage.records import (
    ADDRESS,
    DAY,
    NOW,
    OURS,
    VERIFICATION,
    held_report,
    kept_report,
    key,
    opt_out,
)
from watchword_server.ports.records import AddressState

OTHER = key("other", 9)


def refer(tx, reference="SM1", account="acme", number=1, verification=VERIFICATION, at=NOW):
    tx.reports.refer(OURS, account, reference, verification, number, at)


async def test_a_reference_finds_its_delivery_and_the_first_known_one_counts(store):
    def unit(tx):
        refer(tx, "SM1", number=1)
        refer(tx, "SM2", number=2)
        assert tx.reports.find(OURS, "acme", ("SM2",)) == (VERIFICATION, 2)
        assert tx.reports.find(OURS, "acme", ("never", "SM1", "SM2")) == (VERIFICATION, 1)
        assert tx.reports.find(OURS, "acme", ("never",)) is None
        assert tx.reports.find(OURS, "acme", ()) is None
        assert tx.reports.find(OURS, "umbrella", ("SM1",)) is None

    await store.write(unit)


async def test_a_reference_that_a_vendor_gives_again_names_the_newest_delivery(store):
    def unit(tx):
        refer(tx)
        refer(tx, verification=OTHER, number=3)
        return tx.reports.find(OURS, "acme", ("SM1",))

    assert await store.write(unit) == (OTHER, 3)


async def test_reports_are_read_back_by_delivery_as_they_came(store):
    reports = [kept_report(1), kept_report(3, number=2, reason=None, raw=None), kept_report(2)]

    def unit(tx):
        for one in (*reports, kept_report(4, verification=OTHER)):
            tx.reports.keep(one)
        return tx.reports.of(OURS, VERIFICATION)

    assert list(await store.write(unit)) == [reports[0], reports[2], reports[1]]


def held_reports_are_taken_once(take):
    def rule(tx):
        for reference in ("SM1", "dlv_1"):  # one report with two references
            tx.reports.hold(held_report(1, reference=reference))
        tx.reports.hold(held_report(2))
        tx.reports.hold(held_report(3, account="umbrella"))
        taken = take(tx, ("SM1", "dlv_1"))
        assert [one.id for one in taken] == [key("held", 1), key("held", 2)]
        assert not take(tx, ("SM1", "dlv_1"))
        assert tx.reports.take_held(OURS, "umbrella", ("SM1",)) == [
            held_report(3, account="umbrella")
        ]

    return rule


async def test_held_reports_are_taken_out_once_each_in_the_order_they_came(store):
    await store.write(
        held_reports_are_taken_once(lambda tx, named: tx.reports.take_held(OURS, "acme", named))
    )


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(
            lambda tx, named: [one for each in named for one in
                               tx.reports.take_held(OURS, "acme", (each,))],
            id="once for each reference",
        ),
        pytest.param(
            lambda tx, named: [
                tx.reports.hold(one) or one for one in tx.reports.take_held(OURS, "acme", named)
            ],
            id="not taken out",
        ),
    ],
)  # fmt: skip
async def test_held_reports_are_taken_mutant_is_caught(store, mutant):
    with pytest.raises(AssertionError):
        await store.write(held_reports_are_taken_once(mutant))


def sweeping_forgets_by_age(sweep):
    def rule(tx):
        for number in range(3):
            refer(tx, f"SM{number}", at=NOW + number)
            tx.reports.keep(kept_report(number, at=NOW + number))
            tx.reports.hold(held_report(number, at=NOW + number))
            tx.incoming.insert(OURS, "acme", f"MO{number}", NOW + number)
        assert [sweep(tx), sweep(tx), sweep(tx)] == [3, 2, 0]
        assert tx.reports.find(OURS, "acme", ("SM1", "SM2")) == (VERIFICATION, 1)
        assert [one.at for one in tx.reports.of(OURS, VERIFICATION)] == [NOW + 2]
        assert len(tx.reports.take_held(OURS, "acme", ("SM1",))) == 2
        assert tx.incoming.sweep(NOW + 2, 9) == 2
        assert tx.incoming.sweep(NOW + 2, 9) == 0

    return rule


async def test_a_sweep_forgets_by_age_a_few_at_a_time(store):
    await store.write(sweeping_forgets_by_age(lambda tx: tx.reports.sweep(NOW + 2, NOW + 1, 1)))


@pytest.mark.parametrize(("known", "held"), [(3, 1), (2, 2), (1, 1), (0, 0)])
async def test_a_sweep_forgets_by_age_mutant_is_caught(store, known, held):
    with pytest.raises(AssertionError):
        await store.write(
            sweeping_forgets_by_age(lambda tx: tx.reports.sweep(NOW + known, NOW + held, 1))
        )


async def test_a_message_told_twice_is_one(store):
    def unit(tx):
        return [
            tx.incoming.insert(OURS, "acme", "MO1", NOW),
            tx.incoming.insert(OURS, "acme", "MO1", NOW + 5),
            tx.incoming.insert(OURS, "umbrella", "MO1", NOW),
        ]

    assert await store.write(unit) == [True, False, True]


def state(tx, address=ADDRESS):
    return tx.addresses.get(OURS, address, NOW - DAY)


async def test_an_opt_out_is_remembered_of_its_address_until_it_is_lifted(store):
    def unit(tx):
        assert tx.opt_outs.add(opt_out(1))
        assert not tx.opt_outs.add(opt_out(2))
        assert tx.opt_outs.add(opt_out(3, channel="whatsapp"))
        assert set(state(tx).opted_out) == {"sms", "whatsapp"}
        assert [one.channel for one in tx.opt_outs.of_address(OURS, ADDRESS)] == ["sms", "whatsapp"]
        assert state(tx, key("other")) is None
        assert tx.opt_outs.remove(OURS, ADDRESS, "sms") == 1
        assert tx.opt_outs.remove(OURS, ADDRESS, "sms") == 0
        assert state(tx).opted_out == ("whatsapp",)
        assert tx.opt_outs.remove(OURS, ADDRESS, None) == 1
        assert state(tx) == AddressState()

    await store.write(unit)


def no_sweep_drops_an_opt_out(sweep):
    def rule(tx):
        tx.opt_outs.add(opt_out(1))
        tx.addresses.sent(OURS, ADDRESS, 1, NOW)
        tx.opt_outs.add(opt_out(2, address=key("lifted")))
        tx.opt_outs.remove(OURS, key("lifted"), None)
        sweep(tx)
        assert state(tx) == AddressState(1, NOW, opted_out=("sms",))
        assert state(tx, key("lifted")) is None

    return rule


async def test_no_sweep_drops_an_opt_out_and_what_is_lifted_goes(store):
    await store.write(
        no_sweep_drops_an_opt_out(lambda tx: tx.addresses.sweep(NOW + DAY, NOW + DAY, 99))
    )


async def test_no_sweep_drops_an_opt_out_mutant_is_caught(store):
    def bold(tx):
        tx.opt_outs.remove(OURS, ADDRESS, None)
        tx.addresses.sweep(NOW + DAY, NOW + DAY, 99)

    with pytest.raises(AssertionError):
        await store.write(no_sweep_drops_an_opt_out(bold))


async def test_opt_outs_are_paged_newest_first(store):
    def unit(tx):
        for number in range(4):
            tx.opt_outs.add(opt_out(number, address=key("address", number)))
        first = tx.opt_outs.page(OURS, None, 3)
        second = tx.opt_outs.page(OURS, first[-1].id, 3)
        return [int(one.id[-4:]) for one in (*first, *second)]

    assert await store.write(unit) == [3, 2, 1, 0]

"""Stopping and starting again: nothing accepted is lost, and only its own keys open a database."""

import json

import pytest

from services.desk import PHONE, opened
from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.verification import Status
from watchword_server.runtime import Runtime
from watchword_server.settings import Settings
from watchword_server.testing import START, ManualClock, SeededEntropy, open_runtime

PEPPER = "watchword.db.pepper.json"
YEARS = 10 * 365 * 86_400_000


async def test_what_was_accepted_is_sent_and_verified_after_a_restart(tmp_path, clock):
    async with opened(tmp_path, clock) as desk:
        verification = await desk.start()
        await desk.fail(verification, 2)
    async with opened(tmp_path, clock) as desk:
        assert await desk.deliver() == 1
        assert (await desk.fail(verification)).checks_left == 2
        checked = await desk.check(verification, desk.code)
        assert (checked.verified, checked.checks_left) == (True, 0)


async def test_a_claim_that_died_with_its_server_is_uncertain(tmp_path, clock):
    async with opened(tmp_path, clock) as desk:
        verification = await desk.start()
        await desk.runtime.delivering.due(10)
    clock.advance(15_000)
    async with opened(tmp_path, clock) as desk:
        assert await desk.deliver() == 0
        assert await desk.deliveries(verification) == ["sms unknown"]


def rotate(path, number=2, **also):
    """A new current pepper in the file, the old ones kept."""
    keys = json.loads(path.read_text())
    keys["peppers"][str(number)] = bytes([number] * 32).hex()
    keys["current"] = number
    path.write_text(json.dumps(keys | also))


async def outlives_rotation(folder, clock, rotate):
    async with opened(folder, clock) as desk:
        locked = "+14155552672"
        await desk.lock(locked)
        verification = await desk.start(code="482913")
    rotate(folder / PEPPER)
    async with opened(folder, clock) as desk:
        await desk.deliver()
        assert [one.code for one in desk.sms.messages if one.to == PHONE] == ["482913"]
        assert (await desk.check(verification, "482913")).verified
        with pytest.raises(Exception, match="too many checks"):
            await desk.start(locked)
        fresh = await desk.start("+14155552673", code="471100")
        assert (await desk.check(fresh, "471100")).verified
        live = await desk.start("+14155552674")
        row = await desk.runtime.store.read(lambda tx: tx.live.get(desk.caller.project, live))
        assert (row.pepper, row.secrets[0], row.details[0]) == (2, 2, 2)


async def test_codes_keys_and_counters_outlive_the_rotation_of_the_pepper(tmp_path, clock):
    await outlives_rotation(tmp_path, clock, rotate)


async def test_the_rotation_of_the_pepper_mutant_is_caught(tmp_path, clock):
    def losing_the_old_one(path):
        rotate(path, peppers={"2": bytes([2] * 32).hex()})

    with pytest.raises(Exception, match="not in the keyring|assert"):
        await outlives_rotation(tmp_path, clock, losing_the_old_one)


async def refuses(folder, spoil):
    async with open_runtime(folder):
        pass
    spoil(folder / PEPPER)
    with pytest.raises(Misconfigured, match="pepper file"):
        async with open_runtime(folder, entropy=SeededEntropy(9)):
            pass


def remove(path):
    path.unlink()


def replace(path):
    rotate(path, index_key=bytes(32).hex())


def damage(path):
    path.write_text("{}")


def open_to_all(path):
    path.chmod(0o644)


@pytest.mark.parametrize("spoil", [remove, replace, damage, open_to_all])
async def test_a_database_is_opened_with_its_own_pepper_only(tmp_path, spoil):
    await refuses(tmp_path, spoil)


async def test_a_database_is_opened_with_its_own_pepper_mutant_is_caught(tmp_path):
    with pytest.raises(pytest.fail.Exception):
        await refuses(tmp_path, lambda path: None)


async def test_time_never_runs_back_over_a_restart(tmp_path):
    ahead = START + YEARS
    async with open_runtime(tmp_path, clock=ManualClock(ahead)) as runtime:
        caller = await runtime.operator()
        await runtime.services.reading.unlock(caller, PHONE)
    runtime = await Runtime.open(
        Settings(
            database_url=f"sqlite:///{tmp_path / 'watchword.db'}", sqlite_synchronous="off"
        ),
        outside=(),
    )  # fmt: skip
    assert runtime.clock.now() >= ahead
    await runtime.close()


async def test_what_had_expired_while_the_server_was_down_is_over(tmp_path, clock):
    async with opened(tmp_path, clock) as desk:
        verification = await desk.start()
    clock.advance(300_000)
    async with opened(tmp_path, clock) as desk:
        assert await desk.deliver() == 0
        assert await desk.runtime.delivering.expire(10) == 1
        assert await desk.status(verification) is Status.EXPIRED
        assert desk.sms.messages == []

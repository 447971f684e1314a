"""Sessions follow the accounts; and no secret of an account stands anywhere."""

import asyncio
import json

import msgspec
import pytest

from services.acme import GOOD, SECRET, Acme, add, change
from services.desk import PHONE, opened, refusal
from services.test_provider_accounts import WRONG
from watchword_server import providers
from watchword_server.domain.delivery import DeliveryStatus
from watchword_server.domain.inbound import Report
from watchword_server.domain.project import Mode
from watchword_server.services.accounts import NewAccount, Sessions

# ---- sessions -----------------------------------------------------------------------------------


async def nobody(*_told):
    """Nothing comes in."""


async def turned(sessions):
    """One look, and what it started has begun."""
    await sessions.turn()
    for _ in range(10):
        await asyncio.sleep(0)


async def test_sessions_follow_the_accounts(desk, acme):
    sessions = Sessions(desk.runtime.accounts, providers, nobody, desk.clock)
    shown = await add(desk)
    await add(desk, "off", disabled=True)
    await turned(sessions)
    assert acme.sessions == {"gate": 1}
    await change(desk, shown, weight=3)
    await turned(sessions)
    assert acme.sessions == {"gate": 1}
    await change(desk, shown, settings={"port": 80})
    await turned(sessions)
    assert acme.sessions == {"gate": 1}
    await desk.services.projects.update(desk.caller.project, None, Mode.DEVELOPMENT, None)
    await turned(sessions)
    assert acme.sessions == {"gate": 0}


async def test_a_session_that_breaks_is_opened_again_later_each_time(desk, acme):
    pauses = []

    again = asyncio.Event()

    async def sleep(seconds):
        pauses.append(seconds)
        if not acme.broken:
            again.set()

    sessions = Sessions(desk.runtime.accounts, providers, nobody, desk.clock, sleep=sleep)
    acme.broken.extend(OSError("gone") for _ in range(8))
    await add(desk)
    await sessions.turn()
    await again.wait()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    await sessions._end(list(sessions._running))
    assert acme.sessions == {"gate": 0}


async def test_what_comes_in_over_a_session_is_taken_for_its_account(desk, acme):
    taken = asyncio.Queue()

    async def take(*told):
        taken.put_nowait(told)

    report = Report(references=("ref-1",), status=DeliveryStatus.DELIVERED)
    acme.inbound.append(report)
    sessions = Sessions(desk.runtime.accounts, providers, take, desk.clock)
    running = asyncio.create_task(sessions.run())
    await add(desk)
    assert await taken.get() == (desk.caller.project, "gate", [report])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert acme.sessions == {"gate": 0}


# ---- hidden -------------------------------------------------------------------------------------


def is_nowhere(folder, caplog, answers):
    for path in sorted(folder.glob("watchword.db*")):
        if not path.name.endswith(".json"):
            assert SECRET.encode() not in path.read_bytes(), path.name
    assert SECRET not in caplog.text
    assert SECRET not in answers


async def handled(tmp_path, clock, caplog):
    """Everything that handles a secret, and all that was said."""
    caplog.set_level("DEBUG")
    said = []
    async with opened(tmp_path, clock) as desk:
        shown = await add(desk)
        said.append(repr(shown) + str(NewAccount(name="x", provider="acme", settings=GOOD)))
        Acme.script.append(ZeroDivisionError("x"))
        for given, *_ in WRONG.values():
            said.append(str(await refusal(add(desk, "wrong", settings=given))))
        said.append(repr(await change(desk, shown, settings={"host": "b.example.com"})))
        said.append(
            repr(await desk.services.trying.test(desk.caller, shown.account.id, PHONE, None))
        )
        said.append(repr(await desk.services.provider_accounts.of(desk.caller)))
        said.append(json.dumps(shown.settings))
        await desk.start()
        await desk.deliver()
        is_nowhere(tmp_path, caplog, "".join(said))
    is_nowhere(tmp_path, caplog, "")


async def test_no_secret_of_an_account_stands_anywhere(tmp_path, clock, acme, caplog):
    await handled(tmp_path, clock, caplog)


async def test_no_secret_mutant_is_caught(tmp_path, clock, acme, caplog, monkeypatch):
    seal = "watchword_server.services.accounts.secrets.SettingsBox.seal"
    monkeypatch.setattr(seal, lambda self, project, id, values: msgspec.json.encode(values))
    opening = "watchword_server.services.accounts.secrets.SettingsBox.open"
    monkeypatch.setattr(opening, lambda self, account: msgspec.json.decode(account.settings))
    with pytest.raises(AssertionError):
        await handled(tmp_path, clock, caplog)

"""The in-process face: the same table, checks and answers as over HTTP."""

import msgspec
import pytest

from api.world import CODE, World
from watchword_server.api.in_process import InProcess
from watchword_server.domain.project import Scope

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_code_is_sent_and_checked(world: World) -> None:
    api = InProcess(world.runtime)
    body = {"to": world.number(), "template_id": "otp-sms", "code": CODE}
    status, sent = await api.call("sendCode", world.operator, body=body)
    assert (status, sent["status"]) == (200, "pending")
    check = {"message_id": sent["message_id"], "verify_code": CODE}
    status, checked = await api.call("checkVerification", world.operator, body=check)
    assert (status, checked["verified"]) == (200, True)
    status, read = await api.call(
        "getMessage", world.operator, path={"message_id": sent["message_id"]}
    )
    assert (status, read["status"]) == (200, "approved")
    status, listed = await api.call("listMessages", world.operator, query={"limit": 1})
    assert (status, len(listed["data"])) == (200, 1)


async def test_refusals_have_the_one_shape(world: World) -> None:
    api = InProcess(world.runtime)
    status, problem = await api.call("sendMessage", world.operator, body={"to": 1})
    assert (status, problem["code"], problem["field"]) == (400, 3002, "to")
    assert problem["instance"] == "/v1/messages"
    status, problem = await api.call("sendMessage", world.operator)
    assert (status, problem["code"]) == (400, 3002)
    status, problem = await api.call(
        "sendMessage", world.operator, body={"to": "+" * 70_000, "template_id": "otp-sms"}
    )
    assert (status, problem["code"]) == (413, 3001)
    status, problem = await api.call("getMessage", world.operator, path={"message_id": "a/b"})
    assert (status, problem["instance"]) == (404, "/v1/messages/*")


async def test_scopes_hold_here_too(world: World) -> None:
    caller = msgspec.structs.replace(world.operator, scopes=frozenset({Scope.MESSAGES_READ}))
    status, problem = await InProcess(world.runtime).call("listProjects", caller)
    assert (status, problem["code"], problem["scope"]) == (403, 2004, "server:admin")


async def test_an_unknown_operation_is_a_mistake_of_the_program(world: World) -> None:
    with pytest.raises(KeyError):
        await InProcess(world.runtime).call("sendEverything", world.operator)


async def test_a_stream_is_given_piece_by_piece(world: World) -> None:
    status, pieces = await InProcess(world.runtime).call(
        "streamEvents", world.operator, query={"last_event_id": "evt_" + "0" * 32}
    )
    assert status == 200
    assert await anext(pieces) == b"retry: 2000\n\n"
    while not (piece := await anext(pieces)).startswith(b"id: evt_"):
        pass
    assert b"event: key.created\ndata: {" in piece
    await pieces.aclose()

"""Tools for a model: what it is offered, what a call of it does, and what it may learn."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

import watchword
from watchword import AsyncWatchword, ConfigurationError, Watchword, agent
from watchword.testing import FakeServer

TO = "+6591234567"
NAMES = [
    "send_otp", "get_otp_status", "resend_otp", "cancel_otp", "list_templates", "next_step",
]  # fmt: skip
SENT = {"to": TO, "template_id": None, "channel": None, "language": None, "purpose": None}
PATHS = {
    "openai": lambda tool: (tool["name"], tool["parameters"], tool["strict"]),
    "openai-chat": lambda tool: (
        tool["function"]["name"], tool["function"]["parameters"], tool["function"]["strict"],
    ),
    "anthropic": lambda tool: (tool["name"], tool["input_schema"], tool["strict"]),
    "gemini": lambda tool: (tool["name"], tool["parametersJsonSchema"], True),
    "mcp": lambda tool: (tool["name"], tool["inputSchema"], "outputSchema" in tool),
}  # fmt: skip


@pytest.mark.parametrize("format", PATHS)
def test_the_tools_are_offered_in_the_form_of_each_vendor(format: str) -> None:
    found = [PATHS[format](tool) for tool in agent.tools(format)]
    assert [name for name, _, _ in found] == NAMES
    assert all(strict for _, _, strict in found)
    assert all(schema["additionalProperties"] is False for _, schema, _ in found)
    assert [name for name, _, _ in map(PATHS[format], agent.tools(format, verify=True))] == [
        *NAMES, "verify_otp",
    ]  # fmt: skip


def test_a_form_that_nobody_knows_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="openai-chat, anthropic, gemini or mcp|anthropic, gemini"):
        agent.tools("grok")


def test_whoever_changes_a_definition_changes_their_own() -> None:
    agent.tools("openai")[0]["parameters"]["properties"].clear()
    assert agent.tools("openai")[0]["parameters"]["properties"]


def test_it_is_reached_by_the_name_of_the_package() -> None:
    assert watchword.agent.tools is agent.tools


def test_a_code_is_sent_and_the_model_learns_where_it_stands(
    client: Watchword, fake: FakeServer
) -> None:
    sent = agent.dispatch("send_otp", SENT, client)
    assert (sent["status"], sent["send_channel"]) == ("pending", "sms")
    given = {"message_id": sent["message_id"]}
    client.verifications.check(**given, code=fake.code_for(TO))
    assert agent.dispatch("get_otp_status", given, client=client)["status"] == "approved"


async def test_the_same_with_asyncio(fake: FakeServer) -> None:
    async with AsyncWatchword(dev_key="demo", dev_secret="demo", transport=fake) as client:
        sent = await agent.dispatch("send_otp", json.dumps(SENT), client)
        canceled = await agent.dispatch("cancel_otp", {"message_id": sent["message_id"]}, client)
        assert canceled["status"] == "canceled"
        refused = await agent.dispatch("resend_otp", {"message_id": "x"}, client)
        assert refused["next_action"] == "fix_request"


def test_an_email_address_gets_the_template_for_email(client: Watchword) -> None:
    sent = agent.dispatch("send_otp", {"to": "ada@example.com"}, client)
    assert client.messages.get(sent["message_id"]).template_id == "otp-email"


def test_a_refusal_is_a_result_that_says_what_to_do(client: Watchword) -> None:
    sent = agent.dispatch("send_otp", SENT, client)
    refused = agent.dispatch("resend_otp", {"message_id": sent["message_id"]}, client)
    assert refused["next_action"] == "wait"
    assert (refused["retry_after"], refused["code"]) == (30, 3004)
    assert refused["message_id"] == sent["message_id"]
    assert refused["error"]


WRONG: dict[str, tuple[str, Any]] = {
    "no tool": ("send_sms", {}),
    "not offered": ("verify_otp", {"message_id": "ver_1", "code": "123456"}),
    "no JSON": ("send_otp", "{"),
    "no object": ("send_otp", "[]"),
    "no argument": ("send_otp", {}),
    "another type": ("send_otp", {"to": 6591234567}),
    "null where something is needed": ("get_otp_status", {"message_id": None}),
    "one too many": ("send_otp", {"to": TO, "code": "482913"}),
    "no id": ("get_otp_status", {"message_id": ".."}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_call_that_is_none_reaches_no_server(script: Callable[..., Any], wrong: str) -> None:
    name, given = WRONG[wrong]
    silent = script()
    client = Watchword(dev_key="demo", dev_secret="demo", transport=silent)
    told = agent.dispatch(name, given, client)
    assert told["next_action"] == "fix_request"
    assert "482913" not in told["error"]
    assert TO not in told["error"]
    assert silent.requests == []


def test_a_code_is_checked_only_where_that_was_allowed(client: Watchword, fake: FakeServer) -> None:
    sent = agent.dispatch("send_otp", SENT, client)
    given = {"message_id": sent["message_id"], "code": fake.code_for(TO)}
    assert "no tool" in agent.dispatch("verify_otp", given, client)["error"]
    assert agent.dispatch("verify_otp", given, client, verify=True)["status"] == "approved"


SPILLING = {
    "message_id": "ver_1", "status": "pending", "code": "482913", "text": "Your code is 482913.",
    "metadata": {"note": "482913"}, "timeline": [{"data": {"code": "482913"}}],
    "deliveries": [{"text": "482913"}],
}  # fmt: skip


def spilt(script: Callable[..., Any]) -> str:
    answers = [httpx2.Response(200, json=SPILLING) for _ in range(2)]
    client = Watchword(dev_key="demo", dev_secret="demo", transport=script(*answers))
    return json.dumps(agent.dispatch("send_otp", SENT, client))


def test_a_server_that_spills_a_code_does_not_spill_it_to_the_model(
    script: Callable[..., Any],
) -> None:
    assert "482913" not in spilt(script)


def test_a_dispatch_that_shows_all_mutant_is_caught(
    script: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "_shown", lambda _schema, answer: answer)
    with pytest.raises(AssertionError):
        test_a_server_that_spills_a_code_does_not_spill_it_to_the_model(script)


def test_an_error_that_repeats_the_code_is_told_without_it(script: Callable[..., Any]) -> None:
    problem = {"detail": f"482913 is wrong for {TO}", "next_action": "stop", "code": 3002}
    refused = script(httpx2.Response(400, json=problem))
    client = Watchword(dev_key="demo", dev_secret="demo", transport=refused)
    given = {"message_id": "ver_1", "code": "482913"}
    told = agent.dispatch("verify_otp", given, client, verify=True)
    assert "482913" not in json.dumps(told)
    assert TO not in json.dumps(told)
    assert told["next_action"] == "stop"


@pytest.mark.parametrize(
    ("failure", "then"), [(httpx2.ConnectError("x"), "retry"), (httpx2.ReadTimeout("x"), "stop")]
)
def test_silence_is_told_apart_by_what_may_have_been_sent(
    script: Callable[..., Any], failure: Exception, then: str
) -> None:
    lost = script(failure)
    client = Watchword(dev_key="demo", dev_secret="demo", transport=lost, max_retries=0)
    assert agent.dispatch("send_otp", SENT, client)["next_action"] == then


def test_without_a_client_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="WATCHWORD_DEV_KEY"):
        agent.dispatch("next_step", None)
    monkeypatch.setenv("WATCHWORD_DEV_KEY", "demo")
    monkeypatch.setenv("WATCHWORD_DEV_SECRET", "demo")
    monkeypatch.setenv("WATCHWORD_URL", "http://127.0.0.1:1")
    assert agent.dispatch("no_such_tool", {})["next_action"] == "fix_request"


def test_a_list_shows_of_each_row_what_a_model_may_see(script: Callable[..., Any]) -> None:
    row = {"template_id": "otp-sms", "status": 2, "contents": {"sms": {}}}
    client = Watchword(
        dev_key="demo", dev_secret="demo", transport=script(httpx2.Response(200, json=[row]))
    )
    (shown,) = agent.dispatch("list_templates", None, client)["templates"]
    assert shown["template_id"] == "otp-sms"
    assert "contents" not in shown


def test_dispatch_says_how_it_is_called() -> None:
    assert list(inspect.signature(agent.dispatch).parameters) == [
        "name", "args", "client", "verify",
    ]  # fmt: skip

"""EngageLab's users come over unchanged: its Python SDK, and a client made from its documents.

The SDK is the package `engagelab-otp` 1.0.1 as it was published; only `BASE_URL` is set.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest
from engagelab_otp import EngagelabError, OTPClient

from e2e.deployment import Nursery, Server, Site, until
from e2e.engagelab_client import EngageLab, Failed
from watchword_server.api.operations import OPERATIONS
from watchword_server.domain.sandbox import CREDENTIALS

KEY, SECRET = "engagelab_sandbox_demo", "engagelab_sandbox_secret"
TPL, CUSTOM = "sandbox-otp-tpl", "sandbox-custom-tpl"
OFFERED = {(operation.method, operation.path) for operation in OPERATIONS}

ERRORS: dict[str, tuple[int, int, bool]] = {
    "+10000001000": (1000, 500, True),
    "+10000001503": (1000, 503, True),
    "+10000002002": (2002, 401, False),
    "+10000002004": (2004, 403, False),
    "+10000003003": (3003, 400, False),
    "+10000000099": (3004, 429, True),
    "+10000005001": (5001, 502, True),
    "+10000000001": (5011, 400, False),
    "+10000005012": (5012, 400, False),
    "+10000000011": (5013, 400, False),
    "+10000005014": (5014, 400, False),
    "+10000005015": (5015, 400, False),
    "+10000005016": (5016, 502, True),
    "+10000005017": (5017, 400, False),
    "+10000005018": (5018, 400, False),
    "+10000000012": (5019, 400, False),
    "+10000005020": (5020, 400, False),
}
"""What the SDK must say of each: code, HTTP status, whether to retry."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Server]:
    """One real server for all of them."""
    site = Site(tmp_path_factory.mktemp("engagelab"), nursery, {"sandbox_delay_s": "0"})
    yield site.serve()
    site.end()


@pytest.fixture
def sdk(server: Server, monkeypatch: pytest.MonkeyPatch) -> OTPClient:
    assert version("engagelab-otp") == "1.0.1"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(OTPClient, "BASE_URL", f"{server.url}/v1")
    return OTPClient(KEY, SECRET)


@pytest.fixture
def documented(server: Server, monkeypatch: pytest.MonkeyPatch) -> EngageLab:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return EngageLab(server.url, KEY, SECRET)


def fails(call: Callable[[], object], code: int, http_status: int, retryable: bool) -> None:
    with pytest.raises(EngagelabError) as failed:
        call()
    error = failed.value
    assert (error.code, error.http_status, error.retryable) == (code, http_status, retryable)
    assert str(error) != "Unknown error"


def test_the_sdk_sends_and_verifies(sdk: OTPClient) -> None:
    sent = sdk.send("+10000000005", TPL, {"name": "Bob"}, language="zh_CN")
    assert isinstance(sent["message_id"], str)
    assert sent["send_channel"] == "sms"
    assert "code" not in sent
    assert sdk.verify(sent["message_id"], "654321")["verified"] is False
    assert sdk.verify(sent["message_id"], "123456")["verified"] is True
    fails(lambda: sdk.verify(sent["message_id"], "123456"), 3003, 409, False)


def test_the_sdk_sends_custom_messages_to_one_and_to_many(sdk: OTPClient) -> None:
    one = sdk.send_custom("+10000000010", CUSTOM, {"code": "482913"})
    assert sdk.verify(one["message_id"], "482913")["verified"] is True
    many = sdk.send_custom(["+10000000010", "sandbox@example.com"], CUSTOM, {"code": "482913"})
    assert {"message_id", "send_channel"} <= set(many)
    for each in many["messages"]:
        assert sdk.verify(each["message_id"], "482913")["verified"] is True
    fails(lambda: sdk.send_custom("+10000000010", CUSTOM), 3002, 400, False)
    fails(
        lambda: sdk.send_custom(["+10000000010", "+10000000011"], CUSTOM, {"code": "482913"}),
        5013, 400, False,
    )  # fmt: skip


@pytest.mark.parametrize("to", ERRORS)
def test_the_sdk_tells_each_documented_error(sdk: OTPClient, to: str) -> None:
    fails(lambda: sdk.send(to, TPL), *ERRORS[to])


def test_the_sdk_tells_the_errors_that_anyone_can_provoke(sdk: OTPClient) -> None:
    fails(lambda: OTPClient(KEY, "wrong").send("+10000000005", TPL), 2001, 401, False)
    fails(lambda: OTPClient("nobody", SECRET).send("+10000000005", TPL), 2001, 401, False)
    fails(lambda: sdk._post("/messages", {"to": 7, "template": {"id": TPL}}), 3002, 400, False)
    fails(lambda: sdk.send("+10000000005", "no-such-template"), 4001, 404, False)
    fails(lambda: sdk.verify("1725407449772531712", "123456"), 4001, 404, False)
    fails(lambda: sdk._post("/no-such-path", {}), 4001, 404, False)


@pytest.mark.parametrize(
    "expected", [(5011, 400, True), (5011, 500, False), (3002, 400, False)], ids=str
)
def test_an_error_of_the_sdk_mutant_is_caught(
    sdk: OTPClient, expected: tuple[int, int, bool]
) -> None:
    with pytest.raises(AssertionError):
        fails(lambda: sdk.send("+10000000001", TPL), *expected)


@pytest.mark.parametrize("pair", CREDENTIALS.items(), ids=lambda pair: pair[0])
def test_every_documented_pair_of_credentials_works(sdk: OTPClient, pair: tuple[str, str]) -> None:
    assert OTPClient(*pair).send("+10000000005", TPL)["send_channel"] == "sms"


def test_the_documented_client_sends_and_verifies(documented: EngageLab) -> None:
    sent = documented.send("+10000000005", {"id": TPL, "language": "default", "params": {}})
    assert documented.verify(sent["message_id"], "123456")["verified"] is True
    own = documented.send_code("+10000000010", "AB12cd", {"id": TPL, "language": "ja"})
    assert documented.verify(own["message_id"], "AB12cd")["verified"] is True
    custom = documented.send_custom("+10000000010", {"id": CUSTOM, "params": {"code": "9876"}})
    assert documented.verify(custom["message_id"], "9876")["verified"] is True
    many = documented.send_custom(
        ["+10000000010", "+10000000024"], {"id": CUSTOM, "params": {"code": "9876"}}
    )
    assert [each["send_channel"] for each in many["messages"]] == ["sms", "whatsapp"]


def test_the_documented_client_is_told_what_is_wrong(documented: EngageLab) -> None:
    with pytest.raises(Failed) as failed:
        documented.send("+10000000012", {"id": TPL})
    assert (failed.value.status, failed.value.code) == (400, 5019)
    with pytest.raises(Failed) as failed:
        documented.template("no-such-template")
    assert failed.value.code == 4001


def test_the_documented_client_reads_the_templates(documented: EngageLab) -> None:
    listed = documented.list_templates()
    assert isinstance(listed, list)
    assert {TPL, CUSTOM, "sandbox-otp-tpl-wa"} <= {each["template_id"] for each in listed}
    assert documented.template(TPL)["status"] == 2


def needs(method: str, path: str) -> None:
    """Skip until the table of operations has this call."""
    if (method, path) not in OFFERED:
        pytest.skip(f"waits for the operation {method} {path}")


def test_the_documented_client_makes_and_deletes_a_template(documented: EngageLab) -> None:
    needs("POST", "/v1/template-configs")
    needs("DELETE", "/v1/template-configs/{template_id}")
    made = documented.create_template(
        {
            "template_id": "my_login",
            "description": "Log-in codes",
            "send_channel_strategy": "sms",
            "brand_name": "Example",
            "verify_code_config": {
                "verify_code_type": 1, "verify_code_len": 6, "verify_code_ttl": 5,
            },
            "sms_config": {
                "template_type": 1,
                "template_default_config": {"contain_security": True, "contain_expire": True},
            },
        }
    )  # fmt: skip
    assert (made["code"], made["message"]) == (0, "success")
    detail = documented.template("my_login")
    assert (detail["template_id"], detail["brand_name"]) == ("my_login", "Example")
    sent = documented.send_code("+10000000010", "482913", {"id": "my_login"})
    assert documented.verify(sent["message_id"], "482913")["verified"] is True
    assert documented.delete_template("my_login")["code"] == 0
    with pytest.raises(Failed) as failed:
        documented.template("my_login")
    assert failed.value.code == 4001


def test_the_documented_client_sets_the_webhook(documented: EngageLab) -> None:
    needs("PUT", "/v1/sandbox/webhook")
    url = "https://hooks.example.invalid/engagelab"
    answer = documented.set_sandbox_webhook(url, "sandbox_demo", "sandbox_webhook_secret")
    assert answer["url"] == url
    assert "sandbox_webhook_secret" not in str(answer)


def test_the_inbox_of_the_sandbox_gives_the_code_back(
    sdk: OTPClient, documented: EngageLab
) -> None:
    sent = sdk.send("+10000000000", TPL)

    def code() -> str | None:
        listed = documented._call("GET", "/v1/sandbox/messages?to=%2B10000000000")["data"]
        mine = [each["code"] for each in listed if each["message_id"] == sent["message_id"]]
        return mine[0] if mine else None

    found = until(code, "the message is in the sandbox")
    assert sdk.verify(sent["message_id"], found)["verified"] is True

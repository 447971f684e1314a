"""Logs: whatever is handed to them, no code and no address comes out."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from enum import StrEnum

import pytest
import structlog
from structlog.typing import Processor

from watchword_server import telemetry
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import Message
from watchword_server.domain.errors import Misconfigured

CODE = "482913"
WORD = "kQx7Rw"
PHONE = "+14155552671"
EMAIL = "jane.doe@example.com"
CANARIES = (CODE, WORD, PHONE, "4155552671", "jane.doe", EMAIL)


class Talkative:
    """An object that tells all, however it is asked."""

    def __repr__(self) -> str:
        return " ".join(CANARIES)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)


class Sly(str):
    __slots__ = ()

    def __str__(self) -> str:
        return WORD


MESSAGE = Message(
    id="dlv_1", to=PHONE, channel="sms", language="en", sender="X", subject=None,
    text=f"Your code is {CODE}", html=None, code=CODE,
)  # fmt: skip


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leaves logging as it was."""
    root = logging.getLogger()
    before = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = before[0], before[1]
    structlog.configure(**before[2])
    logging.captureWarnings(capture=False)


Log = structlog.typing.FilteringBoundLogger
Speak = Callable[[Log], object]


def raised(log: Log) -> None:
    try:
        try:
            int(WORD)
        except ValueError:
            raise KeyError(PHONE) from OSError(f"no route to {EMAIL}")
    except KeyError:
        log.exception("failed")


SPOKEN: dict[str, Speak] = {
    "an object": lambda log: log.info("sent", message=MESSAGE, what=Talkative()),
    "a container": lambda log: log.info("sent", items=[CODE, WORD], facts={"x": PHONE}),
    "bytes": lambda log: log.info("sent", raw=WORD.encode()),
    "a string that lies": lambda log: log.info("sent", what=Sly("fine")),
    "a code by name": lambda log: log.info("sent", verify_code=WORD, code=CODE),
    "a recipient by name": lambda log: log.info("sent", to=EMAIL, recipient=PHONE),
    "secrets by name": lambda log: log.info("x", Authorization=WORD, dev_secret=WORD, params=WORD),
    "text with a phone number": lambda log: log.info(f"sent to {PHONE}"),
    "text with a spaced number": lambda log: log.info("sent", note="to +1 (415) 555-2671 now"),
    "text with an address": lambda log: log.info("sent", note=f"to <{EMAIL}>, again"),
    "text with a code": lambda log: log.info(f"wrong code {CODE}.", note=f"code={CODE}"),
    "an exception": raised,
    "the standard library": lambda _: logging.getLogger("uvicorn.error").error(
        "%s said %s", Talkative(), f"{CODE} for {EMAIL}"
    ),
    "standard library names": lambda _: logging.getLogger("x").error("%(code)s", {"code": WORD}),
    "a format that fails": lambda _: logging.getLogger("x").error("%d", Talkative()),
}


def written(pipeline: list[Processor], speak: Speak, log_format: str = "json") -> str:
    stream = io.StringIO()
    telemetry.configure("debug", log_format, stream)
    structlog.configure(processors=pipeline)
    speak(telemetry.get_logger("test"))
    return stream.getvalue()


def leaks(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("speak", SPOKEN.values(), ids=SPOKEN.keys())
def test_no_code_and_no_address_is_logged(speak: Speak, log_format: str) -> None:
    text = written(telemetry.processors(log_format), speak, log_format)
    assert text.strip()
    assert leaks(text) == []


def test_the_canary_catches_a_pipeline_without_redaction() -> None:
    mutant = [step for step in telemetry.processors("json") if step is not telemetry.redact]
    assert len(mutant) == len(telemetry.processors("json")) - 1
    mutant[-1] = lambda _logger, _method, event: repr(event)
    caught = {name for name, speak in SPOKEN.items() if leaks(written(mutant, speak))}
    assert {"an object", "a container", "a code by name", "text with a phone number"} <= caught


@pytest.mark.parametrize(
    ("layer", "fake", "caught_by"),
    [
        ("_plain", str, "an object"),
        ("_is_secret", lambda name: False, "a code by name"),
        ("scrub", lambda text: text, "text with an address"),
    ],
)
def test_the_canary_catches_the_loss_of_any_layer(
    monkeypatch: pytest.MonkeyPatch, layer: str, fake: object, caught_by: str
) -> None:
    monkeypatch.setattr(telemetry, layer, fake)
    assert leaks(written(telemetry.processors("json"), SPOKEN[caught_by]))


def test_what_operators_need_is_still_said() -> None:
    class Fruit(StrEnum):
        PLUM = "plum"

    def speak(log: Log) -> None:
        log.info(
            "handed over", message_id="ver_0193a4c5d6e77890b1c2d3e4f5061728", ms=12.5, port=8080,
            channel=Channel.SMS, fruit=Fruit.PLUM, last=True, reason=None, status_code=200,
            url="http://127.0.0.1:8080/v1/messages",
        )  # fmt: skip

    entry = json.loads(written(telemetry.processors("json"), speak))
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "level": "info",
        "event": "handed over",
        "source": "test",
        "message_id": "ver_0193a4c5d6e77890b1c2d3e4f5061728",
        "ms": 12.5,
        "port": 8080,
        "channel": "sms",
        "fruit": "plum",
        "last": True,
        "reason": None,
        "status_code": 200,
        "url": "http://127.0.0.1:8080/v1/messages",
    }


def test_a_traceback_says_where_and_what_but_not_with_which_values() -> None:
    entry = json.loads(written(telemetry.processors("json"), raised))
    assert entry["error"] == "KeyError"
    assert entry["reason"] == telemetry.WITHHELD
    assert "test_telemetry.py" in entry["traceback"]
    assert "in raised" in entry["traceback"]
    assert "OSError: no route to [redacted]" in entry["traceback"]


def test_our_own_errors_say_what_they_say() -> None:
    def speak(log: Log) -> None:
        try:
            raise Misconfigured("WATCHWORD_PORT cannot be used")
        except Misconfigured:
            log.exception("stopped")

    assert "WATCHWORD_PORT cannot be used" in written(telemetry.processors("json"), speak)


def test_one_entry_is_one_line() -> None:
    text = written(telemetry.processors("console"), lambda log: log.info("a\nb", c="d\x1b[31m\re"))
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_every_entry_of_a_request_carries_its_id() -> None:
    token = telemetry.request_id.set("req_1")
    try:
        entry = json.loads(written(telemetry.processors("json"), lambda log: log.info("x")))
    finally:
        telemetry.request_id.reset(token)
    assert entry["request_id"] == "req_1"


def test_levels_below_the_configured_one_are_silent() -> None:
    stream = io.StringIO()
    telemetry.configure("warning", "json", stream)
    telemetry.get_logger("x").info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    logging.getLogger("uvicorn.error").log(35, "loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_a_logger_nobody_configured_is_redacted_too(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    telemetry._configure_structlog(logging.INFO, "auto", telemetry._StandardError())
    structlog.get_logger().info("sent", to=PHONE, code=CODE)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "[redacted]" in captured.err
    assert leaks(captured.err) == []


def test_counters_add_up() -> None:
    before = telemetry.counters().get("test.things", 0)
    telemetry.count("test.things")
    telemetry.count("test.things", 2)
    assert telemetry.counters()["test.things"] == before + 3

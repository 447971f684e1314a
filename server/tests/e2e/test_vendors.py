"""Each vendor whole: a real server sends through an account, the vendor's strict fake takes the
message, and what it reports by a signed callback moves the delivery, or nothing if it is forged."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256

from e2e.deployment import Server, Site, until
from providers import engagelab_peer, prelude_peer, twilio_peer, vonage_peer
from providers.vendor_peer import Fake, vendor
from watchword import Message, Watchword

PHONE = "+14155552671"
SECRET = "b5Xc8LqZ2nRw7TmV4yKd"
WHATSAPP, SMS = 0, 1


@contextmanager
def standing(fake: Fake) -> Iterator[str]:
    """The fake's URL; it runs on a loop of its own."""
    ready: list[str] = []
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with vendor(fake) as url:
            ready.append(url)
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield str(until(lambda: ready and ready[0], "the vendor stands"))
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@dataclass
class Vendor:
    """A vendor's fake, an account's settings, and its reports.

    `report(number, failed)` is the callback on its message of that number: the query of the URL
    that it goes to, its header fields and its body.
    """

    fake: Any
    settings: Callable[[str], dict[str, str]]
    report: Callable[["Vendor", int, bool], tuple[str, dict[str, str], bytes]]

    def sent(self, number: int) -> Any:
        taken = self.fake.taken[number]
        return taken[1] if isinstance(taken, tuple) else taken


# ---- Twilio -------------------------------------------------------------------------------------


def twilio_account(url: str) -> dict[str, str]:
    return {
        "account_sid": twilio_peer.ACCOUNT, "auth_token": twilio_peer.TOKEN,
        "sms_from": twilio_peer.SENDER, "whatsapp_from": twilio_peer.SENDER,
        "whatsapp_content_sid": twilio_peer.CONTENT, "base_url": url,
    }  # fmt: skip


def twilio_report(one: Vendor, number: int, failed: bool) -> tuple[str, dict[str, str], bytes]:
    whole = one.sent(number)["StatusCallback"]
    fields = {"MessageSid": f"SM{number + 1:032x}", "MessageStatus": "delivered"}
    if failed:
        fields |= {"MessageStatus": "failed", "ErrorCode": "63003"}
    told = whole + "".join(name + fields[name] for name in sorted(fields))
    made = hmac.digest(twilio_peer.TOKEN.encode(), told.encode(), "sha1")
    header = {
        "X-Twilio-Signature": base64.b64encode(made).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return urlsplit(whole).query, header, urlencode(fields).encode()


# ---- Vonage -------------------------------------------------------------------------------------


def vonage_account(url: str) -> dict[str, str]:
    return {
        "api_key": vonage_peer.API_KEY, "api_secret": vonage_peer.API_SECRET,
        "application_id": vonage_peer.APPLICATION, "private_key": vonage_peer.PEM,
        "signature_secret": SECRET, "sms_from": vonage_peer.NAME,
        "whatsapp_from": vonage_peer.SENDER, "whatsapp_template": vonage_peer.TEMPLATE,
        "base_url": url, "account_url": url,
    }  # fmt: skip


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def vonage_report(one: Vendor, number: int, failed: bool) -> tuple[str, dict[str, str], bytes]:
    sent = one.sent(number)
    said = {
        "message_uuid": vonage_peer.UUID.format(number + 1), "to": sent["to"],
        "from": sent["from"], "timestamp": "2027-01-15T08:00:03Z", "channel": sent["channel"],
        "client_ref": sent["client_ref"], "status": "rejected" if failed else "delivered",
    }  # fmt: skip
    if failed:
        said["error"] = {"title": "1300", "type": "https://developer.vonage.com/api-errors"}
    body = json.dumps(said).encode()
    claims = {"iat": int(time.time()), "payload_hash": hashlib.sha256(body).hexdigest()}
    told = ".".join(encoded(json.dumps(each).encode()) for each in ({"alg": "HS256"}, claims))
    made = encoded(hmac.digest(SECRET.encode(), told.encode(), "sha256"))
    return "", {"Authorization": f"Bearer {told}.{made}", "Content-Type": "application/json"}, body


# ---- Prelude ------------------------------------------------------------------------------------


def prelude_account(url: str) -> dict[str, str]:
    return {
        "api_key": prelude_peer.API_KEY,
        "webhook_key": prelude_peer.PEM,
        "base_url": url,
    }


def prelude_report(one: Vendor, number: int, failed: bool) -> tuple[str, dict[str, str], bytes]:
    event = {
        "id": f"evt_{number}", "type": "verify.delivery_status",
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000000001Z", time.gmtime()),
        "payload": {
            "metadata": one.sent(number)["metadata"],
            "status": "undeliverable" if failed else "delivered",
            "verification_id": f"vrf_{number + 1:026d}",
        },
    }  # fmt: skip
    body = json.dumps(event).encode()
    made = prelude_peer.KEY.sign(body, PSS(MGF1(SHA256()), 32), SHA256())
    header = {"X-Webhook-Signature": f"rsassa-pss-sha256={encoded(made)}"}
    return "", header | {"Content-Type": "application/json"}, body


# ---- EngageLab ----------------------------------------------------------------------------------


def engagelab_account(url: str) -> dict[str, str]:
    return {
        "dev_key": engagelab_peer.KEY, "dev_secret": engagelab_peer.SECRET,
        "sms_template": "acme-sms", "whatsapp_template": "acme-wa",
        "callback_username": "acme", "callback_secret": SECRET, "base_url": url,
    }  # fmt: skip


def engagelab_report(one: Vendor, number: int, failed: bool) -> tuple[str, dict[str, str], bytes]:
    status = {"message_status": "delivered_failed" if failed else "delivered"}
    status |= {"error_code": 5012 if failed else 0}  # type: ignore[dict-item]
    message_id = str(1725407449772531713 + number)
    body = json.dumps({"total": 1, "rows": [{"message_id": message_id, "status": status}]})
    now = int(time.time())
    made = hmac.digest(SECRET.encode(), f"{now}abcacme".encode(), "sha256").hex()
    header = f"timestamp={now};nonce=abc;username=acme;signature={made}"
    return "", {"X-CALLBACK-ID": header, "Content-Type": "application/json"}, body.encode()


VENDORS: dict[str, Callable[[], Vendor]] = {
    "twilio": lambda: Vendor(twilio_peer.FakeTwilio(), twilio_account, twilio_report),
    "vonage": lambda: Vendor(vonage_peer.FakeVonage(), vonage_account, vonage_report),
    "prelude": lambda: Vendor(prelude_peer.FakePrelude(), prelude_account, prelude_report),
    "engagelab": lambda: Vendor(
        engagelab_peer.FakeEngagelab(), engagelab_account, engagelab_report
    ),
}


def call_back(server: Server, path: str, query: str, header: dict[str, str], body: bytes) -> int:
    url = f"{server.url}{path}" + (f"?{query}" if query else "")
    asked = urllib.request.Request(url, body, header, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)


def deliveries(message: Message) -> list[tuple[str, str, str | None]]:
    return [(each["channel"], each["status"], each["reason"]) for each in message.raw["deliveries"]]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between us, and the fake that looks at the time of a token has the server's."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(vonage_peer, "NOW_S", int(time.time()) + 30)


def reports_move_the_route(name: str, site: Site, *alterations: str) -> None:
    """WhatsApp fails by a report, SMS is reported to have arrived, and a forgery does nothing."""
    one = VENDORS[name]()
    site.command("projects", "set-mode", "default", "live")
    with standing(one.fake) as url:
        settings = site.folder / "account.json"
        settings.write_text(json.dumps(one.settings(url)))
        words = ("--provider", name, "--settings-file", str(settings))
        added = site.command("providers", "add", "acme", *words)
        path = urlsplit(added["callback_url"]).path
        assert path == f"/callbacks/{added['provider_id']}"
        server, key = site.serve(*alterations), site.key()
        with Watchword(
            base_url=server.url, dev_key=key["dev_key"], dev_secret=key["dev_secret"]
        ) as client:
            sent = client.messages.send(to=PHONE, template_id="otp-any")
            until(lambda: len(one.fake.taken) == 1, "it is handed over")

            def now() -> list[tuple[str, str, str | None]]:
                return deliveries(client.messages.get(sent.message_id))

            until(lambda: now() == [("whatsapp", "sent", None)], "the hand-over is recorded")
            query, header, body = one.report(one, WHATSAPP, True)
            for field in ("X-Twilio-Signature", "Authorization", "X-Webhook-Signature",
                          "X-CALLBACK-ID"):  # fmt: skip
                if field in header:
                    forged = header | {field: header[field][:-2] + "xx"}
            assert call_back(server, path, query, forged, body) == 401
            assert now() == [("whatsapp", "sent", None)]

            assert call_back(server, path, query, header, body) == 200
            until(lambda: len(one.fake.taken) == 2, "it falls back")
            until(lambda: now()[1:] == [("sms", "sent", None)], "by SMS")
            assert now()[0] == ("whatsapp", "undelivered", "unreachable")

            for _ in range(2):  # vendors repeat themselves
                assert call_back(server, path, *one.report(one, SMS, False)) == 200
            until(lambda: now()[1:] == [("sms", "delivered", None)], "it arrived")
            assert call_back(server, path, query, header, body) == 200
            assert now()[1:] == [("sms", "delivered", None)]

            code = re.search(r"(?<!\w)\d{6}(?!\w)", json.dumps(one.sent(WHATSAPP)))
            assert code is not None
            assert code[0] in json.dumps(one.sent(SMS))
            checked = client.verifications.check(message_id=sent.message_id, code=code[0])
            assert checked.verified
        assert server.stop() == 0
        assert code[0] not in server.process.logged()
        for value in one.settings(url).values():
            assert len(value) < 16 or value == url or value not in server.process.logged()


@pytest.mark.parametrize("name", VENDORS)
def test_what_a_vendor_reports_moves_the_route(name: str, site: Site) -> None:
    reports_move_the_route(name, site)


def test_a_server_that_believes_any_signature_is_caught(site: Site) -> None:
    with pytest.raises(AssertionError):
        reports_move_the_route("twilio", site, "believe_any_signature")

"""A Watchword server in memory, so that your tests need no network.

    fake = FakeServer()
    client = Watchword(dev_key="test", dev_secret="test", transport=fake)
    message = client.messages.send(to="+6591234567", template_id="otp-sms")
    client.verifications.check(message_id=message.message_id, code=fake.code_for("+6591234567"))

It keeps the rules a person notices (cool-down, five checks, expiry, one approval, one execution
for an idempotency key) and answers errors in the server's shape.  Time moves only by `advance`.
"""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import httpx2

CHECKS: Final = 5
COOL_DOWN_SECONDS: Final = 30
TTL_SECONDS: Final = 300
IDEMPOTENCY_MEMORY: Final = timedelta(days=1)
_SHOWN: Final = ("message_id", "status", "send_channel", "checks_left", "template_id", "mode")
_Verification: TypeAlias = dict[str, Any]
_ERRORS: Final = {
    "bad-field": (400, 3002, "fix_request"),
    "already-used": (409, 3003, "stop"),
    "idempotency-key-reused": (422, 3003, "fix_request"),
    "ended": (410, 3003, "start_again"),
    "rate-limited": (429, 3004, "wait"),
    "unknown-id": (404, 4001, "fix_request"),
    "unknown-path": (404, 4001, "fix_request"),
}


class _Refused(Exception):
    def __init__(self, slug: str, message: str, **extra: Any) -> None:
        status, code, next_action = _ERRORS[slug]
        said = {"type": f"urn:watchword:error:{slug}", "title": slug, "status": status}
        said |= {"code": code, "message": message, "next_action": next_action}
        headers = {"Content-Type": "application/problem+json"}
        if "retry_after" in extra:
            headers["Retry-After"] = str(extra["retry_after"])
        body = json.dumps(said | {"retryable": status == 429} | extra)
        self.answer = httpx2.Response(status, headers=headers, content=body)


class FakeServer(httpx2.MockTransport):
    """A transport for `Watchword` and `AsyncWatchword` with a server in it."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self._known: list[_Verification] = []
        self._done: dict[tuple[str, str], tuple[datetime, bytes, httpx2.Response]] = {}

    def code_for(self, to: str) -> str:
        """The code most recently sent to an address; LookupError if there is none."""
        for each in reversed(self._known):
            if each["to"] == to:
                return str(each["code"])
        raise LookupError("no code was sent to this address")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        place = (request.url.path, request.headers.get("idempotency-key", ""))
        at, content, known = self._done.get(place, (datetime.min.replace(tzinfo=UTC), b"", None))
        if known and self._now - at <= IDEMPOTENCY_MEMORY:
            if content != request.content:
                reason = {"reason": "idempotency_key_reused"}
                return _Refused("idempotency-key-reused", "It was used before.", **reason).answer
            headers = {**known.headers, "Idempotency-Replayed": "true"}
            return httpx2.Response(known.status_code, headers=headers, content=known.content)
        answer = self._executed(request)
        if place[1] and answer.status_code not in (400, 429):
            self._done[place] = (self._now, request.content, answer)
        return answer

    def _executed(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content or b"{}")
        path = request.url.path.removeprefix("/v1").strip("/").split("/")
        try:
            return httpx2.Response(200, json=self._route(request.method, path, body))
        except _Refused as refused:
            return refused.answer
        except KeyError as missing:
            rule = {"field": missing.args[0], "rule": "required"}
            return _Refused("bad-field", "A field is missing.", **rule).answer

    def _route(self, method: str, path: list[str], body: dict[str, Any]) -> Any:
        match method, *path:
            case "POST", "messages" | "codes":
                return self._shown(self._send(body))
            case "POST", "custom-messages":
                return self._send_custom(body)
            case "GET", "messages":
                return {"data": [self._shown(each) for each in self._known]}
            case "POST", "verifications":
                return self._check(body)
            case "GET", "messages", message_id:
                return self._shown(self._find(message_id))
            case "POST", "messages", message_id, "resend":
                return self._shown(self._resend(self._pending(message_id)))
            case "POST", "messages", message_id, "cancel":
                return self._shown(self._pending(message_id), status="canceled")
        raise _Refused("unknown-path", "There is no such path.")

    def _send(self, body: dict[str, Any]) -> _Verification:
        to, template_id = body["to"], body.get("template_id") or body["template"]["id"]
        for each in self._known:
            if each["to"] == to and self._aged(each)["status"] == "pending":
                self._resend(each)
                same_code = body.get("code", each["code"]) == each["code"]
                if each["template_id"] == template_id and same_code:
                    return each
                each["status"] = "canceled"
        number = len(self._known) + 1
        made: _Verification = {"message_id": f"ver_{number:032x}", "status": "pending"}
        made |= {"mode": "sandbox", "to": to, "code": body.get("code") or f"{100_000 + number}"}
        made["send_channel"] = body.get("channel") or ("email" if "@" in to else "sms")
        made |= {"template_id": template_id, "checks_left": CHECKS}
        made["expires_at"] = self._now + timedelta(seconds=body.get("ttl", TTL_SECONDS))
        made["resend_after"] = self._now + timedelta(seconds=COOL_DOWN_SECONDS)
        self._known.append(made)
        return made

    def _send_custom(self, body: dict[str, Any]) -> dict[str, Any]:
        to, code = body["to"], body["template"].get("params", {}).get("code")
        many = to if isinstance(to, list) else [to]
        each = [self._shown(self._send({**body, "to": one, "code": code})) for one in many]
        listed = [{**one, "to": to} for one, to in zip(each, many, strict=True)]
        return each[0] | ({"messages": listed} if isinstance(to, list) else {})

    def _resend(self, each: _Verification) -> _Verification:
        wait = self._wait(each)
        if wait > 0:
            pending = {"message_id": each["message_id"], "limit": "cooldown"}
            raise _Refused("rate-limited", "Too soon.", retry_after=wait, **pending)
        each["resend_after"] = self._now + timedelta(seconds=COOL_DOWN_SECONDS)
        return each

    def _wait(self, each: _Verification) -> Any:
        return math.ceil((each["resend_after"] - self._now) / timedelta(seconds=1))

    def _check(self, body: dict[str, Any]) -> dict[str, Any]:
        each, code = self._pending(body["message_id"]), body["verify_code"]
        each["checks_left"] -= 1
        if code == each["code"]:
            return self._shown(each, status="approved") | {"verified": True}
        status = "pending" if each["checks_left"] else "exhausted"
        return self._shown(each, status=status) | {"verified": False}

    def _find(self, message_id: str) -> _Verification:
        for each in self._known:
            if each["message_id"] == message_id:
                return self._aged(each)
        raise _Refused("unknown-id", "There is no such verification in this project.")

    def _aged(self, each: _Verification) -> _Verification:
        if each["status"] == "pending" and self._now >= each["expires_at"]:
            each["status"] = "expired"
        return each

    def _pending(self, message_id: str) -> _Verification:
        each = self._find(message_id)
        if (status := each["status"]) != "pending":
            slug = "already-used" if status == "approved" else "ended"
            raise _Refused(slug, f"The verification is {status}.", reason=status)
        return each

    def _shown(self, each: _Verification, **changed: str) -> dict[str, Any]:
        """What its owner is told, which is not the code."""
        each |= changed
        shown = {name: self._aged(each)[name] for name in _SHOWN}
        shown["expires_at"] = f"{each['expires_at']:%Y-%m-%dT%H:%M:%SZ}"
        shown["resend_after"] = max(0, self._wait(each))
        return shown if each["status"] == "pending" else shown | {"checks_left": 0}

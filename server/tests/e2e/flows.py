"""Random flows of callers, good and bad, and what the server said to them."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from e2e import canary
from e2e.canary import Canaries
from e2e.deployment import eventually
from e2e.wire import Answer, Connection, connect, request

SEED = 1_122_2026
CALLERS = 16
CHANNELS = {
    "sms": "otp-sms", "whatsapp": "otp-whatsapp", "voice": "otp-voice", "email": "otp-email",
    "any": "otp-any",
}  # fmt: skip
_UNKNOWN = "ver_" + 32 * "0"
Json = dict[str, Any]


@dataclass
class Flows:
    """Runs flows and keeps every answer that may not show a secret.

    Attributes:
        key, live_key: Authorization headers of a development project's key, and of a live one's.
        secret: the first one's secret half.
        kept: answers by what they are; the inbox's own and those of key creation are not kept.
    """

    url: str
    key: str
    live_key: str
    secret: str
    canaries: Canaries
    kept: dict[str, bytearray] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    async def run(self, count: int) -> None:
        """So many flows, some at once."""
        numbers = iter(range(count))

        async def caller() -> None:
            connection = await connect(self.url)
            for n in numbers:
                await self._flow(connection, n, random.Random(SEED * 1_000_003 + n))
            connection.close()

        await asyncio.gather(*(caller() for _ in range(CALLERS)))

    async def _flow(self, connection: Connection, n: int, dice: random.Random) -> None:
        kinds = (self._own_code, self._made_code, self._refused_mail, self._odd)
        await dice.choices(kinds, (55, 15, 10, 20))[0](connection, n, dice)

    def _keep(self, answer: Answer, what: str) -> Answer:
        self.statuses[answer.status] += 1
        kind = what if answer.status < 400 else "errors"
        self.kept.setdefault(kind, bytearray()).extend(answer.body + b"\n")
        return answer

    async def _post(
        self, connection: Connection, path: str, body: object, key: str | None = None
    ) -> Answer:
        raw = request("POST", path, key or self.key, body)
        return self._keep(await connection.ask(raw), "answers")

    async def _look(self, connection: Connection, id: str, key: str | None = None) -> Json:
        """Read a verification and its events; its metadata is given back, so it is taken out."""
        answer = await connection.ask(request("GET", f"/v1/messages/{id}", key or self.key))
        shown: Json = answer.json
        given = shown.pop("metadata", None)
        assert given is None or all(canary.METADATA_MARK in value for value in given.values())
        self._keep(Answer(answer.status, json.dumps(shown).encode()), "events")
        return shown

    # ---- codes of the caller ----

    def _body(self, n: int, dice: random.Random, channel: str) -> Json:
        to = canary.email(n) if channel == "email" else _spelled(canary.phone(n), dice)
        body: Json = {"to": to, "template": {"id": CHANNELS[channel]}}
        if dice.random() < 0.5:
            body["template"]["params"] = {"name": canary.param(dice), "note": canary.param(dice)}
        if dice.random() < 0.5:
            body["metadata"] = {"user": canary.metadata(dice)}
        if dice.random() < 0.3 and channel != "email":
            body["alternates"] = {"email": canary.email(n)}
        if dice.random() < 0.2:
            body["binding"] = {"amount": "EUR 25.00", "payee": "Example Books"}
        return body

    async def _own_code(self, connection: Connection, n: int, dice: random.Random) -> None:
        code = canary.code(dice)
        body = self._body(n, dice, dice.choice(list(CHANNELS))) | {"code": code}
        sent = await self._post(connection, "/v1/codes", body)
        assert sent.status == 200, sent.body
        id = sent.json["message_id"]
        for _ in range(dice.randint(1, 4)):
            step = dice.choice(("wrong", "wrong", "right", "again", "resend", "cancel"))
            tried = {"message_id": id, "binding": body.get("binding")}
            if step == "wrong":
                tried["verify_code"] = canary.code(dice)
                await self._post(connection, "/v1/verifications", tried)
            elif step == "right":
                await self._post(connection, "/v1/verifications", tried | {"verify_code": code})
            elif step == "again":
                await self._post(connection, "/v1/codes", body)
            else:
                await self._post(connection, f"/v1/messages/{id}/{step}", None)
        await self._look(connection, id)

    # ---- codes of the server ----

    async def _made_code(self, connection: Connection, n: int, dice: random.Random) -> None:
        channel = dice.choice(("sms", "any", "email"))  # the script fails the others
        body = self._body(n, dice, channel)
        sent = await self._post(connection, "/v1/messages", body)
        assert sent.status == 200, sent.body
        to = canary.email(n) if channel == "email" else canary.phone(n)
        path = f"/v1/inbox/messages?to={quote(to, safe='')}"

        async def arrived() -> Any:
            return (await connection.ask(request("GET", path, self.key))).json["data"]

        found = await eventually(arrived, "a message arrives")
        self.canaries.digits.add(found[0]["code"])
        tried = {"message_id": sent.json["message_id"], "binding": body.get("binding")}
        tried["verify_code"] = found[0]["code"]
        await self._post(connection, "/v1/verifications", tried)
        await self._post(connection, "/v1/verifications", tried)
        await self._look(connection, sent.json["message_id"])

    # ---- mail that a live project's mail server refuses, quoting what it refuses ----

    async def _refused_mail(self, connection: Connection, n: int, dice: random.Random) -> None:
        code = canary.code(dice)
        body = self._body(n, dice, "email") | {"code": code}
        sent = await self._post(connection, "/v1/codes", body, self.live_key)
        assert sent.status == 200, sent.body
        id = sent.json["message_id"]

        async def failed() -> bool:
            return (await self._look(connection, id, self.live_key))["status"] == "failed"

        await eventually(failed, "a refused mail fails")
        tried = {"message_id": id, "verify_code": code}
        await self._post(connection, "/v1/verifications", tried, self.live_key)

    # ---- bad requests ----

    async def _odd(self, connection: Connection, n: int, dice: random.Random) -> None:
        code, to = canary.code(dice), dice.choice((canary.phone(n), canary.email(n)))
        for raw in dice.sample(list(self._oddities(code, to)), 4):
            answer = await connection.ask(raw)
            assert 400 <= answer.status < 500, (raw, answer)
            problem = answer.json
            problem["instance"] = ""  # the path as it was asked for; see test_canary
            self._keep(Answer(answer.status, json.dumps(problem).encode()), "errors")
        if dice.random() < 0.2:
            await self._broken(code)

    def _oddities(self, code: str, to: str) -> Iterator[bytes]:
        key = self.key
        for path in _paths(code, to, self.secret):
            yield request("GET", path, key)
        for fields in _headers(code, to, self.secret):
            yield request("GET", f"/v1/messages/{_UNKNOWN}", **{"authorization": key} | fields)
        for body in _checks(code):
            yield request("POST", "/v1/verifications", key, body)
        for body in _sends(code, to):
            yield request("POST", "/v1/codes", key, body)
        yield request("PUT", "/v1/verifications", key, {"verify_code": code})
        yield request("POST", "/v1/api-keys", key, {"name": self.secret, "scopes": [code]})

    async def _broken(self, code: str) -> None:
        """What is not even HTTP; the server answers in plain text and closes."""
        place = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(f"{code} /{code} HTTP/9.9\r\nx-code {code}\r\n\r\n".encode())
        self._keep(Answer(400, await reader.read()), "errors")
        writer.close()


def _spelled(number: str, dice: random.Random) -> str:
    """A number the way people write it."""
    if dice.random() < 0.7:
        return number
    return f"+1 ({number[2:5]}) {number[5:8]}-{number[8:]}"


def _paths(code: str, to: str, secret: str) -> Iterator[str]:
    for text in (code, quote(to, safe=""), secret):
        yield from (f"/v1/messages/{text}", f"/{text}", f"/v1/verifications/{text}")
        yield from (f"/v1/messages?{text}=1", f"/v1/messages?cursor={text}")
        yield from (f"/v1/messages?status={text}", f"/v1/inbox/messages?to={text}x!&limit={text}")


def _headers(code: str, to: str, secret: str) -> Iterator[dict[str, str]]:
    for text in (code, to, secret):
        yield {"authorization": text}
        yield {"authorization": f"Basic {text}"}
        yield {"authorization": f"Bearer {text}.{text}"}
        for name in ("x_code", "cookie", "user_agent", "referer", "idempotency_key", "accept"):
            yield {name: text}
    yield {"host": code}


def _checks(code: str) -> Iterator[object]:
    yield {"message_id": code, "verify_code": code}
    yield {"message_id": _UNKNOWN, "verify_code": {code: 1}}
    yield {"message_id": _UNKNOWN, "verify_code": [code]}
    yield {"message_id": _UNKNOWN, "verify_code": code * 4}
    yield {"message_id": _UNKNOWN, "verify_code": code, code: code}
    yield {"message_id": [code], "verify_code": code}
    yield {code: code}
    yield [code]
    yield code
    good = json.dumps({"message_id": _UNKNOWN, "verify_code": code})
    yield good[:-1].encode()
    yield good[:-4].encode()
    yield good.replace(f'"{code}"', code).encode()
    yield good.replace('"verify_code"', '"verify_code" "').encode()
    yield good.encode("utf-16")
    yield good.encode() + b"\xff\xfe"
    yield (good[:-1] + ',"x":"' + code * 7_000 + '"}').encode()


def _sends(code: str, to: str) -> Iterator[object]:
    good = {"to": to, "template_id": "otp-sms", "code": code}
    for name in ("template_id", "channel", "route", "language", "ttl", "params", "metadata"):
        yield good | {name: f"{code}!"}
        yield good | {name: {code: [code, to]}}
    for wrong in (f"{to}x{to}", f"{code}@", f"{to} ext 5 {code}", [to], {to: to}, f"{to}\x00"):
        yield good | {"to": wrong}
    yield good | {"code": f"{code}!{to}"}
    yield good | {"purpose": f"{code} {to}"}
    yield good | {"alternates": {"email": f"{code}@{code}@{to}"}}
    yield good | {"alternates": {to: code}}
    yield good | {"signals": {"ip": [to, code]}}
    yield good | {"binding": {"amount": code}}
    yield json.dumps(good)[:-1].encode()

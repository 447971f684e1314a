"""A POST with an Idempotency-Key: executed once, and answered alike however often it is sent.

Here it is decided which answers are given again.  An answer that says what became of the call is,
a refusal included.  Not so one that says nothing final (500 and above, 429), one about who asks
(401, 403), one about a malformed request (3001, 3002), one that is too large to be kept: these
leave the key free.
"""

import re

import msgspec

from watchword_server.api.answer import Answer, Header
from watchword_server.api.operation import Call, Operation
from watchword_server.api.problems import Problems
from watchword_server.domain.errors import BAD_FIELD, BAD_JSON, Problem, bad_field
from watchword_server.services.idempotency import Keyed, Outcome

HEADER = b"idempotency-key"
REPLAYED: Header = (b"idempotency-replayed", b"true")
LONGEST = 255
LARGEST = 65_536
"""Bytes of an answer that is kept: a day of larger ones would fill the database."""

_BARE = re.compile(rb'(?!")[ -~]{1,%d}' % LONGEST)
_STRING = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])+)"')
"""A string of structured fields (RFC 9651, 3.3.3), as draft-ietf-httpapi-idempotency-key-header
has it; most clients send the bare characters."""
_ESCAPED = re.compile(rb"\\(.)")
_NO_BODY = b"{}"
_ERROR, _SERVER_ERROR = 400, 500
_FREE_STATUSES = frozenset({401, 403, 429})
_FREE_CODES = frozenset({BAD_JSON.code, BAD_FIELD.code})

_encode = msgspec.json.Encoder().encode
_canonical = msgspec.json.Encoder(order="deterministic").encode
_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Answer).decode


class Once:
    """Executes one call under the key that came with it; see `dispatch.Execution`."""

    __slots__ = ("_key", "_path", "_problems")

    def __init__(self, key: bytes, problems: Problems, path: str) -> None:
        self._key = key
        self._problems = problems
        self._path = path

    async def __call__(
        self, operation: Operation, call: Call, raw: bytes, body: object, query: object
    ) -> Answer:
        """The answer of the call, or of the equal one that was executed.

        Raises:
            Problem: BAD_FIELD for a bad key, and those of `Idempotency.once`.
        """
        use = (call.caller.api_key, operation.id, [*call.path.values()], read(self._key))
        asked = _canonical(msgspec.json.decode(raw or _NO_BODY)), query
        keyed = Keyed(call.caller.project, _packed(use), _packed(asked))

        async def execute() -> Outcome:
            try:
                said = await operation.handler(call, body, query)
                packed = _packed(Answer(operation.status, _encode(said)))
            except Exception as error:
                call.refused(error)
                answer = self._problems.answer(error, call.request_id, self._path)
                return Outcome(_packed(answer), _is_definite(error, answer.status))
            return Outcome(packed, definite=len(packed) <= LARGEST)

        packed, replayed = await call.services.idempotency.once(keyed, execute)
        answer = _unpacked(packed)
        if not replayed:
            return answer
        return msgspec.structs.replace(answer, headers=(*answer.headers, REPLAYED))


def read(value: bytes) -> str:
    """The key in a header field: `"a"` and `a` are the same.

    Raises:
        Problem: BAD_FIELD.
    """
    if _BARE.fullmatch(value):
        return value.decode("ascii")
    found = _STRING.fullmatch(value)
    key = _ESCAPED.sub(rb"\1", found[1]) if found else b""
    if not 1 <= len(key) <= LONGEST:
        raise bad_field(
            "Idempotency-Key", "idempotency_key",
            f"`Idempotency-Key` must be 1 to {LONGEST} printable ASCII characters, bare or as a "
            "string in quotes, and there once.",
        )  # fmt: skip
    return key.decode("ascii")


def _is_definite(error: Exception, status: int) -> bool:
    if status >= _SERVER_ERROR or not isinstance(error, Problem):
        return False
    return status not in _FREE_STATUSES and error.kind.code not in _FREE_CODES

"""The hosted page of a verification: its capability in a URL, and what the page may show.

The URL holds neither code nor address: the ids of project and verification, and a keyed mark
that nobody else can make.  Whoever has it may see the masked address and try a code, no more.
"""

import base64
import binascii
import hmac

import msgspec

from watchword_server.domain import ids
from watchword_server.domain.errors import RATE_LIMITED, Problem
from watchword_server.domain.limits import Rate, Refusal, Throughput
from watchword_server.domain.project import Caller, Scope
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.template import Alphabet
from watchword_server.domain.verification import Live, Status, Verification, as_of
from watchword_server.ports.outside import Clock, Directory
from watchword_server.ports.store import Store

CLIENT = Rate("hosted_page", 120, 60)
"""Requests of one client a minute, so that URLs cannot be guessed nor pages used as a load."""

PATH = "/v/"
"""What the path of a hosted page begins with; its capability follows."""

_ID_BYTES, _MARK_BYTES = 16, 16
_PURPOSE = b"hosted page\x00"


class View(msgspec.Struct, frozen=True):
    """What a hosted page is made of.

    Attributes:
        caller: as whom the page may submit a code.
        brand: who asks: the template's brand, else the project's name.
        checks_left: of a pending verification; else 0.
    """

    caller: Caller
    verification: bytes
    brand: str
    masked: str
    language: str
    status: Status
    checks_left: int
    code_length: int
    is_numeric: bool

    def __repr__(self) -> str:
        return f"<View {self.verification.hex()}>"


class HostedPages:
    """Makes the URLs of hosted pages and opens them."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring, directory: Directory,
        throughput: Throughput, public_url: str,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._directory = directory
        self._throughput = throughput
        self._public_url = public_url

    def url(self, project: bytes, verification: bytes) -> str:
        """Where a person types the code of a verification; always the same."""
        capability = project + verification + self._mark(project, verification)
        return f"{self._public_url}{PATH}{base64.urlsafe_b64encode(capability).decode()}"

    async def open(self, capability: str, client_ip: str) -> View:
        """What the page shows.

        Raises:
            Problem: UNKNOWN_ID for anything that is no capability of a verification with a code
                that can be typed here (a code bound to a payment cannot), or RATE_LIMITED.
        """
        now = self._clock.now()
        outcome = self._throughput.admit_one(CLIENT, client_ip, now)
        if isinstance(outcome, Refusal):
            wait = outcome.retry_after_s
            detail = "This page was asked for too often."
            raise Problem(RATE_LIMITED, detail, retry_after=wait, extra={"limit": CLIENT.name})
        project, verification = self._read(capability)
        found, live = await self._store.read(
            lambda tx: (
                tx.verifications.get(project, verification),
                tx.live.get(project, verification),
            )
        )
        if found is None or not found.max_checks or (live is not None and live.binding):
            raise ids.unknown(ids.Prefix.VERIFICATION)
        return await self._view(as_of(found, now), live, client_ip)

    async def _view(self, found: Verification, live: Live | None, client_ip: str) -> View:
        project = await self._directory.project(found.project)
        try:
            chosen = await self._directory.template(found.project, found.template)
            brand, length = chosen.brand_name, chosen.code_length
            is_numeric = chosen.code_alphabet is Alphabet.DIGITS
        except Problem:  # it was deleted meanwhile; the page works without
            brand, length, is_numeric = "", 0, False
        is_pending = found.status is Status.PENDING and live is not None
        return View(
            caller=Caller(
                project=found.project, api_key=b"", name="hosted page",
                scopes=frozenset({Scope.VERIFICATIONS_CHECK}), client_ip=client_ip,
                mode=project.mode, limits=project.limits,
            ),
            verification=found.id, brand=brand or project.name, masked=found.masked,
            language=found.language, status=found.status,
            checks_left=found.max_checks - found.checks if is_pending else 0,
            code_length=length, is_numeric=is_numeric,
        )  # fmt: skip

    def _mark(self, project: bytes, verification: bytes) -> bytes:
        return self._keyring.fingerprint(project, _PURPOSE + verification)[:_MARK_BYTES]

    def _read(self, capability: str) -> tuple[bytes, bytes]:
        try:
            raw = base64.b64decode(capability.encode("ascii"), b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            raw = b""
        if len(raw) != 2 * _ID_BYTES + _MARK_BYTES:
            raise ids.unknown(ids.Prefix.VERIFICATION)
        project, verification = raw[:_ID_BYTES], raw[_ID_BYTES : 2 * _ID_BYTES]
        if not hmac.compare_digest(raw[2 * _ID_BYTES :], self._mark(project, verification)):
            raise ids.unknown(ids.Prefix.VERIFICATION)
        return project, verification

"""A vendor that calls back: signed JSON, as most of them send it."""

import hmac
import json
from hashlib import sha256

from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.domain.inbound import Incoming, Report
from watchword_server.ports.providers import Callback, Forged, Told, Unreadable
from watchword_server.testing import FakeProvider

SECRET = b"the vendor's own secret"
ACCOUNT = bytes(range(16))
PATH = f"/callbacks/prv_{ACCOUNT.hex()}"
HEADER = "x-vendor-signature"


def signature(url: str, body: bytes) -> str:
    """Over the URL and the body."""
    return hmac.digest(SECRET, url.encode() + body, sha256).hex()


class Vendor(FakeProvider):
    """A carrier whose callbacks are signed."""

    def told(self, callback: Callback) -> Told:
        """See `ports.Provider.told`."""
        wanted = signature(callback.url, callback.body)
        given = callback.headers.get(HEADER, "")  # which may be beyond ASCII
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise Forged("the signature is wrong")
        if callback.query.get("challenge"):
            return Told(answer=callback.query["challenge"].encode())
        if callback.body == b"explode":
            raise KeyError(callback.body)
        try:
            rows = json.loads(callback.body)
        except ValueError:
            raise Unreadable("this is not JSON") from None
        return Told(inbound=tuple(map(_row, rows)), answer=b"<ok/>", content_type="text/xml")


def _row(row: dict[str, str]) -> Report | Incoming:
    if "text" in row:
        return Incoming(
            sender=row["from"], to="+14155550100", channel="sms", text=row["text"],
            reference=row["id"],
        )  # fmt: skip
    failed = row["status"] != "delivered"
    return Report(
        references=(row["id"],),
        status=DeliveryStatus.UNDELIVERED if failed else DeliveryStatus.DELIVERED,
        reason=Reason.UNREACHABLE if failed else None,
        raw=row["status"] if failed else None,
    )


def told(provider: Vendor, project: bytes):
    """`called` of the accounts: that one account."""
    return lambda account: (project, provider) if account == ACCOUNT else None

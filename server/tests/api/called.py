"""A desk with a vendor's account on it, which calls the account's callback URL."""

import json

from services.vendor import HEADER, PATH, signature

PUBLIC = "https://otp.example.com"
DELIVERED = [{"id": "SM1", "status": "delivered"}]
LOST = [{"id": "SM1", "status": "30003"}]


class Called:
    """A desk with a vendor's account on it, and that vendor as a client."""

    def __init__(self, desk, client):
        self.desk = desk
        self.client = client

    async def post(self, rows, target=PATH, *, method="POST", signed=None, body=None, **more):
        """A callback, signed as the vendor signs."""
        raw = json.dumps(rows).encode() if body is None else body
        seal = signature(PUBLIC + target, raw) if signed is None else signed
        headers = {"content-type": "text/plain", HEADER: seal or None}
        return await self.client.call(method, target, raw, headers=headers, **more)

    async def state(self):
        """Everything a callback could change."""
        project = self.desk.caller.project
        return await self.desk.runtime.store.read(
            lambda tx: (
                tx.events.newest(), tx.deliveries.of(project, self.verification),
                tx.reports.of(project, self.verification), tx.work.next_due(),
                tx.opt_outs.page(project, None, 9),
            )
        )  # fmt: skip

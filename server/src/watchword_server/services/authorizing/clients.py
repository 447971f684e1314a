"""Clients by their metadata documents, which are fetched from where strangers say: by a guarded
network, bounded in time and size, redirects not followed, and kept for a while."""

import re
from typing import Protocol

from watchword_server.domain.oauth import BadClient, Client, client_url, read_client
from watchword_server.ports.outside import Clock, Denied, Reply, Unreachable

_FETCH_S = 5.0
_KEPT = 200
_LEAST_S, _USUAL_S, _MOST_S = 60, 300, 86_400
"""A document is trusted for as long as it says, within these bounds."""
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age=([0-9]{1,9})\s*(?:,|$)")
_MS = 1000
_OK = 200
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


class Fetcher(Protocol):
    """The way to clients' documents."""

    async def request(
        self, method: str, url: str, headers: dict[str, str], *, timeout_s: float = ...
    ) -> Reply:
        """See `ports.Network.request`."""
        ...


class Clients:
    """Looks clients up."""

    def __init__(self, network: Fetcher, clock: Clock) -> None:
        self._network = network
        self._clock = clock
        self._known: dict[str, tuple[int, Client]] = {}

    async def get(self, id: str) -> Client:
        """The client of that id.

        Raises:
            BadClient: it has no document here and now, or one that breaks a rule.
        """
        known = self.known(id)
        if known is not None:
            return known
        url = client_url(id)
        try:
            reply = await self._network.request(
                "GET", url, {"accept": "application/json"}, timeout_s=_FETCH_S
            )
        except Denied:
            raise BadClient("its document is not at a public address") from None
        except Unreachable:
            raise BadClient("its document cannot be fetched") from None
        if reply.status != _OK or not _JSON.fullmatch(reply.field("content-type")):
            raise BadClient("its document is not answered with 200 and JSON")
        client = read_client(url, reply.body)
        self._keep(client, reply.field("cache-control"))
        return client

    def known(self, id: str) -> Client | None:
        """The client, if its document was read lately."""
        until, client = self._known.get(id, (0, None))
        return client if until > self._clock.now() else None

    def _keep(self, client: Client, said: str) -> None:
        if "no-store" in said.lower():
            return
        found = _MAX_AGE.search(said.lower())
        seconds = _USUAL_S if found is None else int(found[1])
        if len(self._known) >= _KEPT:
            self._known.clear()
        lasts = max(_LEAST_S, min(seconds, _MOST_S))
        self._known[client.id] = (self._clock.now() + lasts * _MS, client)

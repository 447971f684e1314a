"""The operations of webhook endpoints."""

from collections.abc import Sequence
from typing import Any

from watchword.models import Ping, Replay, WebhookDelivery, WebhookEndpoint
from watchword.protocol import Call, Listing, compact, listing, nothing, segment
from watchword.resources import Resource, W, operation, paginated


class Webhooks(Resource[W]):
    """Say where events are posted to, and follow what became of them."""

    @operation
    def create(
        self,
        *,
        url: str,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        dialect: str | None = None,
        secret: str | None = None,
        username: str | None = None,
        authorization: str | None = None,
    ) -> Call[WebhookEndpoint]:
        """Make an endpoint; only this answer has its secret.

        A signed ping is posted at once and told in `raw["ping"]`; the endpoint is kept either way.
        """
        body = {"url": url, "description": description, "event_types": event_types}
        more = {"dialect": dialect, "secret": secret, "username": username}
        secrets = (secret or "", authorization or "")
        body = body | more | {"authorization": authorization}
        return Call(
            "POST", "/webhook-endpoints", WebhookEndpoint.from_wire, body=body, secrets=secrets
        )

    @paginated
    def list(self) -> Listing[WebhookEndpoint]:
        """The endpoints without their secrets."""
        return listing("/webhook-endpoints", WebhookEndpoint)

    @operation
    def get(self, endpoint_id: str) -> Call[WebhookEndpoint]:
        """One endpoint, with how many deliveries it has in each state."""
        return Call("GET", _path(endpoint_id), WebhookEndpoint.from_wire)

    @operation
    def update(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        disabled: bool | None = None,
        username: str | None = None,
        authorization: str | None = None,
    ) -> Call[WebhookEndpoint]:
        """Change what is given and leave the rest."""
        body: dict[str, Any] = {"url": url, "description": description, "disabled": disabled}
        more = {"event_types": event_types, "username": username, "authorization": authorization}
        secrets = (authorization or "",)
        decode = WebhookEndpoint.from_wire
        return Call("PATCH", _path(endpoint_id), decode, body=body | more, secrets=secrets)

    @operation
    def delete(self, endpoint_id: str) -> Call[None]:
        """Delete an endpoint with its deliveries."""
        return Call("DELETE", _path(endpoint_id), nothing)

    @operation
    def rotate_secret(
        self, endpoint_id: str, *, overlap: int | None = None, secret: str | None = None
    ) -> Call[WebhookEndpoint]:
        """Give an endpoint a new secret, only in this answer; both sign for `overlap` seconds."""
        path, body = _path(endpoint_id, "/rotate-secret"), {"overlap": overlap, "secret": secret}
        secrets = (secret or "",)
        return Call("POST", path, WebhookEndpoint.from_wire, body=body, secrets=secrets)

    @operation
    def test(self, endpoint_id: str) -> Call[Ping]:
        """Post a signed ping; a failing one is `succeeded=False`, not an error."""
        return Call("POST", _path(endpoint_id, "/test"), Ping.from_wire)

    @paginated
    def deliveries(
        self,
        endpoint_id: str,
        *,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
    ) -> Listing[WebhookDelivery]:
        """What was posted, newest first, at most `limit`; instants are RFC 3339."""
        path = _path(endpoint_id, "/deliveries")
        chosen = {"status": status, "since": since, "until": until}
        return listing(path, WebhookDelivery, limit=limit, **chosen)

    @operation
    def delivery(self, endpoint_id: str, event_id: str) -> Call[WebhookDelivery]:
        """One event of an endpoint, with every attempt in `log`."""
        path = _path(endpoint_id, f"/deliveries/{segment(event_id)}")
        return Call("GET", path, WebhookDelivery.from_wire)

    @operation
    def replay(
        self,
        endpoint_id: str,
        *,
        event_ids: Sequence[str] | None = None,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Call[Replay]:
        """Post events again: these, or those in a state and a range of time.

        What is exhausted by default.  Call it again with `next_cursor` until that is None.
        """
        chosen = {"event_ids": event_ids, "status": status, "since": since, "until": until}
        body = compact(chosen | {"limit": limit, "cursor": cursor})
        return Call("POST", _path(endpoint_id, "/replay"), Replay.from_wire, body=body)


def _path(endpoint_id: str, more: str = "") -> str:
    return f"/webhook-endpoints/{segment(endpoint_id)}{more}"

"""The operations of provider accounts."""

from collections.abc import Mapping, Sequence
from typing import Any

from watchword.protocol import Call, Listing, listing, nothing, segment
from watchword.resources import Resource, W, operation, paginated
from watchword.vendors import (
    Provider,
    ProviderHealth,
    ProviderPreview,
    ProviderTest,
    ProviderType,
)


class Providers(Resource[W]):
    """Say through whom a live project sends, and try it."""

    @paginated
    def types(self) -> Listing[ProviderType]:
        """The vendors of the server, and what each has to be told."""
        return listing("/provider-types", ProviderType)

    @operation
    def create(
        self,
        *,
        name: str,
        provider: str,
        settings: Mapping[str, Any] | None = None,
        weight: int | None = None,
        disabled: bool | None = None,
    ) -> Call[Provider]:
        """Make an account; its secrets are never shown again."""
        body = {"name": name, "provider": provider, "settings": settings}
        more = {"weight": weight, "disabled": disabled}
        return Call(
            "POST", "/providers", Provider.from_wire, body=body | more, secrets=_texts(settings)
        )

    @paginated
    def list(self) -> Listing[Provider]:
        """The accounts without their secrets."""
        return listing("/providers", Provider)

    @operation
    def get(self, provider_id: str) -> Call[Provider]:
        """One account without its secrets."""
        return Call("GET", _path(provider_id), Provider.from_wire)

    @operation
    def update(
        self,
        provider_id: str,
        *,
        settings: Mapping[str, Any] | None = None,
        unset: Sequence[str] | None = None,
        weight: int | None = None,
        disabled: bool | None = None,
    ) -> Call[Provider]:
        """Change what is given; a secret that is None or left out stays."""
        body = {"settings": settings, "unset": unset, "weight": weight, "disabled": disabled}
        path, secrets = _path(provider_id), _texts(settings)
        return Call("PATCH", path, Provider.from_wire, body=body, secrets=secrets)

    @operation
    def delete(self, provider_id: str) -> Call[None]:
        """Delete an account."""
        return Call("DELETE", _path(provider_id), nothing)

    @operation
    def test(self, provider_id: str, *, to: str, channel: str | None = None) -> Call[ProviderTest]:
        """Send one message without a code; a refusal is `accepted=False`, not an error."""
        body = {"to": to, "channel": channel}
        return Call("POST", _path(provider_id, "/test"), ProviderTest.from_wire, body=body)

    @operation
    def health(self, provider_id: str, *, checkup: bool | None = None) -> Call[ProviderHealth]:
        """How an account is doing; with `checkup` the vendor is asked too."""
        query = {"checkup": "true" if checkup else None}
        path = _path(provider_id, "/health")
        return Call("GET", path, ProviderHealth.from_wire, query=query)

    @operation
    def dry_run(
        self, provider_id: str, *, to: str, channel: str | None = None
    ) -> Call[ProviderPreview]:
        """What a test message would be; nothing is sent."""
        body = {"to": to, "channel": channel}
        return Call("POST", _path(provider_id, "/dry-run"), ProviderPreview.from_wire, body=body)


def _path(provider_id: str, below: str = "") -> str:
    return f"/providers/{segment(provider_id)}{below}"


def _texts(settings: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What no error may repeat: which setting is a secret, only the server knows."""
    return tuple(str(value) for value in (settings or {}).values() if isinstance(value, str))

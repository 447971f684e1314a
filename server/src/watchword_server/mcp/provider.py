"""Our use cases as the MCP package's OAuth handlers want them: one provider a request."""

from collections.abc import Mapping
from typing import Any

from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    TokenError,
)
from mcp.shared.auth import InvalidRedirectUriError, OAuthClientInformationFull, OAuthToken
from pydantic import AnyUrl, PrivateAttr

from watchword_server.domain import oauth
from watchword_server.domain.limits import Rate, Refusal
from watchword_server.domain.oauth import BadClient, Client, Kind, Unauthorized
from watchword_server.mcp.oauth import WAIT
from watchword_server.runtime import Services
from watchword_server.services.authorizing import Asked, Issued

DOCUMENTS = (Rate("oauth_documents", 20, 60), Rate("oauth_all_documents", 120, 60))
"""Documents of clients that are fetched a minute: for one address, and for all."""
_FOREVER = 1 << 40
"""Seconds; whether something has expired is our clock's to say."""


class Registered(OAuthClientInformationFull):
    """A client, whose redirects are compared as they are written."""

    _client: Client = PrivateAttr()
    _redirect: str = PrivateAttr(default="")

    @classmethod
    def made(cls, client: Client, redirect: str) -> "Registered":
        """The client, that names a redirect now."""
        found = cls(client_id=client.id, token_endpoint_auth_method="none")  # noqa: S106
        found._client, found._redirect = client, redirect
        return found

    @property
    def client(self) -> Client:
        """What its document says."""
        return self._client

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """The redirect, which has to be named and registered."""
        if redirect_uri is None or not oauth.is_registered(self._client, self._redirect):
            raise InvalidRedirectUriError("redirect_uri is not registered for this client")
        return redirect_uri

    def validate_scope(self, requested_scope: str | None) -> list[str] | None:
        """Whatever is asked for: what is granted is the operator's to say."""
        return None if requested_scope is None else requested_scope.split()


class Provider(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Answers the handlers for one request: `asked` are its parameters as they were written."""

    def __init__(
        self, services: Services, public_url: str, asked: Mapping[str, str], client_ip: str
    ) -> None:
        self._services = services
        self._url = public_url
        self._asked = asked
        self._client_ip = client_ip
        self.complaint = ""

    async def get_client(self, client_id: str) -> Registered | None:
        """The client by its document; None leaves the reason in `complaint`."""
        clients = self._services.oauth_clients
        try:
            if clients.known(client_id) is None:
                self._admit()
            client = await clients.get(client_id)
        except BadClient as error:
            self.complaint = f"The client cannot be used: {error}."
            return None
        return Registered.made(client, self._asked.get("redirect_uri", ""))

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Nobody registers: clients have documents."""
        raise NotImplementedError

    def _admit(self) -> None:
        keys = tuple(zip(DOCUMENTS, (self._client_ip, ""), strict=True))
        outcome = self._services.throughput.admit(keys, self._services.clock.now())
        if isinstance(outcome, Refusal):
            raise BadClient("too many clients were looked up; try again in a minute")

    async def authorize(
        self, client: OAuthClientInformationFull, params: AuthorizationParams
    ) -> str:
        """Keep the request; the browser waits for the operator at the URL that is returned."""
        if not isinstance(client, Registered):
            raise AuthorizeError("server_error")
        if self._asked.get("code_challenge_method") != "S256":
            raise AuthorizeError("invalid_request", "code_challenge_method has to be S256")
        asked = Asked(
            redirect_uri=self._asked.get("redirect_uri", ""), scopes=params.scopes,
            state=params.state, challenge=params.code_challenge, resource=params.resource,
            client_ip=self._client_ip,
        )  # fmt: skip
        try:
            secret = await self._services.oauth_requests.begin(client.client, asked)
        except Unauthorized as refusal:
            raise AuthorizeError(_fault(refusal), refusal.detail) from None
        return f"{self._url}{WAIT}?r={secret}"

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        """What a ticket is for; whether it is still good is seen when it is exchanged."""
        held = await self._services.oauth_tokens.held(authorization_code)
        if held is None:
            return None
        return AuthorizationCode(
            code=authorization_code, scopes=held.granted.split(), expires_at=_FOREVER,
            client_id=held.client, code_challenge=held.challenge,
            redirect_uri=AnyUrl(held.redirect_uri), redirect_uri_provided_explicitly=True,
            resource=held.resource,
        )  # fmt: skip

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        """Tokens for a ticket, once."""
        try:
            issued = await self._services.oauth_tokens.exchange(
                authorization_code.code, client.client_id
            )
        except Unauthorized as refusal:
            raise TokenError("invalid_grant", refusal.detail) from None
        return _told(issued)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> RefreshToken | None:
        """A refresh token of any age: a second use has to be noticed."""
        stored = await self._services.oauth_tokens.stored(refresh_token)
        if stored is None or stored[0].kind != Kind.REFRESH:
            return None
        token, grant = stored
        return RefreshToken(
            token=refresh_token, client_id=grant.client, scopes=token.scopes.split()
        )

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """New tokens for a refresh token, once."""
        try:
            issued = await self._services.oauth_tokens.refresh(
                refresh_token.token, client.client_id, scopes
            )
        except Unauthorized as refusal:
            raise TokenError("invalid_grant", refusal.detail) from None
        return _told(issued)

    async def load_access_token(self, token: str) -> AccessToken | None:
        """An access token, so that it can be revoked."""
        stored = await self._services.oauth_tokens.stored(token)
        if stored is None or stored[0].kind != Kind.ACCESS:
            return None
        found, grant = stored
        return AccessToken(
            token=token, client_id=grant.client, scopes=found.scopes.split(),
            resource=grant.resource,
        )  # fmt: skip

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """End the grant that a token is of."""
        stored = await self._services.oauth_tokens.stored(token.token)
        if stored is not None:
            await self._services.oauth_tokens.end(stored[0].project, stored[0].api_key)


class Bound(Provider):
    """The same for an endpoint where a client shows what it was given: ticket and token know
    whose they are, so that nothing has to be fetched."""

    async def get_client(self, client_id: str) -> Registered | None:
        """A public client of that id."""
        try:
            id = oauth.client_url(client_id)
        except BadClient:
            return None
        return Registered.made(Client(id, "", ()), "")


def _told(issued: Issued) -> OAuthToken:
    return OAuthToken(
        access_token=issued.access, refresh_token=issued.refresh, scope=issued.scopes,
        expires_in=issued.expires_in_s,
    )  # fmt: skip


def _fault(refusal: Unauthorized) -> Any:
    return refusal.fault.value

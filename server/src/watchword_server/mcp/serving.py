"""The session manager of the MCP package, for callers that are known."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from watchword_server.domain.project import Caller
from watchword_server.mcp.calls import CALLER
from watchword_server.mcp.mount import as_user
from watchword_server.mcp.server import build
from watchword_server.runtime import Runtime
from watchword_server.settings import Settings

MOST_BODY = 65_536
_MOST_SESSIONS = 1_000
_IDLE_S = 1_800.0

App = Callable[[dict[str, Any], Caller, Any, Any], Awaitable[None]]


@asynccontextmanager
async def serving(runtime: Runtime) -> AsyncIterator[App]:
    """An application that answers requests of known callers, as long as the block runs."""
    server = build(runtime)
    async with managed(server._lowlevel_server, runtime.settings) as app:
        yield app


@asynccontextmanager
async def managed(lowlevel: Any, settings: Settings) -> AsyncIterator[App]:
    """The same for any server of the MCP package."""
    manager = StreamableHTTPSessionManager(
        lowlevel, json_response=False, security_settings=_security(settings),
        session_idle_timeout=_IDLE_S, max_request_body_size=MOST_BODY, max_sessions=_MOST_SESSIONS,
    )  # fmt: skip
    inner = AuthContextMiddleware(manager.handle_request)

    async def app(scope: dict[str, Any], caller: Caller, receive: Any, send: Any) -> None:
        token = AccessToken(
            token="", client_id=as_user(caller), scopes=sorted(one.value for one in caller.scopes)
        )
        await inner({**scope, CALLER: caller, "user": AuthenticatedUser(token)}, receive, send)

    async with manager.run():
        yield app


def _security(settings: Settings) -> TransportSecuritySettings:
    """Hosts and origins that may speak to `/mcp`: those of the server itself."""
    at = urlsplit(settings.public_url)
    hosts = {at.netloc, *settings.allowed_hosts}
    if settings.is_loopback:
        hosts |= {f"{name}:{settings.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    return TransportSecuritySettings(
        allowed_hosts=sorted(hosts),
        allowed_origins=sorted({settings.public_url, *(f"{at.scheme}://{one}" for one in hosts)}),
    )

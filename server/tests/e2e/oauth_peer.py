"""A client of OAuth with its document on a server of its own, and the browser of whoever uses it.

with Documents(folder) as documents:
    url = documents.put("client.json", client_document(...))
"""

import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import trustme
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

REDIRECT = "http://127.0.0.1:3939/callback"
_WORD = re.compile(r'class="word">([A-Z-]+)<')


class Documents:
    """Documents of clients by https on loopback, and how often each was asked for."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_given: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Documents":
        self._thread.start()
        return self

    def __exit__(self, *_given: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, name: str = "client.json", **changes: Any) -> str:
        """A document that says what a client has to, but for the changes; its URL."""
        url = f"{self.url}/{name}"
        document = {
            "client_id": url, "client_name": "Test client", "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }  # fmt: skip
        body = json.dumps({k: v for k, v in (document | changes).items() if v is not None})
        self.answers[f"/{name}"] = (200, {"content-type": "application/json"}, body.encode())
        return url

    def settings(self) -> dict[str, str]:
        """What a server needs in order to fetch from here."""
        return {"oauth_allow": "127.0.0.0/8", "webhook_ca_file": str(self.ca_file)}


class Memory(TokenStorage):
    """What a client keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Browser:
    """Opens what a client tells it to, shows the word to the operator, and goes back."""

    def __init__(self, operator: Any) -> None:
        self._operator = operator
        self.answer: dict[str, str] = {}

    async def open(self, url: str) -> None:
        async with httpx2.AsyncClient(timeout=60) as http:
            begun = await http.get(url)
            assert begun.status_code == 302, begun.text
            waiting = begun.headers["location"]
            shown = await http.get(waiting)
            found = _WORD.search(shown.text)
            assert found is not None, shown.text
            await self._operator(found[1])
            back = await http.get(waiting)
            assert back.status_code == 302, back.text
            self.answer = dict(parse_qsl(urlsplit(back.headers["location"]).query))

    async def result(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(
            code=self.answer.get("code", ""), state=self.answer.get("state"),
            iss=self.answer.get("iss"),
        )  # fmt: skip


def provider(url: str, document: str, browser: Browser, memory: Memory) -> OAuthClientProvider:
    """The official client's flow against a server."""
    return OAuthClientProvider(
        f"{url}/mcp", OAuthClientMetadata(redirect_uris=[REDIRECT], client_name="Test client"),
        memory, browser.open, browser.result, client_metadata_url=document,
    )  # fmt: skip

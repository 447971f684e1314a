"""Access of MCP clients by OAuth 2.1: which clients, which redirects, which scopes, how long.

Sources: draft-ietf-oauth-v2-1-13; RFC 7636 (PKCE), 8252 (native apps), 8707 (resource indicators),
9728; draft-ietf-oauth-client-id-metadata-document-00; the authorization chapter of MCP 2026-07-28.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from watchword_server.domain.errors import WatchwordError
from watchword_server.domain.project import Scope

SCOPES: tuple[Scope, ...] = (Scope.MESSAGES_SEND, Scope.MESSAGES_READ, Scope.TEMPLATES_READ)
"""What a client is told to ask for, and gets unless the operator says otherwise."""
GRANTABLE: frozenset[Scope] = frozenset(
    {*SCOPES, Scope.VERIFICATIONS_CHECK, Scope.AGENT_VERIFY}
)  # fmt: skip
"""All that a token can ever have: what tools need, and nothing that manages anything."""

REQUEST_S, TICKET_S = 600, 60
"""An operator has ten minutes; a client fetches its tokens at once (RFC 6749, 4.1.2: <= 600 s)."""
ACCESS_S, REFRESH_S, GRANT_S = 900, 30 * 86_400, 90 * 86_400
"""An access token lives for 15 minutes, an unused refresh token for 30 days, a grant for 90."""
MOST_PENDING = 100
MOST_STATE, MOST_URL, MOST_NAME, MOST_REDIRECTS = 2_048, 2_048, 80, 20
MOST_DOCUMENT = 16_384
"""Bytes of a client's document; the draft recommends 5 KB at most."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WORD = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters that make no words and are not mistaken for digits (RFC 8628, section 6.1)."""
_WORD_LETTERS = 8
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,63}")
_DANGEROUS = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "javascript", "vbscript", "view-source",
     "ws", "wss", "http"}
)  # fmt: skip
_PUBLIC = "none"
"""How a client without a secret proves itself at the token endpoint."""
_UNSHOWABLE = re.compile(r"[^\w .,:;!?()'&+/-]")


class Fault(StrEnum):
    """Error codes of RFC 6749 and 8707, as clients read them."""

    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    INVALID_GRANT = "invalid_grant"
    ACCESS_DENIED = "access_denied"
    UNAVAILABLE = "temporarily_unavailable"


class Unauthorized(WatchwordError):
    """A client does not get what it asks for; the text is for its developer."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class BadClient(WatchwordError):
    """A client id, or the document behind it, breaks a rule."""


class Status(StrEnum):
    """Of a client's request: pending -> approved | denied, approved -> issued -> spent."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    ISSUED = "issued"
    SPENT = "spent"


class Kind(StrEnum):
    """Of a token."""

    ACCESS = "access"
    REFRESH = "refresh"


MARKS = {Kind.ACCESS: "wwo_", Kind.REFRESH: "wwr_"}
"""What tokens begin with, so that scanners for leaked secrets know them, and we a key from them."""


class Client(msgspec.Struct, frozen=True):
    """A client as its document describes it."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """A client's request for access (times in ms); its columns in their order.

    Attributes:
        id: the hash of what its browser holds; `link` and `ticket` are hashes too, or empty.
        word: what the browser shows, so that the operator knows which request it is.
        scopes: what is asked for; `granted` what was given, both with spaces between.
        project: empty until it is decided, as are `granted` and `api_key`.
        lasts_s: how long the grant will last.
    """

    id: bytes
    word: str
    client: str
    client_name: str
    redirect_uri: str
    scopes: str
    state: str | None
    challenge: str
    resource: str
    client_ip: str
    created_at: int
    expires_at: int
    status: str = Status.PENDING.value
    project: bytes = b""
    granted: str = ""
    lasts_s: int = GRANT_S
    link: bytes = b""
    ticket: bytes = b""
    api_key: bytes = b""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has: a key without a secret, for which its tokens stand."""

    project: bytes
    api_key: bytes
    client: str
    client_name: str
    resource: str
    created_at: int


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept; one that was exchanged stays, so that its second use is noticed."""

    project: bytes
    api_key: bytes
    hash: bytes
    kind: str
    scopes: str
    expires_at: int
    spent_at: int | None = None


def fits(url: str) -> bool:
    """Whether an issuer may have this URL: by https, or on the machine itself (RFC 8414)."""
    at = urlsplit(url)
    return at.scheme == "https" or (at.scheme == "http" and at.hostname in LOOPBACK)


def resource(url: str) -> str:
    """The one audience of tokens that a server at this URL gives."""
    return f"{url}/mcp"


def is_ours(asked: str | None, url: str) -> bool:
    """Whether a token that is asked for is one for us; without an audience it is."""
    if asked is None:
        return True
    given, own = urlsplit(asked), urlsplit(resource(url))
    same_host = (given.scheme.lower(), given.netloc.lower()) == (own.scheme, own.netloc.lower())
    return same_host and given.path.rstrip("/") == own.path and not given.query + given.fragment


def word(random: bytes) -> str:
    """What stands for a request between a screen and an operator."""
    number, letters = int.from_bytes(random, "big"), ""
    for _ in range(_WORD_LETTERS):
        number, place = divmod(number, len(_WORD))
        letters += _WORD[place]
    return letters


def spoken(letters: str) -> str:
    """A word as it is shown: BDWP-HQPK."""
    return f"{letters[:4]}-{letters[4:]}"


def heard(text: str) -> str:
    """A word as somebody typed it."""
    return re.sub(r"[^A-Z]", "", text.upper())


def wanted(asked: Iterable[str] | None) -> tuple[Scope, ...]:
    """The scopes of a request that a token may have; what is unknown is not granted.

    Raises:
        Unauthorized: none is left.
    """
    if asked is None:
        return SCOPES
    known = {scope.value for scope in GRANTABLE}
    found = tuple(Scope(name) for name in dict.fromkeys(asked) if name in known)
    if not found:
        said = f"Ask for some of: {' '.join(SCOPES)}."
        raise Unauthorized(Fault.INVALID_SCOPE, said)
    return found


def challenged(challenge: str) -> str:
    """A PKCE challenge of the method S256, the only one.

    Raises:
        Unauthorized: it is none.
    """
    if not _CHALLENGE.fullmatch(challenge):
        said = "code_challenge is the unpadded base64url of a SHA-256: 43 characters."
        raise Unauthorized(Fault.INVALID_REQUEST, said)
    return challenge


def client_url(id: str) -> str:
    """A client id that is the address of a document.

    Raises:
        BadClient: it is not.
    """
    try:
        at = urlsplit(id)
        _ = at.port
    except ValueError:
        raise BadClient("the client id is no URL") from None
    if at.scheme != "https" or not at.hostname or len(id) > MOST_URL or not id.isascii():
        raise BadClient("a client id is the https URL of its metadata document")
    if at.username is not None or at.password is not None or "#" in id:
        raise BadClient("a client id has no user information and no fragment")
    segments = at.path.split("/")
    if at.path in ("", "/") or not {".", ".."}.isdisjoint(segments):
        raise BadClient("a client id has a path, without dot segments")
    return id


class _Document(msgspec.Struct):
    """What is read of a client's document."""

    client_id: str
    client_name: str
    redirect_uris: list[str]
    token_endpoint_auth_method: str = _PUBLIC
    client_secret: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    grant_types: list[str] = msgspec.field(default_factory=lambda: ["authorization_code"])


def read_client(url: str, document: bytes) -> Client:
    """The client that a document at `url` describes.

    Raises:
        BadClient: it breaks a rule.
    """
    if len(document) > MOST_DOCUMENT:
        raise BadClient(f"its document has more than {MOST_DOCUMENT} bytes")
    try:
        read = msgspec.json.decode(document, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadClient("its document lacks client_id, client_name or redirect_uris") from None
    if read.client_id != url:
        raise BadClient("its document has another client_id")
    if read.client_secret is not msgspec.UNSET or read.token_endpoint_auth_method != _PUBLIC:
        raise BadClient("only public clients are known here: token_endpoint_auth_method none")
    if "authorization_code" not in read.grant_types:
        raise BadClient("its document does not have the grant type authorization_code")
    if not 1 <= len(read.redirect_uris) <= MOST_REDIRECTS:
        raise BadClient(f"its document has between 1 and {MOST_REDIRECTS} redirect_uris")
    if not all(map(is_redirect, read.redirect_uris)):
        raise BadClient("one of its redirect_uris is not allowed")
    name = _UNSHOWABLE.sub("", read.client_name)[:MOST_NAME].strip()
    return Client(url, name or "a client without a name", tuple(read.redirect_uris))


def answered(uri: str, **said: str | None) -> str:
    """A redirect that tells a client something."""
    told = urlencode({name: value for name, value in said.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{told}"


def is_redirect(uri: str) -> bool:
    """Whether people may be sent there: https, this machine, or an app's own scheme."""
    at = _split(uri)
    if at is None or len(uri) > MOST_URL or not uri.isascii() or not uri.isprintable():
        return False
    if at.fragment or "#" in uri or at.username is not None or "\\" in uri or " " in uri:
        return False
    if at.scheme in ("https", "http"):
        return bool(at.hostname) and (at.scheme == "https" or at.hostname in LOOPBACK)
    return at.scheme not in _DANGEROUS and _PRIVATE_SCHEME.fullmatch(at.scheme) is not None


def is_registered(client: Client, uri: str) -> bool:
    """Whether a redirect is one of the client's: the very same text; on this machine at any port,
    which the system gives to an app when it starts (RFC 8252, section 7.3)."""
    return is_redirect(uri) and any(
        one == uri or _differs_in_port(one, uri) for one in client.redirect_uris
    )


def _differs_in_port(registered: str, asked: str) -> bool:
    one, other = _split(registered), _split(asked)
    if one is None or other is None or one.scheme != "http" or one.hostname not in LOOPBACK:
        return False
    return (one.scheme, one.hostname, one.path, one.query) == (
        other.scheme, other.hostname, other.path, other.query,
    )  # fmt: skip


def _split(uri: str) -> SplitResult | None:
    try:
        at = urlsplit(uri)
        _ = at.port
    except ValueError:
        return None
    return at

"""What a server can be told: the settings as a value, and the shape of a row of their table."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from watchword_server.domain.oauth import fits
from watchword_server.settings.values import Reader

UNSET_PATH = Path()
_HOUR = 3_600.0
SCHEDULE = (0.0, 5.0, 300.0, 1_800.0, *(n * _HOUR for n in (2, 5, 10, 14, 20, 24)))
"""Seconds before each attempt of a webhook (Standard Webhooks 1.0.0, "Retry schedule")."""
LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its default; what each one means is written in `rows.SETTINGS`.

    An empty `public_url` becomes the loopback URL of the port, an unset `pepper_file` the file
    beside the database.  Its repr shows no secret.
    """

    config: Path | None = None
    database_url: str = "sqlite:///watchword.db"
    sqlite_synchronous: str = "full"
    pepper_file: Path = UNSET_PATH
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    security_contact: str | None = None
    sandbox: str = "auto"
    sandbox_delay_s: float = 2.0
    sandbox_requests_per_day: int = 500
    workers: int = 1
    worker_concurrency: int = 256
    shutdown_grace_s: float = 20.0
    log_level: str = "info"
    log_format: str = "auto"
    access_log: bool = False
    inbox_script: str | None = None
    autofill_domain: str | None = None
    template_auto_approve: str = "development"
    message_prices: tuple[tuple[str, str], ...] = ()
    price_currency: str = "USD"
    webhook_allow: tuple[str, ...] | None = None
    webhook_allow_http: bool = False
    webhook_ca_file: Path | None = None
    webhook_schedule: tuple[float, ...] = SCHEDULE
    webhook_posts: int = 128
    webhook_endpoint_posts: int = 16
    oauth: bool = True
    oauth_allow: tuple[str, ...] = ()
    alert_emails: tuple[str, ...] = ()
    provider_allow: tuple[str, ...] | None = None
    provider_ca_file: Path | None = None
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_security: str = "starttls"
    smtp_username: str | None = None
    smtp_password: str | None = None
    smtp_password_file: Path | None = None
    smtp_from_address: str | None = None
    smtp_from_name: str | None = None
    smtp_helo: str | None = None
    smtp_connections: int = 4
    smtp_ca_file: Path | None = None
    smtp_allow_plaintext: bool = False
    smtp_timeout_s: float = 10.0
    smtp_dkim_domain: str | None = None
    smtp_dkim_selector: str | None = None
    smtp_dkim_key_file: Path | None = None
    smtp_bounce_address: str | None = None
    smtp_bounce_secret: str | None = None
    smtp_success_notices: bool = False

    def __post_init__(self) -> None:
        if not self.public_url:
            msgspec.structs.force_setattr(self, "public_url", _loopback_url(self.port))
        if self.pepper_file == UNSET_PATH:
            beside = self.database_path or Path("watchword")
            path = beside.with_name(f"{beside.name}.pepper.json")
            msgspec.structs.force_setattr(self, "pepper_file", path)

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None where the database is a server."""
        scheme, _, rest = self.database_url.partition(":///")
        return Path(rest).expanduser() if scheme == "sqlite" else None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_own(self) -> bool:
        """Whether the server is a developer's own: bound to loopback, published under a loopback
        URL and no further name, behind no proxy."""
        is_published = _host_of(self.public_url) not in _LOOPBACK_NAMES or bool(self.allowed_hosts)
        return self.is_loopback and not is_published and not self.trusted_proxies

    @property
    def webhook_networks(self) -> tuple[str, ...]:
        """The private networks webhooks may go to: unless told, loopback on a developer's own."""
        if self.webhook_allow is not None:
            return self.webhook_allow
        return LOOPBACK_NETWORKS if self.is_own else ()

    @property
    def provider_networks(self) -> tuple[str, ...]:
        """The private networks vendors' servers may be in: unless told, as webhooks' receivers."""
        if self.provider_allow is not None:
            return self.provider_allow
        return LOOPBACK_NETWORKS if self.is_own else ()

    @property
    def sandbox_webhook_networks(self) -> tuple[str, ...]:
        """The same for callers with the public keys: none where strangers may be among them."""
        return self.webhook_networks if self.is_own else ()

    @property
    def issues_tokens(self) -> bool:
        """Whether MCP clients may ask for access by OAuth, which needs a fitting public URL."""
        return self.oauth and fits(self.public_url)

    @property
    def sandbox_is_on(self) -> bool:
        """Whether the public sandbox keys work: when asked for, or by default on a developer's
        own server."""
        return self.sandbox == "on" or (self.sandbox == "auto" and self.is_own)

    def at_port(self, port: int) -> "Settings":
        """The same settings on the port that was really taken."""
        derived = self.public_url == _loopback_url(self.port)
        public_url = "" if derived else self.public_url
        return msgspec.structs.replace(self, port=port, public_url=public_url)

    def smtp_account(self) -> dict[str, object] | None:
        """What the SMTP provider is told, by its own names; None where there is no mail server."""
        if self.smtp_host is None:
            return None
        account: dict[str, object] = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name.startswith("smtp_") and name != "smtp_password_file" and value is not None:
                written = str(value) if isinstance(value, Path) else value
                account[name.removeprefix("smtp_")] = written
        return account

    def __repr__(self) -> str:
        return f"<Settings {self.public_url} {self.database_url.partition('://')[0]}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:  # type: ignore[override]
        yield self.public_url


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _loopback_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}


class Setting(msgspec.Struct, frozen=True):
    """One row of the table of settings.

    Attributes:
        name: the key in the TOML file, and the attribute of `Settings`.
        reader: what may be written.
        description: what it does, for an operator; one or two sentences.
        example: a value to copy.
        default: words for the default where the value alone would not explain it.
        secret: never shown, not even by `doctor`.
    """

    name: str
    reader: Reader
    description: str
    example: str
    default: str | None = None
    secret: bool = False

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"WATCHWORD_{self.name.upper()}"

    @property
    def default_value(self) -> object:
        """What `Settings` has when nothing is said."""
        return _FIELDS[self.name].default

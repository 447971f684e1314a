"""The one table of settings: what is parsed, checked by `doctor` and printed in the docs."""

from watchword_server.settings.table import Setting
from watchword_server.settings.values import (
    BIND_HOST,
    CIDRS,
    CURRENCY,
    DATABASE_URL,
    EMAIL,
    EMAILS,
    FLAG,
    HOSTS,
    OPTIONAL_CIDRS,
    OPTIONAL_HOST,
    OPTIONAL_PATH,
    OPTIONAL_TEXT,
    PATH,
    PRICES,
    PUBLIC_URL,
    choice,
    durations,
    integer,
    seconds,
)

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "config", OPTIONAL_PATH,
        "The TOML file with the other settings. A file named here must exist; "
        "the environment wins over it.",
        "/etc/watchword.toml", default="`watchword.toml` in the working directory, if it is there",
    ),
    Setting(
        "database_url", DATABASE_URL,
        "Where everything is stored. `sqlite:///name.db` is a file in the working directory, "
        "`sqlite:////var/lib/watchword/watchword.db` an absolute path.",
        "sqlite:////var/lib/watchword/watchword.db", secret=True,
    ),
    Setting(
        "sqlite_synchronous", choice("full", "off"),
        "`full` answers after the disk has the data. `off` is for tests only: "
        "a power cut may lose or damage the database.",
        "full",
    ),
    Setting(
        "pepper_file", PATH,
        "The secret keys (mode 0600, made at the first start). In production keep it, and its "
        "backup, apart from the database: who holds both can read addresses and try codes.",
        "/etc/watchword/pepper.json",
        default="the database file's name with `.pepper.json` added",
    ),
    Setting(
        "host", BIND_HOST,
        "The address to listen on; `0.0.0.0` is every interface. "
        "Set `public_url` too when it is not a loopback address.",
        "0.0.0.0",  # noqa: S104 - an example
    ),
    Setting(
        "port", integer(0, 65_535), "The port to listen on; 0 takes a free one.", "8080"
    ),
    Setting(
        "public_url", PUBLIC_URL,
        "The URL under which callers reach this server: every published link is made from it, "
        "and its host is always an allowed one.",
        "https://otp.example.com", default="`http://127.0.0.1:<port>`",
    ),
    Setting(
        "allowed_hosts", HOSTS,
        "Further names in the Host header that are answered; any other gets 421. "
        "The host of `public_url` and loopback names are always allowed.",
        "otp.internal,otp.example.org", default="none",
    ),
    Setting(
        "trusted_proxies", CIDRS,
        "Networks of the reverse proxies whose `Forwarded` and `X-Forwarded-For` headers are "
        "believed. Unset, a client's address is that of its connection.",
        "10.0.0.0/8,fd00::/8", default="none",
    ),
    Setting(
        "security_contact", OPTIONAL_TEXT,
        "Whom to tell of a weakness of this server, in `/.well-known/security.txt`: "
        "an email address or a URL.",
        "security@example.com", default="the page about security that this server serves",
    ),
    Setting(
        "sandbox", choice("auto", "on", "off"),
        "Whether the public keys of the sandbox work. `auto` is on while `host` and `public_url` "
        "are loopback addresses, no proxy is trusted and no further host is allowed; whoever "
        "reaches the server can use them.",
        "off",
    ),
    Setting(
        "sandbox_delay_s", seconds(0, 30),
        "In the sandbox: how long after a message was sent its delivery is reported.", "0",
    ),
    Setting(
        "sandbox_requests_per_day", integer(1, 1_000_000),
        "In the sandbox: requests of one client address with the public keys, until midnight UTC.",
        "5000",
    ),
    Setting(
        "workers", integer(1, 64),
        "Server processes. More than one needs PostgreSQL, which is not in this version yet: "
        "SQLite has a single writer.", "1",
    ),
    Setting(
        "worker_concurrency", integer(1, 4096),
        "Messages that are handed over to providers at the same time.", "64",
    ),
    Setting(
        "shutdown_grace_s", seconds(0, 600),
        "How long a stop waits for requests and hand-overs under way. "
        "Keep it below the time after which your supervisor kills.",
        "20",
    ),
    Setting(
        "log_level", choice("debug", "info", "warning", "error"), "The least that is logged.",
        "info",
    ),
    Setting(
        "log_format", choice("auto", "json", "console"),
        "`auto` is `console` on a terminal and `json` elsewhere. Logs go to standard error.",
        "json",
    ),
    Setting(
        "access_log", FLAG,
        "One log line per request: method, operation, status, duration. It costs throughput.",
        "true",
    ),
    Setting(
        "inbox_script", OPTIONAL_TEXT,
        "To watch failures without a vendor: how hand-overs to the inbox end, by channel. Kinds: "
        "`delivered`, `sent`, `reject:<reason>`, `unavailable:<reason>`, `uncertain`, "
        "`late:<seconds>`; `*` is any other channel.",
        "whatsapp=reject:unreachable,*=delivered", default="every message arrives",
    ),
    Setting(
        "autofill_domain", OPTIONAL_HOST,
        "The web origin whose pages may fill a code in by themselves: "
        "messages end with `@example.com #123456`.",
        "example.com", default="no such line",
    ),
    Setting(
        "template_auto_approve", choice("off", "development", "on"),
        "Where a template that passes the lint needs no operator's yes: nowhere, in projects that "
        "are not live, or everywhere.",
        "off",
    ),
    Setting(
        "message_prices", PRICES,
        "What a message costs by channel, and by country where it differs; of an SMS, what one "
        "segment costs. Previews of templates tell the cost.",
        "sms=0.04,sms:SG=0.032,voice=0.1", default="unknown",
    ),
    Setting("price_currency", CURRENCY, "The currency of these prices, in ISO 4217.", "EUR"),
    Setting(
        "webhook_allow", OPTIONAL_CIDRS,
        "Private networks that webhooks may be sent to, by plain `http` too; every other address "
        "that is not public is refused. `none` allows no such network. Callers with the public "
        "keys of a sandbox that is open to others never reach them.",
        "10.20.0.0/16,fd12:3456::/32",
        default="loopback while only this machine can reach the server, else `none`",
    ),
    Setting(
        "webhook_allow_http", FLAG,
        "Let webhooks to public addresses travel unencrypted.", "false",
    ),
    Setting(
        "webhook_ca_file", OPTIONAL_PATH,
        "Certificates that webhook receivers may have been signed by, besides the system's, "
        "in PEM.", "/etc/ssl/internal-ca.pem", default="the system's only",
    ),
    Setting(
        "webhook_schedule", durations(30),
        "How long a webhook waits before each attempt, give or take a fifth. As many attempts as "
        "there are waits; then it is exhausted, and can be replayed.",
        "0s,10s,1m,10m,1h", default="`0s,5s,5m,30m,2h,5h,10h,14h,20h,24h`",
    ),
    Setting(
        "webhook_posts", integer(1, 4096),
        "Webhooks under way at the same time. Those not answered within a second do not count; "
        "there may be three times as many of them.", "128",
    ),
    Setting(
        "webhook_endpoint_posts", integer(1, 256),
        "Webhooks under way to one endpoint at the same time.", "16",
    ),
    Setting(
        "oauth", FLAG,
        "Let MCP clients ask for access by OAuth, which an operator grants. It needs a public URL "
        "with `https`, or a loopback one.", "true",
    ),
    Setting(
        "oauth_allow", CIDRS,
        "Private networks that the documents of OAuth clients may be fetched from; every other "
        "address that is not public is refused. Their certificates are checked as those of "
        "webhook receivers.", "10.20.0.0/16", default="none",
    ),
    Setting(
        "alert_emails", EMAILS,
        "Who is mailed when something needs a look: a provider is down, money runs low, fewer "
        "codes are confirmed. At most one mail per kind, project and hour; it needs `smtp_host`.",
        "ops@example.com,cto@example.com", default="nobody",
    ),
    Setting(
        "provider_allow", OPTIONAL_CIDRS,
        "Private networks that provider accounts may reach, by plain `http` too, such as that of "
        "your own SMS gateway; every other address that is not public is refused. `none` allows "
        "no such network.",
        "10.20.0.0/16,fd12:3456::/32",
        default="loopback while only this machine can reach the server, else `none`",
    ),
    Setting(
        "provider_ca_file", OPTIONAL_PATH,
        "Certificates that vendors' servers may have been signed by, besides the system's, in "
        "PEM.", "/etc/ssl/internal-ca.pem", default="the system's only",
    ),
    Setting(
        "smtp_host", OPTIONAL_HOST,
        "The mail server that takes codes by email. Unset, live projects have no email channel.",
        "smtp.example.com", default="no email",
    ),
    Setting(
        "smtp_port", integer(1, 65_535), "Its port.", "587",
        default="587 for `starttls`, 465 for `tls`, 25 for `none`",
    ),
    Setting(
        "smtp_security", choice("starttls", "tls", "none"),
        "`starttls` and `tls` check the certificate; `none` is for a mail server on this machine.",
        "starttls",
    ),
    Setting("smtp_username", OPTIONAL_TEXT, "Who logs in there.", "watchword", default="no login"),
    Setting(
        "smtp_password", OPTIONAL_TEXT,
        "Its password. Prefer `smtp_password_file`: an environment shows in process listings.",
        "correct-horse", default="none", secret=True,
    ),
    Setting(
        "smtp_password_file", OPTIONAL_PATH,
        "A file with the password, instead of `smtp_password`.",
        "/run/secrets/smtp_password", default="none",
    ),
    Setting(
        "smtp_from_address", EMAIL,
        "The sender's address. It is required with `smtp_host`.", "codes@example.com",
        default="none",
    ),
    Setting(
        "smtp_from_name", OPTIONAL_TEXT,
        "The sender's name; `{sender}` stands for the template's brand.", "Example",
        default="the template's brand",
    ),
    Setting(
        "smtp_helo", OPTIONAL_HOST, "The name given in EHLO.", "otp.example.com",
        default="the sender's domain",
    ),
    Setting(
        "smtp_connections", integer(1, 64), "Connections kept and used at the same time.", "4"
    ),
    Setting(
        "smtp_ca_file", OPTIONAL_PATH,
        "Certificates to trust instead of the system's, in PEM.", "/etc/ssl/internal-ca.pem",
        default="the system's",
    ),
    Setting(
        "smtp_allow_plaintext", FLAG,
        "Let codes and the password travel unencrypted to another machine.", "false",
    ),
    Setting("smtp_timeout_s", seconds(1, 10), "How long one hand-over may take.", "10"),
    Setting(
        "smtp_dkim_domain", OPTIONAL_HOST,
        "Sign mail for this domain (RFC 6376). "
        "Only where the mail server does not sign by itself.",
        "example.com", default="the sender's domain",
    ),
    Setting(
        "smtp_dkim_selector", OPTIONAL_TEXT, "The DNS selector of the signing key.", "watchword",
        default="not signed",
    ),
    Setting(
        "smtp_dkim_key_file", OPTIONAL_PATH, "The private key, in PEM.",
        "/etc/watchword/dkim.pem", default="none",
    ),
    Setting(
        "smtp_bounce_address", EMAIL,
        "Where mail that cannot be delivered is returned to: each mail leaves with an envelope "
        "sender of its own, such as `bounces+<token>@mail.example.com`. "
        "Pass what comes in there to `watchword-server bounce`.",
        "bounces@mail.example.com", default="nothing is heard of bounces",
    ),
    Setting(
        "smtp_bounce_secret", OPTIONAL_TEXT,
        "What proves that such a sender is one of ours; at least 16 characters. "
        "It goes together with `smtp_bounce_address`.",
        "correct-horse-battery", default="none", secret=True,
    ),
    Setting(
        "smtp_success_notices", FLAG,
        "Ask for a notice of each mail that arrived as well (RFC 3461); many servers send none.",
        "false",
    ),
)  # fmt: skip

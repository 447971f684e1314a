"""Checks of what a server talks to and is reached by: mail server, public URL, clock."""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from watchword_server.cli.findings import FAIL, OK, WARN, Finding
from watchword_server.settings import Settings

TIMEOUT_S = 5.0
RELEASED_AT = 1_767_225_600
"""2026-01-01: no clock that is right shows less."""

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def mail(settings: Settings) -> Iterator[Finding]:
    """The mail server answers, its certificate is right, and it lets us in."""
    host = settings.smtp_host
    if host is None:
        yield Finding("email", OK, "no mail server is set; live projects have no email")
        return
    port = settings.smtp_port or _PORTS[settings.smtp_security]
    try:
        _log_in(settings, host.strip("[]"), port)
    except ssl.SSLCertVerificationError as error:
        fix = "Name the host its certificate is for, or set WATCHWORD_SMTP_CA_FILE."
        says = f"{host}:{port} has a certificate that fails: {error.verify_message}"
        yield Finding("email", FAIL, says, fix)
    except smtplib.SMTPAuthenticationError:
        fix = "Check WATCHWORD_SMTP_USERNAME and WATCHWORD_SMTP_PASSWORD."
        yield Finding("email", FAIL, f"{host}:{port} refused the log-in", fix)
    except (OSError, smtplib.SMTPException) as error:
        fix = "Check WATCHWORD_SMTP_HOST, _PORT and _SECURITY, and the firewall between."
        what = getattr(error, "strerror", None) or type(error).__name__
        yield Finding("email", FAIL, f"{host}:{port} does not answer as it should: {what}", fix)
    else:
        yield Finding("email", OK, f"{host}:{port} answers ({settings.smtp_security})")


def _log_in(settings: Settings, host: str, port: int) -> None:
    context = ssl.create_default_context(cafile=settings.smtp_ca_file)
    client: smtplib.SMTP
    if settings.smtp_security == "tls":
        client = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    with client:
        if settings.smtp_security == "starttls":
            client.starttls(context=context)
        if settings.smtp_username and settings.smtp_password:
            client.login(settings.smtp_username, settings.smtp_password)
        code, _ = client.noop()
        if code >= 400:
            raise smtplib.SMTPException


def public_url(settings: Settings) -> Iterator[Finding]:
    """Callers who read the published URL find the server."""
    url = settings.public_url
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host):
        if settings.is_loopback:
            yield Finding("public URL", OK, f"{url}, for this machine only")
        else:
            says = f"{url}, but the server listens on {settings.host}: links lead nowhere"
            fix = "Set WATCHWORD_PUBLIC_URL to what callers type, such as https://otp.example.com."
            yield Finding("public URL", WARN, says, fix)
        return
    if parts.scheme == "http":
        says = f"{url} is not encrypted: keys and codes could be read on the way"
        yield Finding("public URL", WARN, says, "Put a TLS proxy in front and publish https://.")
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        fix = "Add the DNS record, or correct WATCHWORD_PUBLIC_URL."
        yield Finding("public URL", WARN, f"{host} has no address here", fix)
    else:
        yield Finding("public URL", OK, url)
    if settings.is_loopback and not settings.trusted_proxies:
        says = "no proxy is trusted: every client seems to have the proxy's address"
        fix = "Set WATCHWORD_TRUSTED_PROXIES to the proxy's network, such as 127.0.0.1/32."
        yield Finding("public URL", WARN, says, fix)


def sandbox(settings: Settings) -> Iterator[Finding]:
    """Nobody from outside uses the sandbox unless that is meant."""
    if not settings.sandbox_is_on:
        yield Finding("sandbox", OK, "off: its public keys are refused")
    elif settings.is_loopback:
        yield Finding("sandbox", OK, "on: see watchword-server sandbox")
    else:
        says = f"on, and the server listens on {settings.host}: its keys are known to everyone"
        fix = "Set WATCHWORD_SANDBOX=off unless strangers shall try this server."
        yield Finding("sandbox", WARN, says, fix)


def port(settings: Settings) -> Iterator[Finding]:
    """The port is free, or a Watchword server has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        where = f"{settings.host} port {settings.port}"
        try:
            probe.bind((settings.host, settings.port))
        except PermissionError:
            fix = (
                "Ports below 1024 are the administrator's: take a higher one, with a proxy before."
            )
            yield Finding("port", FAIL, f"{where} may not be used by this user", fix)
        except OSError as error:
            says = f"{where} is taken ({error.strerror}), by a running server or by another program"
            yield Finding("port", OK, says)
        else:
            yield Finding("port", OK, f"{where} is free: no server is running there")


def clock(_settings: Settings) -> Iterator[Finding]:
    """The machine knows roughly what time it is."""
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < RELEASED_AT:
        fix = "Set the clock and keep it set (NTP): certificates and expiry depend on it."
        yield Finding("clock", FAIL, f"{shown} is in the past", fix)
    else:
        yield Finding("clock", OK, shown)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

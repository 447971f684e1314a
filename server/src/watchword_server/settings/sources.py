"""Where settings come from: flags over the environment over one TOML file over the defaults."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from watchword_server.domain.errors import Misconfigured
from watchword_server.settings.rows import SETTINGS
from watchword_server.settings.table import Setting, Settings

DEFAULT_FILE = "watchword.toml"
PREFIX = "WATCHWORD_"

SDK_VARIABLES: dict[str, str] = {
    "WATCHWORD_URL": "Where the SDKs, `send` and `verify` find the server.",
    "WATCHWORD_DEV_KEY": "The public half of the API key they use.",
    "WATCHWORD_DEV_SECRET": "Its secret half.",
}
"""Variables that are read by clients; a server that finds them in its environment ignores them."""

_KUBERNETES = re.compile(r"WATCHWORD_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP)\w*)")
_BY_NAME = {row.name: row for row in SETTINGS}
_BY_VARIABLE = {row.variable: row for row in SETTINGS}


def load(
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    directory: Path = Path(),
) -> Settings:
    """The settings of this process.

    Args:
        environ: usually `os.environ`.
        flags: what the command line said; None as a value is nothing said.
        directory: where `watchword.toml` is looked for.

    Raises:
        Misconfigured: naming the variable or key, and what to write instead.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    from_environ = dict(_from_environ(environ))
    file = _file(from_environ, directory)
    values = dict(_from_file(file)) if file else {}
    values |= from_environ
    for name, value in given.items():
        values[name] = _read(_BY_NAME[name], value, f"--{name.replace('_', '-')}")
    if file:
        values["config"] = file
    settings = msgspec.convert(values, Settings)
    return _checked(_with_password(settings))


def _from_environ(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in SDK_VARIABLES:
            continue
        row = _BY_VARIABLE.get(variable)
        if row is None:
            if _KUBERNETES.fullmatch(variable):
                continue  # service links of a Service named watchword
            known = [*_BY_VARIABLE, *SDK_VARIABLES]
            raise _unknown("environment variable", variable, known)
        if environ[variable].strip():  # an empty variable is an unset one
            yield row.name, _read(row, environ[variable], variable)


def _file(from_environ: Mapping[str, object], directory: Path) -> Path | None:
    named = from_environ.get("config")
    if isinstance(named, Path):
        return named
    path = directory / DEFAULT_FILE
    return path if path.is_file() else None


def _from_file(path: Path) -> Iterator[tuple[str, object]]:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(
            f"WATCHWORD_CONFIG names {path}, which cannot be read ({error.strerror}). "
            "Correct the path, or unset the variable."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise Misconfigured(f"{path} is not valid TOML: {where}.") from None
    for key, value in _flat(written):
        name = key.replace(".", "_")
        if name == "config" or name not in _BY_NAME:
            raise _unknown(f"key in {path}", key, [row for row in _BY_NAME if row != "config"])
        yield name, _read(_BY_NAME[name], value, f"`{key}` in {path}")


def _flat(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Keys with their tables' names in front: `[smtp]` `host` is `smtp.host`."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def _read(row: Setting, value: object, where: str) -> object:
    try:
        return row.reader.read(value)
    except ValueError as error:
        raise Misconfigured(f"{where} cannot be used: {error}.") from None


def _unknown(what: str, name: str, known: Iterable[str]) -> Misconfigured:
    by_word = {_word(one): one for one in known}
    near = difflib.get_close_matches(_word(name), list(by_word), n=1, cutoff=0.6)
    hint = "All settings are listed in docs/settings.md."
    if near:
        hint = f"Did you mean {by_word[near[0]]}?"
    return Misconfigured(f"Unknown {what}: {name}. {hint}")


def _word(name: str) -> str:
    return name.removeprefix(PREFIX).replace(".", "_").lower()


def _with_password(settings: Settings) -> Settings:
    path = settings.smtp_password_file
    if path is None:
        return settings
    if settings.smtp_password is not None:
        raise Misconfigured(
            "WATCHWORD_SMTP_PASSWORD and WATCHWORD_SMTP_PASSWORD_FILE are both set. Unset one."
        )
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise Misconfigured(
            f"WATCHWORD_SMTP_PASSWORD_FILE names {path}, which cannot be read ({error.strerror})."
        ) from None
    return msgspec.structs.replace(settings, smtp_password=password)


Rule = tuple[Callable[[Settings], bool], str]
_RULES: tuple[Rule, ...] = (
    (
        lambda s: s.workers > 1 and s.database_path is not None,
        "WATCHWORD_WORKERS is above 1, but SQLite has a single writer: run one process, or move "
        "to PostgreSQL (WATCHWORD_DATABASE_URL=postgresql://user@host/name).",
    ),
    (
        lambda s: s.smtp_host is not None and s.smtp_from_address is None,
        "WATCHWORD_SMTP_HOST is set without WATCHWORD_SMTP_FROM_ADDRESS. Set the address that "
        "codes are sent from, such as codes@example.com.",
    ),
    (
        lambda s: s.smtp_security == "none" and not s.smtp_allow_plaintext
        and s.smtp_host not in (None, "127.0.0.1", "[::1]", "localhost"),
        "WATCHWORD_SMTP_SECURITY is none: codes would travel unencrypted to another machine. Use "
        "starttls or tls, or set WATCHWORD_SMTP_ALLOW_PLAINTEXT=true.",
    ),
    (
        lambda s: (s.smtp_username is None) != (s.smtp_password is None),
        "WATCHWORD_SMTP_USERNAME and a password (WATCHWORD_SMTP_PASSWORD or "
        "WATCHWORD_SMTP_PASSWORD_FILE) go together: set both or neither.",
    ),
    (
        lambda s: (s.smtp_dkim_selector is None) != (s.smtp_dkim_key_file is None),
        "WATCHWORD_SMTP_DKIM_SELECTOR and WATCHWORD_SMTP_DKIM_KEY_FILE go together: set both or "
        "neither.",
    ),
    (
        lambda s: bool(s.alert_emails) and s.smtp_host is None,
        "WATCHWORD_ALERT_EMAILS is set without WATCHWORD_SMTP_HOST. Set the mail server that "
        "alerts are sent by.",
    ),
    (
        lambda s: (s.smtp_bounce_address is None) != (s.smtp_bounce_secret is None),
        "WATCHWORD_SMTP_BOUNCE_ADDRESS and WATCHWORD_SMTP_BOUNCE_SECRET go together: set both or "
        "neither.",
    ),
)  # fmt: skip


def _checked(settings: Settings) -> Settings:
    for breaks, message in _RULES:
        if breaks(settings):
            raise Misconfigured(message)
    return settings

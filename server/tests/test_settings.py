"""Settings: one table drives what is read, what is refused and what is documented.

docs/settings.md is made from it; renew it with
`python -c 'from watchword_server.settings import page; print(page.page(), end="")'`.
"""

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

import tracked
from watchword_server import providers
from watchword_server.domain.errors import Misconfigured
from watchword_server.settings import (
    PEPPER_LOST,
    SETTINGS,
    Settings,
    load,
    load_or_create_keyring,
    new_pepper_file,
    page,
)

DOCS = tracked.ROOT / "docs/settings.md"
PROJECT = b"p" * 16


def _keys(current: int, only: str) -> str:
    keys = {"current": current, "peppers": {only: "11" * 32}, "index_key": "22" * 32}
    return json.dumps(keys)


def complaint(environ: dict[str, str], directory: Path = Path("/nowhere")) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(environ, directory=directory)
    return str(caught.value)


def test_the_table_and_the_settings_have_the_same_names_in_the_same_order() -> None:
    assert [row.name for row in SETTINGS] == list(Settings.__struct_fields__)


def test_the_page_in_the_docs_is_current_and_names_every_variable() -> None:
    assert DOCS.read_text(encoding="utf-8") == page.page()
    assert all(f"| `{row.variable}` |" in page.page() for row in SETTINGS)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_example_can_be_used(row: object) -> None:
    row.reader.read(row.example)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_default_can_be_written(row: object) -> None:
    default = row.default_value
    if default not in (None, (), "", Path()):
        written = str(default)
        if isinstance(default, tuple):
            written = row.default.strip("`")
        assert row.reader.read(written) == default


def test_nothing_set_is_a_server_on_loopback() -> None:
    settings = load({}, directory=Path("/nowhere"))
    assert settings == Settings()
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.pepper_file == Path("watchword.db.pepper.json")
    assert settings.is_loopback and settings.sandbox_is_on


def test_an_empty_variable_is_an_unset_one() -> None:
    environ = {row.variable: "" for row in SETTINGS}
    assert load(environ, directory=Path("/nowhere")) == Settings()


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "watchword.toml").write_text('port = 1\nhost = "::1"\nlog_level = "debug"\n')
    environ = {"WATCHWORD_PORT": "2", "WATCHWORD_HOST": "localhost"}
    settings = load(environ, {"port": 3, "host": None}, tmp_path)
    assert (settings.port, settings.host, settings.log_level) == (3, "localhost", "debug")
    assert settings.config == tmp_path / "watchword.toml"


def test_a_file_may_use_tables_and_lists(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.toml"
    file.write_text(
        'trusted_proxies = ["10.0.0.0/8", "fd00::/8"]\naccess_log = true\nshutdown_grace_s = 5\n'
        '[smtp]\nhost = "smtp.example.com"\nfrom.address = "codes@example.com"\ntimeout_s = 2.5\n'
    )
    settings = load({"WATCHWORD_CONFIG": str(file)}, directory=tmp_path)
    assert settings.trusted_proxies == ("10.0.0.0/8", "fd00::/8")
    assert settings.access_log is True
    assert settings.smtp_from_address == "codes@example.com"
    assert (settings.smtp_timeout_s, settings.shutdown_grace_s) == (2.5, 5.0)


def test_what_clients_read_is_known_and_ignored() -> None:
    environ = {"WATCHWORD_URL": "x", "WATCHWORD_DEV_KEY": "x", "WATCHWORD_DEV_SECRET": "x"}
    assert load(environ, directory=Path("/nowhere")) == Settings()


def test_the_service_links_of_kubernetes_are_ignored() -> None:
    environ = {
        "WATCHWORD_SERVICE_HOST": "10.0.0.1",
        "WATCHWORD_SERVICE_PORT_HTTP": "80",
        "WATCHWORD_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert load(environ, directory=Path("/nowhere")) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("WATCHWORD_PROT", "1", "Did you mean WATCHWORD_PORT?"),
        ("WATCHWORD_DEVKEY", "1", "Did you mean WATCHWORD_DEV_KEY?"),
        ("WATCHWORD_ZZZZZZ", "1", "All settings are listed in docs/settings.md."),
        ("WATCHWORD_PORT", "http", "a whole number from 0 to 65535"),
        ("WATCHWORD_PORT", "65536", "a whole number from 0 to 65535"),
        ("WATCHWORD_PORT", "tcp://10.0.0.1:80", "enableServiceLinks: false"),
        ("WATCHWORD_HOST", "http://x", "0.0.0.0 for every interface"),
        ("WATCHWORD_DATABASE_URL", "mysql://root:hunter2@db/x", "sqlite:///watchword.db"),
        ("WATCHWORD_DATABASE_URL", "sqlite://watchword.db", "three slashes"),
        ("WATCHWORD_DATABASE_URL", "sqlite:///:memory:", "forgets everything"),
        ("WATCHWORD_PUBLIC_URL", "otp.example.com", "https://otp.example.com"),
        ("WATCHWORD_PUBLIC_URL", "https://u:p@otp.example.com", "https://otp.example.com"),
        ("WATCHWORD_PUBLIC_URL", "https://otp.example.com:x", "https://otp.example.com"),
        ("WATCHWORD_ALLOWED_HOSTS", "https://a.b", "without scheme"),
        ("WATCHWORD_TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.0/8"),
        ("WATCHWORD_SANDBOX", "maybe", "auto, on, off"),
        ("WATCHWORD_ACCESS_LOG", "2", "true or false"),
        ("WATCHWORD_SHUTDOWN_GRACE_S", "nan", "from 0 to 600"),
        ("WATCHWORD_INBOX_SCRIPT", "a\x00b", "control characters"),
        ("WATCHWORD_SMTP_FROM_ADDRESS", "Me <a@b.c>", "plain address"),
        ("WATCHWORD_TEMPLATE_AUTO_APPROVE", "sometimes", "off, development, on"),
        ("WATCHWORD_MESSAGE_PRICES", "sms=free", "sms=0.04,sms:SG=0.032"),
        ("WATCHWORD_MESSAGE_PRICES", "smss=0.1", "sms=0.04,sms:SG=0.032"),
        ("WATCHWORD_MESSAGE_PRICES", "sms:Singapore=0.1", "sms=0.04,sms:SG=0.032"),
        ("WATCHWORD_PRICE_CURRENCY", "euro", "three letters"),
        ("WATCHWORD_CONFIG", "/nowhere/x.toml", "cannot be read"),
        ("WATCHWORD_SMTP_PASSWORD_FILE", "/nowhere/x", "cannot be read"),
    ],
)
def test_a_refusal_names_the_variable_and_says_what_to_do(
    variable: str, value: str, says: str
) -> None:
    message = complaint({variable: value})
    assert variable in message
    assert says in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"WORKERS": "2"}, "PostgreSQL"),
        ({"SMTP_HOST": "mail"}, "WATCHWORD_SMTP_FROM_ADDRESS"),
        (
            {"SMTP_HOST": "mail", "SMTP_SECURITY": "none", "SMTP_FROM_ADDRESS": "a@b.c"},
            "WATCHWORD_SMTP_ALLOW_PLAINTEXT",
        ),
        ({"SMTP_USERNAME": "me"}, "WATCHWORD_SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "me"}, "WATCHWORD_SMTP_USERNAME"),
        ({"SMTP_DKIM_SELECTOR": "x"}, "WATCHWORD_SMTP_DKIM_KEY_FILE"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    environ: dict[str, str], names: str
) -> None:
    assert names in complaint({f"WATCHWORD_{name}": value for name, value in environ.items()})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "Did you mean port?"),
        ("[smtp]\nhots = 'a'", "Did you mean smtp_host?"),
        ("port = true", "one value"),
        ("port = ", "not valid TOML"),
        ("config = 'other.toml'", "Unknown key"),
    ],
)
def test_a_refusal_names_the_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "watchword.toml").write_text(text)
    message = complaint({}, tmp_path)
    assert str(tmp_path / "watchword.toml") in message
    assert says in message


def test_the_smtp_password_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    environ = {
        "WATCHWORD_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
        "WATCHWORD_SMTP_USERNAME": "me",
    }
    assert load(environ, directory=tmp_path).smtp_password == "correct horse"
    assert "both set" in complaint({**environ, "WATCHWORD_SMTP_PASSWORD": "x"}, tmp_path)


def test_the_mail_account_has_the_names_of_its_provider(tmp_path: Path) -> None:
    assert Settings().smtp_account() is None
    settings = Settings(
        smtp_host="mail",
        smtp_from_address="a@example.com",
        smtp_username="me",
        smtp_password="secret",
        smtp_password_file=tmp_path / "password",
        smtp_ca_file=Path("ca.pem"),
    )
    account = settings.smtp_account()
    known = providers.settings_type("smtp")
    assert msgspec.convert(account, known) == msgspec.convert(
        {
            "host": "mail",
            "from_address": "a@example.com",
            "username": "me",
            "password": "secret",
            "ca_file": "ca.pem",
        },
        known,
    )
    ours = {name[5:] for name in Settings.__struct_fields__ if name.startswith("smtp_")}
    # The settings file names files; a project's account carries its key itself.
    assert ours - {"password_file"} == set(known.__struct_fields__) - {"dkim_key"}


def test_a_taken_port_shows_in_a_derived_url_and_leaves_a_given_one() -> None:
    assert Settings(port=0).at_port(4711).public_url == "http://127.0.0.1:4711"
    given = Settings(port=0, public_url="https://otp.example.com")
    assert given.at_port(4711).public_url == "https://otp.example.com"


@pytest.mark.parametrize(
    ("host", "sandbox", "on"),
    [
        ("127.0.0.1", "auto", True),
        ("::1", "auto", True),
        ("0.0.0.0", "auto", False),
        ("otp.example.com", "auto", False),
        ("0.0.0.0", "on", True),
        ("127.0.0.1", "off", False),
    ],
)
def test_the_public_sandbox_keys_follow_the_interface(host: str, sandbox: str, on: bool) -> None:
    assert Settings(host=host, sandbox=sandbox).sandbox_is_on is on


@pytest.mark.parametrize(
    "published",
    [{"public_url": "https://otp.example.com"}, {"trusted_proxies": ("127.0.0.1/32",)}],
)
def test_a_proxy_does_not_publish_the_sandbox_by_mistake(published: dict[str, object]) -> None:
    assert not Settings(**published).sandbox_is_on
    assert Settings(sandbox="on", **published).sandbox_is_on


def test_settings_do_not_show_their_secrets() -> None:
    settings = Settings(
        smtp_password="hunter2", database_url="postgresql://me:hunter2@db/watchword"
    )
    assert "hunter2" not in f"{settings!r} {settings}"
    secret = {row.name for row in SETTINGS if row.secret}
    assert secret == {"smtp_password", "smtp_bounce_secret", "database_url"}


# ---- the pepper file ------------------------------------------------------------------------


def test_a_first_start_makes_a_pepper_file_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep/er/pepper.json"
    old = os.umask(0)
    try:
        first = load_or_create_keyring(path, os.urandom)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["pepper.json"]
    again = load_or_create_keyring(path, os.urandom)
    assert again.blind_index(PROJECT, "a") == first.blind_index(PROJECT, "a")
    assert again.current == 1


def test_a_pepper_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pepper.json"
    new_pepper_file(path, os.urandom)
    written = path.read_bytes()
    with pytest.raises(FileExistsError):
        new_pepper_file(path, os.urandom)
    assert path.read_bytes() == written
    assert [entry.name for entry in tmp_path.iterdir()] == ["pepper.json"]


def test_rotated_peppers_are_all_read(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(_keys(1, "1"))
    both = json.loads(_keys(7, "1")) | {"peppers": {"1": "11" * 32, "7": "77" * 32}}
    new.write_text(json.dumps(both))
    for path in (old, new):
        path.chmod(0o600)
    before, after = (load_or_create_keyring(path, os.urandom) for path in (old, new))
    sealed = before.seal(PROJECT, b"row", b"text", b"n" * 12)
    assert after.unseal(PROJECT, b"row", sealed) == b"text"
    assert after.seal(PROJECT, b"row", b"text", b"n" * 12)[0] == 7
    assert after.blind_index(PROJECT, "a") == before.blind_index(PROJECT, "a")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_pepper_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pepper.json"
    new_pepper_file(path, os.urandom)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match=f"chmod 600 {path}"):
        load_or_create_keyring(path, os.urandom)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"current":1,"peppers":{"1":"aa"},"index_key":"bb"}',
        _keys(2, "1"),
        '{"current":1,"peppers":{"1":"zz"},"index_key":"22"}',
        _keys(300, "300"),
    ],
)
def test_a_damaged_pepper_file_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pepper.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="damaged") as caught:
        load_or_create_keyring(path, os.urandom)
    assert caught.value.__cause__ is None
    assert "11" * 8 not in str(caught.value)


def test_a_directory_that_takes_no_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="WATCHWORD_PEPPER_FILE"):
        load_or_create_keyring(tmp_path / "file/pepper.json", os.urandom)


def test_the_loss_of_the_pepper_is_explained() -> None:
    text = PEPPER_LOST
    for part in (
        "WATCHWORD_PEPPER_FILE",
        "backup",
        "pending codes",
        "API key",
        "addresses",
        "counters",
    ):
        assert part in text


def test_settings_are_a_value() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]
    assert msgspec.structs.replace(Settings(), port=0).port == 0


OUTSIDERS = {
    "another bind address": {"host": "0.0.0.0"},
    "a published name": {"public_url": "https://otp.example.com"},
    "a proxy before it": {"trusted_proxies": ("127.0.0.1/32",)},
    "a further name": {"allowed_hosts": ("otp.internal",)},
}


def loopback_is_for_a_developers_own_server(networks: object) -> None:
    assert networks(Settings()) == ("127.0.0.0/8", "::1/128")
    assert networks(Settings(host="::1", public_url="http://localhost:9000")) != ()
    for what, changed in OUTSIDERS.items():
        assert networks(Settings(**changed)) == (), what
        assert networks(Settings(webhook_allow=("10.0.0.0/8",), **changed)) == ("10.0.0.0/8",)
    assert networks(Settings(webhook_allow=())) == ()


def test_webhooks_reach_loopback_on_a_developers_own_server_only() -> None:
    loopback_is_for_a_developers_own_server(lambda settings: settings.webhook_networks)


def test_webhooks_reach_loopback_on_a_developers_own_server_only_mutant_is_caught() -> None:
    def by_bind_address(settings: Settings) -> tuple[str, ...]:
        told = settings.webhook_allow
        return told if told is not None else ("127.0.0.0/8", "::1/128") * settings.is_loopback

    with pytest.raises(AssertionError):
        loopback_is_for_a_developers_own_server(by_bind_address)


def the_sandbox_is_for_a_developers_own_server(is_on: object) -> None:
    assert is_on(Settings())
    for what, changed in OUTSIDERS.items():
        assert not is_on(Settings(**changed)), what
        assert is_on(Settings(sandbox="on", **changed)), what


def test_the_sandbox_is_on_by_default_where_loopback_is_a_network_of_webhooks() -> None:
    the_sandbox_is_for_a_developers_own_server(lambda settings: settings.sandbox_is_on)


def test_the_sandbox_is_on_by_default_mutant_is_caught() -> None:
    def forgetful(settings: Settings) -> bool:
        return msgspec.structs.replace(settings, allowed_hosts=()).sandbox_is_on

    with pytest.raises(AssertionError):
        the_sandbox_is_for_a_developers_own_server(forgetful)


def strangers_reach_no_private_network(networks: object) -> None:
    told = ("10.0.0.0/8",)
    assert networks(Settings()) == ("127.0.0.0/8", "::1/128")
    assert networks(Settings(webhook_allow=told)) == told
    for what, changed in OUTSIDERS.items():
        assert networks(Settings(sandbox="on", webhook_allow=told, **changed)) == (), what


def test_strangers_reach_no_private_network_but_on_a_developers_own_server() -> None:
    strangers_reach_no_private_network(lambda settings: settings.sandbox_webhook_networks)


def test_strangers_reach_no_private_network_mutant_is_caught() -> None:
    with pytest.raises(AssertionError):
        strangers_reach_no_private_network(lambda settings: settings.webhook_networks)


def test_webhook_networks_are_told_as_networks_or_none() -> None:
    told = load({"WATCHWORD_WEBHOOK_ALLOW": "10.0.0.0/8 fd00::/8"}, directory=Path("/nowhere"))
    assert told.webhook_networks == ("10.0.0.0/8", "fd00::/8")
    none = load({"WATCHWORD_WEBHOOK_ALLOW": "None"}, directory=Path("/nowhere"))
    assert none.webhook_networks == ()
    assert "10.0.0.0/8" in complaint({"WATCHWORD_WEBHOOK_ALLOW": "intranet"})

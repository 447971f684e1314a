"""`docs/settings.md`, made from the table of settings."""

from watchword_server.settings.rows import SETTINGS
from watchword_server.settings.sources import SDK_VARIABLES
from watchword_server.settings.table import Setting

_INTRODUCTION = """\
# Settings

<!-- Made from watchword_server.settings; `server/tests/test_settings.py` says how to renew it. -->

A server runs without any setting.
Each one below is an environment variable, or a key in one TOML file: `watchword.toml` in the \
working directory, or the file that `WATCHWORD_CONFIG` names.
The environment wins over the file, and a command's own flag wins over both.
Relative paths start at the working directory.
An unknown variable or key stops the server and names the nearest one; \
`watchword-server doctor` prints what is in force and why it would not work.

In the file a common beginning may be written as a table: these two say the same.

```toml
smtp_host = "smtp.example.com"
smtp_from_address = "codes@example.com"
```

```toml
[smtp]
host = "smtp.example.com"
from_address = "codes@example.com"
```

A list is a TOML array in the file, and is separated by commas in the environment.

## All settings

| variable | key | value | default | what it does | example |
|---|---|---|---|---|---|
"""

_PEPPER = """
## The pepper file

It holds the keys under which codes are hashed and addresses are sealed.
The server makes it at its first start, for its own user alone (mode 0600), \
and refuses a file that others can read.

- **Back it up apart from the database.** \
Whoever holds both can read the addresses and try codes against their hashes.
- **Losing it cannot be mended.** \
Pending codes can never be verified, every API key stops working, stored addresses cannot be \
read, and the counters that stop guessing start again from zero. \
A server that finds data but no pepper file therefore refuses to start.
- Several processes on one database need the same file.

## Variables of clients

A server that finds these in its environment ignores them.

| variable | what it does |
|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = "".join(_row(setting) for setting in SETTINGS)
    clients = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in SDK_VARIABLES.items())
    return _INTRODUCTION + rows + _PEPPER + clients


def _row(setting: Setting) -> str:
    key = "" if setting.name == "config" else f"`{setting.name}`"
    kind = setting.reader.name + (" (secret)" if setting.secret else "")
    default = setting.default or f"`{_plain(setting.default_value)}`"
    cells = (f"`{setting.variable}`", key, kind, default, setting.description)
    return f"| {' | '.join(cells)} | `{setting.example}` |\n"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)

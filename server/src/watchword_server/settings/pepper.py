"""The pepper file: the secret keys of a deployment, kept outside its database.

    {"current": 1, "peppers": {"1": "<64 hex>"}, "index_key": "<64 hex>"}

`peppers` may hold several, so that they can be rotated; `index_key` is apart from them, so that
rotation resets no counter.
"""

import json
import os
import stat
from pathlib import Path

import msgspec

from watchword_server.domain.errors import Misconfigured
from watchword_server.domain.sealing import KEY_BYTES, Keyring
from watchword_server.ports.outside import Entropy

MODE = 0o600

PEPPER_LOST = (
    "The database holds data, but its pepper file is missing or another deployment's "
    "(WATCHWORD_PEPPER_FILE; by default it lies beside the database). Restore it from your "
    "backup, or set WATCHWORD_PEPPER_FILE to where it is. "
    "Nothing else opens what it sealed: without it pending codes can never be verified, every "
    "API key stops working, stored addresses cannot be read, and the counters that stop "
    "guessing start again from zero. "
    "Only if it is lost for good: move the database away and start with an empty one."
)
"""What to raise `Misconfigured` with where a database in use has not its own pepper."""


PEPPER_MADE = (
    "Made the pepper file {path}. Back it up, apart from the database: without it pending codes, "
    "API keys and stored addresses are lost, whatever other backup there is."
)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    current: int
    peppers: dict[str, str]
    index_key: str


def load_or_create_keyring(path: Path, entropy: Entropy) -> Keyring:
    """The keyring in the file, which is made (mode 0600) where there is none.

    Whether it *may* be made is the caller's to know: see `PEPPER_LOST`.

    Raises:
        Misconfigured: it cannot be read or written, is open to others, or is damaged.
    """
    try:
        return read_keyring(path)
    except FileNotFoundError:
        pass
    try:
        new_pepper_file(path, entropy)
    except FileExistsError:
        pass  # another process was first: its file counts
    except OSError as error:
        raise Misconfigured(
            f"The pepper file {path} cannot be written ({error.strerror}). Make its directory "
            "writable for this user, or set WATCHWORD_PEPPER_FILE."
        ) from None
    return read_keyring(path)


def read_keyring(path: Path) -> Keyring:
    """The keyring in the file.

    Raises:
        FileNotFoundError: there is no such file.
        Misconfigured: it cannot be read, is open to others, or is damaged.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise Misconfigured(
                    f"The pepper file {path} has mode {mode:04o}: other users of this machine "
                    f"can reach it. Run: chmod 600 {path}"
                )
            written = file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Misconfigured(
            f"The pepper file {path} cannot be read ({error.strerror}). Give it to the user that "
            "runs the server, or set WATCHWORD_PEPPER_FILE."
        ) from None
    return _decoded(written, path)


def _decoded(written: bytes, path: Path) -> Keyring:
    try:
        file = msgspec.json.decode(written, type=_File)
        peppers = {int(number): bytes.fromhex(key) for number, key in file.peppers.items()}
        if not all(0 <= number <= 255 for number in peppers):
            raise ValueError("a pepper's id is 0 to 255")
        return Keyring(peppers, file.current, bytes.fromhex(file.index_key))
    except ValueError:
        # Not chained: the parser's words may quote the keys.
        raise Misconfigured(
            f"The pepper file {path} is damaged. Restore it from your backup."
        ) from None


def new_pepper_file(path: Path, entropy: Entropy) -> None:
    """Write a fresh one, whole or not at all, readable by this user alone.

    Raises:
        FileExistsError: there is one already; it is left alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(
        {
            "current": 1,
            "peppers": {"1": entropy(KEY_BYTES).hex()},
            "index_key": entropy(KEY_BYTES).hex(),
        }
    )
    draft = path.with_name(f".{path.name}.{entropy(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # atomic, and unlike rename it never replaces
    finally:
        draft.unlink()
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

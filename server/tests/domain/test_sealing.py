"""Sealed bytes open only where they belong; an index outlives the pepper."""

import hashlib
import hmac

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain.sealing import NONCE_BYTES, Keyring, Mac, Unsealable

QUICK = settings(
    max_examples=20, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
OLD, NEW, INDEX = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
PROJECT, OTHER = b"p" * 16, b"q" * 16
ROW = b"v" * 16
NONCE = b"n" * NONCE_BYTES
PLAIN = b"482913 to +14155552671"


def keyring(peppers=None, current=1, index=INDEX, kind=Keyring):
    return kind(peppers or {1: OLD}, current, index)


def opens_only_where_it_belongs(kind):
    keys = keyring(kind=kind)
    sealed = keys.seal(PROJECT, ROW, PLAIN, NONCE)
    assert keys.unseal(PROJECT, ROW, sealed) == PLAIN
    another_pepper = keyring({1: NEW}, kind=kind)
    for reader, project, subject in (
        (keys, OTHER, ROW),
        (keys, PROJECT, b"w" * 16),
        (keys, PROJECT, b""),
        (another_pepper, PROJECT, ROW),
    ):
        with pytest.raises(Unsealable):
            assert reader.unseal(project, subject, sealed) != PLAIN


class AnySubject(Keyring):
    def seal(self, project, subject, plain, nonce):
        return super().seal(project, b"", plain, nonce)

    def unseal(self, project, subject, sealed):
        return super().unseal(project, b"", sealed)


class AnyProject(Keyring):
    def seal(self, project, subject, plain, nonce):
        return super().seal(b"", subject, plain, nonce)

    def unseal(self, project, subject, sealed):
        return super().unseal(b"", subject, sealed)


class NoPepper(Keyring):
    def seal(self, project, subject, plain, nonce):
        return keyring({1: INDEX}).seal(project, subject, plain, nonce)

    def unseal(self, project, subject, sealed):
        return keyring({1: INDEX}).unseal(project, subject, sealed)


def test_sealed_bytes_open_only_where_they_belong():
    opens_only_where_it_belongs(Keyring)


@pytest.mark.parametrize("broken", [AnySubject, AnyProject, NoPepper])
def test_sealed_bytes_open_only_where_they_belong_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        opens_only_where_it_belongs(broken)


@QUICK
@given(st.binary(max_size=60), st.binary(max_size=20), st.data())
def test_one_changed_bit_makes_sealed_bytes_unsealable(plain, subject, data):
    keys = keyring({1: OLD, 2: NEW})
    sealed = bytearray(keys.seal(PROJECT, subject, plain, NONCE))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(Unsealable):
        keys.unseal(PROJECT, subject, bytes(sealed))


SEALED = keyring().seal(PROJECT, ROW, PLAIN, NONCE)


@pytest.mark.parametrize("size", range(13 + 8, len(SEALED)))
def test_sealed_bytes_that_were_cut_are_unsealable(size):
    with pytest.raises(Unsealable):
        keyring().unseal(PROJECT, ROW, SEALED[:size])


@pytest.mark.parametrize("size", [0, 1, 8])
def test_sealed_bytes_that_were_cut_to_a_stump_are_unsealable(size):
    with pytest.raises(Unsealable):
        keyring().unseal(PROJECT, ROW, SEALED[:size])


def test_an_old_pepper_still_opens_what_it_sealed():
    before, rotated = keyring({1: OLD}), keyring({1: OLD, 2: NEW}, current=2)
    sealed = before.seal(PROJECT, ROW, PLAIN, NONCE)
    assert rotated.unseal(PROJECT, ROW, sealed) == PLAIN
    newer = rotated.seal(PROJECT, ROW, PLAIN, NONCE)
    assert (sealed[0], newer[0]) == (1, 2)
    assert rotated.unseal(PROJECT, ROW, newer) == PLAIN
    with pytest.raises(Unsealable):
        before.unseal(PROJECT, ROW, newer)
    with pytest.raises(Unsealable):
        keyring({2: NEW}, current=2).unseal(PROJECT, ROW, sealed)


def test_an_old_pepper_still_matches_the_codes_it_hashed():
    before, rotated = keyring({1: OLD}), keyring({1: OLD, 2: NEW}, current=2)
    assert before.code_mac(PROJECT, 1)(b"x") == rotated.code_mac(PROJECT, 1)(b"x")
    assert rotated.code_mac(PROJECT, 1)(b"x") != rotated.code_mac(PROJECT, 2)(b"x")
    with pytest.raises(Unsealable):
        before.code_mac(PROJECT, 2)


def looked_up(keys):
    return (
        keys.blind_index(PROJECT, "+14155552671"),
        keys.fingerprint(PROJECT, b"request"),
        keys.secret_digest("wws_x"),
    )


def rotation_resets_nothing(kind):
    assert looked_up(keyring(kind=kind)) == looked_up(keyring({1: OLD, 2: NEW}, 2, kind=kind))


class IndexFromPepper(Keyring):
    def __init__(self, peppers, current, index_key):
        super().__init__(peppers, current, peppers[current])


def test_rotation_of_the_pepper_leaves_every_index_as_it_was():
    rotation_resets_nothing(Keyring)


def test_rotation_of_the_pepper_mutant_is_caught():
    with pytest.raises(AssertionError):
        rotation_resets_nothing(IndexFromPepper)


def no_two_are_alike(kind):
    keys, other = keyring(kind=kind), keyring(index=b"\x04" * 32, kind=kind)
    text = "+14155552671"
    seen = [
        keys.blind_index(PROJECT, text),
        keys.blind_index(OTHER, text),
        keys.blind_index(PROJECT, text + "0"),
        other.blind_index(PROJECT, text),
        keys.fingerprint(PROJECT, text.encode()),
        keys.fingerprint(OTHER, text.encode()),
        keys.secret_digest(text)[:16],
        keys.code_mac(PROJECT, 1)(text.encode())[:16],
        keys.code_mac(OTHER, 1)(text.encode())[:16],
    ]
    assert len(set(seen)) == len(seen)


class OneForAll(Keyring):
    def blind_index(self, project, address):
        return super().blind_index(b"", address)


def test_an_index_belongs_to_its_project_and_its_use():
    no_two_are_alike(Keyring)


def test_an_index_belongs_to_its_project_mutant_is_caught():
    with pytest.raises(AssertionError):
        no_two_are_alike(OneForAll)


def shows_no_key(keys):
    shown = f"{keys!r} {keys}"
    for key in (OLD, NEW, INDEX):
        assert key.hex() not in shown
        assert repr(key)[2:-1] not in shown


def test_a_keyring_shows_its_ids_and_no_key():
    keys = keyring({1: OLD, 2: NEW}, 2)
    shows_no_key(keys)
    assert "1, 2" in repr(keys)


def test_a_keyring_shows_no_key_mutant_is_caught():
    class Open(Keyring):
        def __repr__(self):
            return f"<Keyring {self._peppers}>"

    with pytest.raises(AssertionError):
        shows_no_key(keyring(kind=Open))


@pytest.mark.parametrize(
    ("peppers", "current", "index"),
    [({1: OLD}, 2, INDEX), ({1: OLD[:31]}, 1, INDEX), ({1: OLD}, 1, b""), ({}, 1, INDEX)],
)
def test_a_keyring_that_cannot_work_is_refused(peppers, current, index):
    with pytest.raises(ValueError, match=r"pepper|bytes"):
        Keyring(peppers, current, index)


@QUICK
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_the_quick_mac_is_hmac_sha256(key, message):
    assert Mac(key)(message) == hmac.digest(key, message, "sha256")
    assert Mac(key)(message) == Mac(key)(message)


def test_sealing_shows_nothing_of_what_it_holds():
    assert PLAIN not in SEALED
    assert hashlib.sha256(PLAIN).digest() not in SEALED
    other = keyring().seal(PROJECT, ROW, PLAIN, b"m" * NONCE_BYTES)
    assert SEALED[13:] != other[13:]

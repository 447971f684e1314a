"""What a mail account is configured with: settings, and the key that signs."""

import os

import dkim
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from providers import contract, huge_key
from providers.smtp_account import account
from providers.smtp_peer import SmtpPeer
from watchword_server.domain.errors import Misconfigured
from watchword_server.providers.smtp import Settings, Smtp

# ---- DKIM -----------------------------------------------------------------------------------


def key_file(tmp_path, key):
    path = tmp_path / "dkim.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(path)


def dns_record(key):
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        kind, encoding = "rsa", serialization.Encoding.DER
        form = serialization.PublicFormat.SubjectPublicKeyInfo
    else:
        kind, encoding = "ed25519", serialization.Encoding.Raw
        form = serialization.PublicFormat.Raw
    data = dkim.base64.b64encode(public.public_bytes(encoding, form)).decode()
    return f"v=DKIM1; k={kind}; p={data}".encode()


def require_nacl():
    """dkimpy takes Ed25519 from PyNaCl (its extra `ed25519`)."""
    if hasattr(dkim, "nacl"):
        return
    reason = "PyNaCl is not installed: dkimpy[ed25519]"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
async def test_a_signature_verifies_and_a_changed_mail_does_not(kind, tmp_path):
    if kind == "ed25519":
        require_nacl()
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, 2048)
    asked = []

    def dns(name, timeout=5):
        asked.append(name)
        return dns_record(key)

    with SmtpPeer() as peer:
        path = key_file(tmp_path, key)
        async with account(peer, dkim_selector="otp", dkim_key_file=path) as smtp:
            await smtp.send(contract.message(subject="Ihr Schlüssel", text="grüße\n.\n 482913  "))
        content = peer.messages[0].content
    assert dkim.verify(content, dnsfunc=dns)
    assert asked == [b"otp._domainkey.acme.example."]
    assert not dkim.verify(content.replace(b"Acme", b"Evil", 1), dnsfunc=dns)
    assert not dkim.verify(b"Subject: another\r\n" + content, dnsfunc=dns)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file"),
        (b"nonsense", "not a private key in PEM"),
        (trustme.CA().private_key_pem.bytes(), "neither RSA"),
        (huge_key.private_pem(32_768).encode(), "neither RSA of 1024 to 4096 bits"),
    ],
)
def test_a_key_that_cannot_sign_is_named_at_the_start(content, complaint, tmp_path):
    path = tmp_path / "dkim.pem"
    if content:
        path.write_bytes(content)
    configured = Settings(
        host="x", from_address="a@b.example", dkim_selector="s", dkim_key_file=str(path)
    )
    with pytest.raises(Misconfigured, match=complaint):
        Smtp(configured)


# ---- settings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"host": "a b"}, "host"),
        ({"host": "a..b"}, "host"),
        ({"host": ""}, "host"),
        ({"from_address": "codes"}, "from_address"),
        ({"from_address": "cödes@acme.example"}, "from_address"),
        ({"from_address": "a@b.example>\r\nBcc: x@y"}, "from_address"),
        ({"from_name": "Acme\nBcc: x"}, "from_name"),
        ({"security": "none"}, "security"),
        ({"username": "x"}, "password"),
        ({"password": "hunter2"}, "password"),
        ({"helo": "a b"}, "helo"),
        ({"dkim_selector": "s"}, "dkim_key_file"),
        ({"dkim_selector": "a b", "dkim_key_file": "x"}, "dkim_selector"),
        ({"dkim_domain": "a b"}, "dkim_domain"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, word):
    with pytest.raises(Misconfigured, match=f"^smtp: {word}: ") as error:
        Settings(**{"host": "mail.example", "from_address": "a@b.example", **changes})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "[::1]", "127.8.0.1"])
def test_plaintext_to_loopback_needs_no_leave(host):
    Settings(host=host, from_address="a@b.example", security="none")


def test_plaintext_elsewhere_needs_leave():
    Settings(host="relay", from_address="a@b.example", security="none", allow_plaintext=True)


def test_a_missing_ca_file_is_named_at_the_start():
    with pytest.raises(Misconfigured, match="ca_file /nowhere.pem"):
        Smtp(Settings(host="x", from_address="a@b.example", ca_file="/nowhere.pem"))


def test_the_password_is_not_shown():
    configured = Settings(
        host="x", from_address="a@b.example", username="u", password="correct-horse"
    )
    for shown in (repr(configured), str(configured), str(configured.__rich_repr__())):
        assert "correct-horse" not in shown

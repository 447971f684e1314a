"""Rules of OAuth: client ids and documents, redirects, audiences, words."""

import json

import pytest

from watchword_server.api.resources.tool_table import TOOLS, scopes
from watchword_server.domain import oauth
from watchword_server.domain.oauth import BadClient, Client

URL = "https://client.example/oauth/client.json"


def document(**changes):
    plain = {"client_id": URL, "client_name": "Client", "redirect_uris": ["http://localhost/cb"]}
    return json.dumps(plain | changes).encode()


@pytest.mark.parametrize(
    "id",
    [
        "", "client", "http://client.example/c", "https://client.example", "https:///c",
        "https://client.example/", "https://a:b@client.example/c", "https://client.example/c#f",
        "https://client.example/a/../c", "https://client.example:x/c", "javascript:alert(1)",
        "https://client.example/" + "c" * 2_048,
    ],
)  # fmt: skip
def test_a_client_id_is_the_address_of_a_document(id):
    assert oauth.client_url(URL) == URL
    with pytest.raises(BadClient):
        oauth.client_url(id)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"\xff", document(client_id=URL + "x"), document(client_secret="s"),
        document(client_secret=None), document(redirect_uris=["http://client.example/cb"]),
        document(redirect_uris=["cb"]), document(redirect_uris="http://localhost/cb"),
        document(token_endpoint_auth_method="private_key_jwt"),
        document(grant_types=["client_credentials"]), document(pad="x" * 20_000),
    ],
)  # fmt: skip
def test_a_document_that_breaks_a_rule_is_no_client(raw):
    assert oauth.read_client(URL, document()).name == "Client"
    with pytest.raises(BadClient):
        oauth.read_client(URL, raw)


def test_what_a_client_calls_itself_is_shown_as_plain_words():
    read = oauth.read_client(URL, document(client_name="<b>Bank</b>\u202e\x07" + "x" * 200))
    assert read.name.startswith("bBank/b")
    assert len(read.name) <= oauth.MOST_NAME


@pytest.mark.parametrize(
    ("registered", "asked", "fits"),
    [
        ("https://a.example/cb", "https://a.example/cb", True),
        ("https://a.example/cb", "https://a.example/cb/", False),
        ("https://a.example/cb", "https://a.example:8443/cb", False),
        ("https://a.example/cb", "https://a.example.evil/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:50000/cb", True),
        ("http://localhost:1/cb", "http://localhost:2/cb", True),
        ("http://localhost/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5@evil.example/cb", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1/cb", False),
        ("com.example.app:/cb", "com.example.app:/cb", True),
    ],
)
def test_a_redirect_is_the_registered_one_but_for_a_port_on_this_machine(registered, asked, fits):
    assert oauth.is_registered(Client(URL, "", (registered,)), asked) is fits


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "data:text/html,x", "http://a.example/cb", "https://a.example/cb#f",
     "https://a@b.example/cb", "https:/cb", "/cb", "https://a.example/c b", "file:///etc/passwd"],
)  # fmt: skip
def test_some_redirects_nobody_can_register(uri):
    assert not oauth.is_redirect(uri)


@pytest.mark.parametrize(
    ("asked", "ours"),
    [
        (None, True), ("https://otp.example/mcp", True), ("https://OTP.example/mcp/", True),
        ("https://otp.example", False), ("https://otp.example/v1", False),
        ("http://otp.example/mcp", False), ("https://otp.example/mcp?x", False),
        ("https://otp.example:444/mcp", False), ("", False),
    ],
)  # fmt: skip
def test_tokens_are_for_one_resource(asked, ours):
    assert oauth.is_ours(asked, "https://otp.example") is ours


def test_a_word_is_heard_as_it_is_spoken():
    word = oauth.word(bytes(range(16)))
    assert len(word) == 8
    assert oauth.heard(oauth.spoken(word).lower().replace("-", " ")) == word


def test_what_can_be_granted_is_what_the_tools_need():
    assert frozenset().union(*map(scopes, TOOLS)) <= oauth.GRANTABLE
    plain = [tool for tool in TOOLS if tool.permission is None]
    assert frozenset().union(*map(scopes, plain)) == set(oauth.SCOPES)


@pytest.mark.parametrize(
    ("url", "fits"),
    [("https://otp.example", True), ("http://127.0.0.1:8080", True), ("http://otp.example", False)],
)
def test_tokens_travel_under_tls_or_not_at_all(url, fits):
    assert oauth.fits(url) is fits

"""A person who types the code in a server of its own."""

import re
import urllib.parse
import urllib.request

from e2e.deployment import Site
from watchword import Watchword


def test_a_person_types_the_code_and_the_application_learns_only_that(site: Site) -> None:
    server = site.serve()
    with Watchword.in_sandbox(server.url) as client:
        types_the_code(client, server.url)


def types_the_code(client: Watchword, base: str) -> None:
    sent = client.messages.send(to="+10000000005", template_id="sandbox-otp-tpl")
    url = client.messages.get(sent.message_id).verification_url
    assert url is not None
    assert url.startswith(base)
    with urllib.request.urlopen(url) as page:
        assert re.search('autocomplete="one-time-code"', page.read().decode())
    typed = urllib.parse.urlencode({"code": "123456"}).encode()
    with urllib.request.urlopen(url, typed) as page:
        assert page.status == 200
    seen = client.messages.get(sent.message_id)
    assert (seen.status, seen.verification_url) == ("approved", None)

"""Everybody but the agent: the person whose number it is, the judge, and who runs the tools."""

import urllib.parse
import urllib.request
from typing import Any

from watchword import Watchword, agent

PERSON = "+14155550123"
"""Whom the agent was asked to verify; any number that exists works in the sandbox."""


def approved(url: str) -> int:
    """How many verifications the server has approved: what no page can make believe."""
    with Watchword.in_sandbox(url) as judge:
        return len(list(judge.messages.list(status="approved")))


def type_code(url: str, page: str) -> None:
    """The person reads the message, and types the code on the page that they were shown."""
    with Watchword.in_sandbox(url) as own:
        (message, *_older) = own.sandbox.messages(to=PERSON)
    form = urllib.parse.urlencode({"code": message.code}).encode()
    urllib.request.urlopen(page, form, timeout=60).close()


def use_the_product(url: str) -> None:
    """Somebody logs in somewhere, so that something happens that webhooks tell."""
    with Watchword.in_sandbox(url) as client:
        client.messages.send(to="+10000000005", template_id="sandbox-otp-tpl")


def clear_up(url: str) -> None:
    """Somebody deletes the endpoints that were made to try: a sandbox has few."""
    with Watchword.in_sandbox(url) as client:
        for endpoint in client.webhooks.list():
            client.webhooks.delete(endpoint.endpoint_id)


def dispatch(url: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A program with a key does what a model has called for."""
    with Watchword.in_sandbox(url) as client:
        return dict(agent.dispatch(name, arguments, client))


def fetched_with_key(address: str) -> bytes:
    """What such a program hands to its model: fetched with the key that it holds."""
    server = urllib.parse.urlsplit(address)
    keys = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    keys.add_password(
        None, f"{server.scheme}://{server.netloc}", "watchword_sandbox_demo",
        "watchword_sandbox_secret",
    )  # fmt: skip
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(keys))
    with opener.open(address, timeout=60) as answer:
        return bytes(answer.read())

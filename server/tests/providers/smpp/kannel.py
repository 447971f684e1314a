"""Kannel's bearerbox and smsbox, bound as an SMPP client to an SMSC of ours.

async with kannel(smsc, dlr_url) as send:
    await send("+14155552671", "482913 is your code")
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import services_needed
from providers import vendor_peer
from providers.smpp.process import running
from providers.smpp.smsc_peer import Smsc
from watchword_server.ports.outside import Unreachable
from watchword_server.providers.smpp.pdu import Command

SYSTEM_ID, PASSWORD = "kannel", "k4nn3lpw"
_PATIENCE_S = 60

CONFIGURATION = """
group = core
admin-port = {admin}
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
admin-password = unused-{admin}
smsbox-port = {box}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"

group = smsc
smsc = smpp
smsc-id = ours
host = 127.0.0.1
port = {smsc}
smsc-username = {system_id}
smsc-password = {password}
system-type = ""
transceiver-mode = true
interface-version = 34
enquire-link-interval = 1
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {http}
sendsms-interface = 127.0.0.1
http-request-retry = 3

group = sendsms-user
username = tester
password = tester
max-messages = 10
concatenation = true
default-sender = 18005550100

group = sms-service
keyword = default
catch-all = true
get-url = "{heard_url}/answer?text=%b&from=%p"
max-messages = 0
"""

Send = Callable[..., Awaitable[None]]


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


@contextlib.asynccontextmanager
async def kannel(smsc: Smsc, folder: Path, heard_url: str) -> AsyncIterator[Send]:
    """Once it is bound; it tells `heard_url` what became of messages, and of answers to them."""
    bearerbox, smsbox = map(services_needed.require, ("bearerbox", "smsbox"))
    admin, box, http = free_ports(3)
    path = folder / "kannel.conf"
    path.write_text(
        CONFIGURATION.format(
            admin=admin, box=box, http=http, smsc=smsc.port, system_id=SYSTEM_ID,
            password=PASSWORD, heard_url=heard_url,
        )
    )  # fmt: skip
    network = vendor_peer.setup().network

    async def send(to: str, text: str, **more: str) -> None:
        asked = {
            "username": "tester", "password": "tester", "to": to, "text": text, "charset": "UTF-8",
            "dlr-mask": "31", "dlr-url": f"{heard_url}/dlr?type=%d&to={to.removeprefix('+')}",
            **more,
        }  # fmt: skip
        url = f"http://127.0.0.1:{http}/cgi-bin/sendsms?{urlencode(asked)}"
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                with contextlib.suppress(Unreachable):  # it is not listening yet
                    reply = await network.request("GET", url, {})
                    assert reply.status == 202, reply
                    return
                await asyncio.sleep(0.05)

    async with running(bearerbox, str(path)):
        await smsc.until(Command.BIND_TRANSCEIVER)
        async with running(smsbox, str(path)), contextlib.aclosing(network):
            yield send

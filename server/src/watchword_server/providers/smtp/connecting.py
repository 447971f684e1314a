"""aiosmtplib's client on a connection that `ports.Network` has judged and made."""

import asyncio
from typing import Any

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from watchword_server.ports.outside import Denied, Network, Unreachable

_READY = 220


class Client(aiosmtplib.SMTP):
    """A client that reaches its server by a network, or directly where there is none."""

    def __init__(self, network: Network | None, **options: Any) -> None:
        super().__init__(**options)
        self._network = network
        # Kept, because a writer that is forgotten closes its connection.
        self._stream: asyncio.StreamWriter | None = None

    async def _create_connection(
        self,
        timeout: float | None,  # noqa: ASYNC109 - as it is called
    ) -> aiosmtplib.SMTPResponse:
        """What `connect` calls: the one seam there is for a stream that is open already."""
        if self._network is None:
            return await super()._create_connection(timeout)
        try:
            tls = self.tls_context if self.use_tls else None
            host, port = str(self.hostname), int(self.port or 0)
            reader, writer = await self._network.connect(host, port, tls=tls)
        except (Denied, Unreachable) as error:
            raise aiosmtplib.SMTPConnectError(str(error)) from None
        self._stream = writer
        protocol = SMTPProtocol(
            loop=asyncio.get_running_loop(), connection_lost_callback=self._on_connection_lost
        )
        transport = writer.transport
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        reader.feed_eof()
        if early := await reader.read():  # a greeting that came before the protocol was changed
            protocol.data_received(early)
        self.protocol, self.transport = protocol, transport
        response = await protocol.read_response(timeout=timeout)
        if response.code != _READY:
            raise aiosmtplib.SMTPConnectResponseError(response.code, response.message)
        return response

"""The watcher in a whole server: what is raised arrives in a mailbox, once."""

import asyncio
import re

from providers.smtp_peer import SmtpPeer
from watchword_server.clock import SteadyClock
from watchword_server.domain.events import Data, EventType
from watchword_server.domain.project import Mode
from watchword_server.ledger import raise_alert
from watchword_server.testing import open_runtime
from watchword_server.watcher import Watcher


def mail_settings(peer):
    return {
        "smtp_host": peer.host, "smtp_port": peer.port, "smtp_ca_file": peer.ca_file,
        "smtp_from_address": "codes@watchword.test", "alert_emails": ("ops@example.com",),
        "public_url": "https://otp.example.com",
        "smtp_bounce_address": "bounces@watchword.test",
        "smtp_bounce_secret": "a secret of this account",
    }  # fmt: skip


async def test_an_alert_is_mailed_by_the_settings_files_account(tmp_path):
    with SmtpPeer() as peer:
        async with open_runtime(
            tmp_path, clock=SteadyClock(), outside=None, **mail_settings(peer)
        ) as runtime:
            shop = await runtime.services.projects.create("shop", Mode.LIVE)
            about = "webhook.whk_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"
            await runtime.store.write(
                lambda tx: raise_alert(
                    tx, shop.id, EventType.ALERT_ENDPOINT_DISABLED, about, runtime.clock.now(),
                    Data(reason="failing"),
                )
            )  # fmt: skip
            watchers = Watcher(runtime), Watcher(runtime)
            for one in watchers:
                one.stop()  # so that it takes one turn
            await asyncio.gather(*(one.run() for one in watchers))
            await watchers[0].turn()
        (mail,) = peer.messages
    assert (mail.to, mail.mail_from) == ("ops@example.com", "codes@watchword.test")
    assert mail.over_tls
    assert mail.parsed["Subject"] == "[Watchword] shop: endpoint disabled"
    assert mail.parsed["From"] == "Watchword <codes@watchword.test>"
    assert "reason: failing" in mail.text
    assert not re.search(r"[\w.]+@", mail.text)

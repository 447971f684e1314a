"""Handing one message over to its provider, with no transaction open."""

import asyncio

import msgspec

from watchword_server.domain import ids, template
from watchword_server.domain.channel import Channel
from watchword_server.domain.delivery import DeliveryStatus, Message, Reason, Receipt
from watchword_server.domain.errors import StoreUnavailable, WatchwordError
from watchword_server.domain.project import Mode
from watchword_server.domain.routing import Outcome
from watchword_server.domain.sealing import Keyring
from watchword_server.domain.template import Autofill, Template
from watchword_server.domain.template_review import may_be_sent
from watchword_server.domain.verification import Details, Live, Secrets
from watchword_server.ports.outside import Directory
from watchword_server.ports.providers import Accounts, Provider, Rejected, Unavailable, Uncertain
from watchword_server.ports.records import InboxBody, Job
from watchword_server.ports.results import Result, discreet, failed, handed_over
from watchword_server.telemetry import get_logger

HAND_OVER_S = 10
"""A provider that has not answered by then may have sent: Uncertain."""
_log = get_logger("delivering")
_details = msgspec.msgpack.Decoder(Details).decode
_secrets = msgspec.msgpack.Decoder(Secrets).decode


class HandingOver:
    """Renders, calls the provider, and says what came of it."""

    def __init__(
        self, keyring: Keyring, directory: Directory, accounts: Accounts,
        autofill: Autofill | None,
    ) -> None:  # fmt: skip
        self._keyring = keyring
        self._directory = directory
        self._accounts = accounts
        self._autofill = autofill

    async def outcome(self, job: Job) -> Result | None:
        """What came of it; None where that is not known here and now, and its lease decides."""
        try:
            return await self._send(job)
        except Exception:  # one must not keep the others of its batch from being recorded
            _log.exception("work.failed", delivery=job.delivery.id.hex())
            return None

    async def _send(self, job: Job) -> Result:
        directory, live = self._directory, job.live
        provider = self._accounts.named(live.project, job.delivery.provider)
        if provider is None:
            return failed(Outcome.UNAVAILABLE, Reason.MISCONFIGURED, "no such provider account")
        try:
            project = directory.known_project(live.project) or await directory.project(live.project)
            if provider.local == (project.mode is Mode.LIVE):
                return failed(Outcome.UNAVAILABLE, Reason.MISCONFIGURED, "the mode was changed")
            known = directory.known_template(live.project, live.template)
            chosen = known or await directory.template(live.project, live.template)
            if not may_be_sent(chosen, project.mode):
                return failed(Outcome.REJECTED, Reason.MISCONFIGURED, "the template is withdrawn")
            message = self._message(job, chosen)
        except StoreUnavailable:
            raise  # it says nothing of the message
        except (WatchwordError, msgspec.MsgspecError, ValueError, LookupError) as error:
            return failed(Outcome.REJECTED, Reason.MISCONFIGURED, type(error).__name__)
        result = await _handed_over(provider, message)
        if not provider.local:
            self._accounts.told(live.project, job.delivery.provider, result.outcome)
        return result

    def _message(self, job: Job, chosen: Template) -> Message:
        """The rendered message: the one place where a code is unsealed."""
        live, channel = job.live, Channel(job.delivery.channel)
        details, secrets = job.opened or self._opened(live)
        rendered = template.render(
            chosen, channel, live.language, secrets.params, self._autofill,
            code=secrets.code, ttl_s=secrets.ttl_s,
        )  # fmt: skip
        to = details.to
        if channel is Channel.EMAIL and details.alternate_email:
            to = details.alternate_email
        return Message(
            id=ids.text(ids.Prefix.DELIVERY, job.delivery.id),
            to=to,
            channel=channel.value,
            language=rendered.language,
            sender=rendered.sender or chosen.brand_name,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            code=secrets.code,
            template=chosen.id,
            params=secrets.params,
            ttl_s=secrets.ttl_s,
        )

    def _opened(self, live: Live) -> tuple[Details, Secrets]:
        details = self._keyring.unseal(live.project, live.id, live.details)
        secrets = self._keyring.unseal(live.project, live.id, live.secrets)
        return _details(details), _secrets(secrets)


async def _handed_over(provider: Provider, message: Message) -> Result:
    """What the provider made of a message."""
    try:
        receipt = await _bounded(provider, message)
    except Rejected as refusal:
        return failed(Outcome.REJECTED, refusal.reason, discreet(refusal.raw, message))
    except Unavailable as refusal:
        return failed(Outcome.UNAVAILABLE, refusal.reason, discreet(refusal.raw, message))
    except Uncertain as silence:
        raw = discreet(silence.raw, message)
        return Result(Outcome.UNCERTAIN, (DeliveryStatus.UNKNOWN,), Reason.TIMED_OUT, raw)
    kept = InboxBody(message.to, message.text, message.code) if provider.local else None
    return handed_over(receipt, kept)


async def _bounded(provider: Provider, message: Message) -> Receipt:
    """The provider's receipt, or Uncertain when it takes too long or breaks its contract."""
    try:
        if provider.local:
            return await provider.send(message)
        async with asyncio.timeout(HAND_OVER_S):
            return await provider.send(message)
    except (Rejected, Unavailable, Uncertain):
        raise
    except Exception as error:
        raise Uncertain(type(error).__name__) from None

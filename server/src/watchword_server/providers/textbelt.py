"""SMS by Textbelt, or by a Textbelt server of one's own: https://docs.textbelt.com"""

from typing import Annotated

from msgspec import Meta

from watchword_server.domain.delivery import Message, Reason, Receipt
from watchword_server.ports.outside import Reply
from watchword_server.ports.providers import Checkup, Provider, Rejected, Setup, Unavailable
from watchword_server.providers import calling

# https://docs.textbelt.com shows one error by name; it answers all with status 200.
ERRORS: dict[str, Reason] = {"Out of quota": Reason.NO_CREDIT}


class Settings(calling.Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a Textbelt account."""

    key: Annotated[
        str, Meta(description="The API key.", pattern=r"^[\w-]+$", extra={"secret": True})
    ]
    base_url: Annotated[str, Meta(description="Where the API is.", pattern=calling.URL)] = (
        "https://textbelt.com"
    )


class Textbelt(Provider):
    """One Textbelt account."""

    name = "textbelt"
    channels = frozenset({"sms"})

    def __init__(self, settings: Settings, setup: Setup) -> None:
        self.name = setup.account
        self._settings = settings
        self._network = setup.network

    async def send(self, message: Message) -> Receipt:
        """Send the text; the receipt's reference is Textbelt's id of it."""
        return calling.ended(await self._hand_over(message))

    async def _hand_over(self, message: Message) -> Receipt | calling.Failure:
        key, url = self._settings.key, self._settings.base_url.rstrip("/")
        asked = {
            "phone": message.to, "message": message.text, "sender": message.sender, "key": key,
        }  # fmt: skip
        headers = {"Content-Type": calling.FORM}
        reply = await calling.ask(
            self._network, "POST", f"{url}/text", headers, calling.form(asked)
        )
        if not isinstance(reply, Reply):
            return reply
        answer = calling.parsed(reply.body)
        if answer.get("success") is True:
            return Receipt(reference=str(answer.get("textId", "")) or None)
        error = answer.get("error")
        raw = calling.quoted(message, "", error or f"HTTP {reply.status}", key)
        if not isinstance(error, str):
            return calling.refusal(reply.status, None, raw)
        reason = ERRORS.get(error, Reason.OTHER)
        return Unavailable(reason, raw) if reason in calling.OURS else Rejected(reason, raw)

    async def checkup(self) -> Checkup:
        """How many messages are left on the key."""
        url = f"{self._settings.base_url.rstrip('/')}/quota/{self._settings.key}"
        return await calling.checkup(self._network, url, {}, _quota)


def _quota(answer: dict[str, object]) -> Checkup:
    left = answer.get("quotaRemaining")
    if answer.get("success") is not True or not isinstance(left, int):
        return Checkup(ok=False, detail="The key is not known.")
    return Checkup(ok=left > 0, detail=f"{left} messages are left.", balance=str(left))

"""A sender's address of its own for each mail, by which its bounce finds the delivery (VERP)."""

from watchword_server.providers.smtp import token
from watchword_server.providers.smtp.settings import Settings


class Verp:
    """Makes and reads addresses such as `bounces+<token>@mail.example.com`."""

    def __init__(self, address: str, secret: str) -> None:
        self._local, _, self._domain = address.rpartition("@")
        self._secret = secret

    def __repr__(self) -> str:
        return f"<Verp {self._local}@{self._domain}>"

    @classmethod
    def of(cls, settings: Settings) -> "Verp | None":
        """That of an account; None where it takes no bounces."""
        if settings.bounce_address is None or settings.bounce_secret is None:
            return None
        return cls(settings.bounce_mailbox, settings.bounce_secret)

    def address(self, delivery: str) -> str | None:
        """The envelope's sender for a delivery (`dlv_...`); None for any other message."""
        made = token.make(self._secret, delivery)
        return made and f"{self._local}+{made}@{self._domain}"

    def delivery(self, address: str) -> str | None:
        """The delivery whose bounces go to this address; None unless this account made it."""
        local, _, domain = address.strip().strip("<>").rpartition("@")
        name, plus, written = local.rpartition("+")
        is_ours = plus and (name.lower(), domain.lower()) == (
            self._local.lower(), self._domain.lower(),
        )  # fmt: skip
        return token.read(self._secret, written) if is_ours else None

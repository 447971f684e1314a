"""What can be tried without signing up."""

from watchword.models import InboxMessage, SandboxWebhook
from watchword.protocol import Call, Listing, listing
from watchword.resources import Resource, W, operation, paginated


class Sandbox(Resource[W]):
    """Try everything without signing up; see also the client's `in_sandbox`."""

    @paginated
    def messages(self, to: str | None = None, limit: int | None = None) -> Listing[InboxMessage]:
        """What your sandbox sent, newest first, each with its code, at most `limit`."""
        return listing("/sandbox/messages", InboxMessage, limit=limit, to=to)

    @operation
    def set_webhook(
        self, *, url: str, username: str | None = None, secret: str | None = None
    ) -> Call[SandboxWebhook]:
        """Have the events of your sandbox posted to `url`, in EngageLab's dialect."""
        body = {"url": url, "username": username, "secret": secret}
        secrets = (secret or "",)
        return Call("PUT", "/sandbox/webhook", SandboxWebhook.from_wire, body=body, secrets=secrets)

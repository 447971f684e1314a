"""The API's operations, typed and documented; `resources.py` says what each sends.

Reached through `Watchword` an operation returns what is in its `Call`, or an iterator for a
`Listing` or `Feed`; reached through `AsyncWatchword` what it returns is awaited, or iterated over
with `async for`.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from watchword import models as m
from watchword.operations import Operation, Resource, W
from watchword.protocol import Call, Feed, Listing
from watchword.runners import AsyncRunner, SyncRunner

P = ParamSpec("P")
S = TypeVar("S")
A = TypeVar("A")
T = TypeVar("T")

Config = Mapping[str, Any]
Step = Mapping[str, Any]
GROUPS: Mapping[str, type[Resource[Any]]]

class Method(Operation, Generic[P, S, A]):
    """An operation that gives S when sync and A when async."""

    @overload
    def __get__(self, resource: Resource[SyncRunner], owner: type) -> Callable[P, S]: ...
    @overload
    def __get__(self, resource: Resource[AsyncRunner], owner: type) -> Callable[P, A]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Operation: ...

def operation(
    build: Callable[Concatenate[Any, P], Call[T]],
) -> Method[P, T, Coroutine[Any, Any, T]]: ...
def paginated(
    build: Callable[Concatenate[Any, P], Listing[T]],
) -> Method[P, Iterator[T], AsyncIterator[T]]: ...
def streamed(
    build: Callable[Concatenate[Any, P], Feed[T]],
) -> Method[P, Iterator[T], AsyncIterator[T]]: ...

class Server(Resource[W]):
    """The server itself, and what is reached through it."""

    messages: Messages[W]
    verifications: Verifications[W]
    sandbox: Sandbox[W]
    inbox: Inbox[W]
    templates: Templates[W]
    routes: Routes[W]
    providers: Providers[W]
    opt_outs: OptOuts[W]
    keys: Keys[W]
    events: Events[W]
    guard: Guard[W]
    projects: Projects[W]
    agent: Agent[W]
    webhooks: Webhooks[W]

    @operation
    def health(self) -> Call[m.Health]:
        """Whether the server is up, and its version; the credentials do not matter."""

class Messages(Resource[W]):
    """Send a code and follow it."""

    @operation
    def send(
        self,
        *,
        to: str,
        template_id: str,
        language: str | None = None,
        params: Mapping[str, str] | None = None,
        channel: str | None = None,
        route: str | None = None,
        alternates: Mapping[str, str] | None = None,
        ttl: int | None = None,
        signals: Mapping[str, str] | None = None,
        binding: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        purpose: str | None = None,
        code: str | None = None,
    ) -> Call[m.Message]:
        """Send a code to `to`: your own `code`, or one the server makes and never shows.

        Called again while the code is pending, it sends the same code again.

        Raises:
            RateLimited: within the cool-down; `retry_after` is the seconds to wait and
                `extra["message_id"]` the pending verification.
        """

    @operation
    def send_custom(
        self,
        *,
        to: str | Sequence[str],
        template_id: str,
        code: str | None = None,
        params: Mapping[str, str] | None = None,
        language: str | None = None,
    ) -> Call[m.Message]:
        """Send a template with your own `code`, or without one, to one recipient or up to 100.

        With several, all are accepted or none, and `messages` of the result has one entry each.
        """

    @operation
    def get(self, message_id: str) -> Call[m.Message]:
        """The state of a verification and its whole timeline."""

    @paginated
    def list(self, status: str | None = None, limit: int | None = None) -> Listing[m.Message]:
        """The verifications of the project, at most `limit`."""

    @operation
    def resend(self, message_id: str, channel: str | None = None) -> Call[m.Message]:
        """Send the same code again; its lifetime is not extended.

        Raises:
            RateLimited: within the cool-down; `retry_after` is the seconds to wait.
        """

    @operation
    def cancel(self, message_id: str) -> Call[m.Message]:
        """End a verification: its code no longer verifies."""

class Verifications(Resource[W]):
    """Check what the user typed."""

    @operation
    def check(
        self, *, message_id: str, code: str, binding: Mapping[str, str] | None = None
    ) -> Call[m.CheckResult]:
        """Check a code; a wrong one is `verified=False`, not an error.

        `binding` is what `send` was given, if anything.

        Raises:
            Conflict: the verification is already approved.
            Gone: it is expired, exhausted, canceled or failed; `extra["reason"]` says which.
        """

class Inbox(Resource[W]):
    """Read what a project that is not live would have sent."""

    @paginated
    def list(self, to: str | None = None, limit: int | None = None) -> Listing[m.InboxMessage]:
        """The messages in the inbox, each with its code, at most `limit`."""

class Events(Resource[W]):
    """Read and follow what happened."""

    @operation
    def get(self, event_id: str) -> Call[m.Event]:
        """One event."""

    @paginated
    def list(
        self, type: str | None = None, message_id: str | None = None, limit: int | None = None
    ) -> Listing[m.Event]:
        """The events of the project, newest first, at most `limit`.

        `type` is one such as verification.approved, or a family such as verification.*.
        """

    @streamed
    def stream(self, type: str | None = None, last_event_id: str | None = None) -> Feed[m.Event]:
        """Events as they happen, from now on or from after `last_event_id`; it never ends.

        A connection that is lost is made again, and no event is missed.

        Raises:
            ConnectionFailed: the server does not come back. Go on later with the id of the last
                event you have.
        """

class Guard(Resource[W]):
    """Undo what the guard did."""

    @operation
    def unlock(self, *, to: str) -> Call[None]:
        """Forget the failed checks of an address, so that it may verify again."""

class Keys(Resource[W]):
    """Manage the API keys of a project."""

    @operation
    def create(
        self,
        *,
        name: str,
        scopes: Sequence[str] | None = None,
        expires_in: int | None = None,
        allowed_ips: Sequence[str] | None = None,
        project: str | None = None,
    ) -> Call[m.ApiKey]:
        """Make a key; only this answer has its secret."""

    @paginated
    def list(self) -> Listing[m.ApiKey]:
        """The keys without their secrets."""

    @operation
    def get(self, dev_key: str) -> Call[m.ApiKey]:
        """One key without its secret."""

    @operation
    def update(
        self,
        dev_key: str,
        *,
        name: str | None = None,
        disabled: bool | None = None,
        allowed_ips: Sequence[str] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> Call[m.ApiKey]:
        """Change what is given and leave the rest."""

    @operation
    def delete(self, dev_key: str) -> Call[None]:
        """Delete a key: it stops working at once."""

    @operation
    def rotate(self, dev_key: str, *, overlap: int | None = None) -> Call[m.ApiKey]:
        """Give a key a new secret, only in this answer; the old one works `overlap` seconds on."""

class Projects(Resource[W]):
    """Manage the projects of a server, with an administrator's key."""

    @operation
    def create(self, *, name: str, mode: str | None = None) -> Call[m.Project]:
        """Make a project; `mode` is live, development or sandbox."""

    @paginated
    def list(self) -> Listing[m.Project]:
        """The projects of this server."""

    @operation
    def get(self, project_id: str) -> Call[m.Project]:
        """One project."""

    @operation
    def update(
        self,
        project_id: str,
        *,
        name: str | None = None,
        mode: str | None = None,
        limits: Mapping[str, Mapping[str, int]] | None = None,
        link_domains: Sequence[str] | None = None,
        marketing: Mapping[str, Any] | None = None,
        daily_budget: str | None = None,
        low_balance: str | None = None,
    ) -> Call[m.Project]:
        """Change what is given and leave the rest; an empty amount takes it away."""

    @operation
    def delete(self, project_id: str) -> Call[None]:
        """Delete a project and everything in it."""

class Sandbox(Resource[W]):
    """Try everything without signing up; see also the client's `in_sandbox`."""

    @paginated
    def messages(self, to: str | None = None, limit: int | None = None) -> Listing[m.InboxMessage]:
        """What your sandbox sent, newest first, each with its code, at most `limit`."""

    @operation
    def set_webhook(
        self, *, url: str, username: str | None = None, secret: str | None = None
    ) -> Call[m.SandboxWebhook]:
        """Have the events of your sandbox posted to `url`, in EngageLab's dialect."""

class Templates(Resource[W]):
    """Write templates, look at them before they are sent, review them.

    The configurations are those of the API (docs/templates.md); `contents` maps a channel and a
    language to `{"text": ..., "subject": ..., "html": ...}`.
    """

    @paginated
    def list(self) -> Listing[m.Template]:
        """Every template, without its content."""

    @operation
    def get(self, template_id: str) -> Call[m.Template]:
        """One template with its content, in the version that is in use."""

    @operation
    def create(
        self,
        *,
        template_id: str,
        send_channel_strategy: str | None = None,
        route: str | None = None,
        brand_name: str | None = None,
        description: str | None = None,
        verify_code_config: Config | None = None,
        whatsapp_config: Config | None = None,
        sms_config: Config | None = None,
        voice_config: Config | None = None,
        email_config: Config | None = None,
        pwa_config: Config | None = None,
        contents: Mapping[str, Mapping[str, Config]] | None = None,
    ) -> Call[None]:
        """Submit a new template; `get` says whether it is approved already.

        It is sent by its `send_channel_strategy`, or by a saved `route`.

        Raises:
            BadRequest: the lint found something; `extra["rule"]` says what.
            Conflict: the id is taken.
        """

    @operation
    def lint(self, /, *, template_id: str, **parts: Any) -> Call[m.LintReport]:
        """What the policy says about a template, with the arguments of `create`; saves nothing."""

    @operation
    def update(
        self,
        template_id: str,
        *,
        send_channel_strategy: str | None = None,
        route: str | None = None,
        brand_name: str | None = None,
        description: str | None = None,
        verify_code_config: Config | None = None,
        whatsapp_config: Config | None = None,
        sms_config: Config | None = None,
        voice_config: Config | None = None,
        email_config: Config | None = None,
        pwa_config: Config | None = None,
        contents: Mapping[str, Mapping[str, Config]] | None = None,
    ) -> Call[m.Template]:
        """Submit a new version with what is given changed; what is approved stays in use."""

    @operation
    def replace(self, /, template_id: str, **parts: Any) -> Call[m.Template]:
        """Submit a new version that is wholly what is given, with the arguments of `create`."""

    @operation
    def delete(self, template_id: str) -> Call[None]:
        """Delete a template with all its versions."""

    @paginated
    def versions(self, template_id: str) -> Listing[m.TemplateVersion]:
        """The versions of a template with their reviews, newest first."""

    @operation
    def preview(
        self,
        template_id: str,
        *,
        channel: str | None = None,
        language: str | None = None,
        params: Mapping[str, str] | None = None,
        version: int | None = None,
        country: str | None = None,
    ) -> Call[m.TemplatePreview]:
        """The newest version as it would be sent, with segments and cost; sends nothing."""

    @operation
    def approve(
        self, template_id: str, *, remark: str | None = None, version: int | None = None
    ) -> Call[m.Template]:
        """An operator's yes, with a key that has the scope `templates:review`."""

    @operation
    def reject(
        self, template_id: str, *, remark: str, version: int | None = None
    ) -> Call[m.Template]:
        """An operator's no; the project reads the remark as `audit_remark`."""

class Webhooks(Resource[W]):
    """Say where events are posted to, and follow what became of them."""

    @operation
    def create(
        self,
        *,
        url: str,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        dialect: str | None = None,
        secret: str | None = None,
        username: str | None = None,
        authorization: str | None = None,
    ) -> Call[m.WebhookEndpoint]:
        """Make an endpoint; only this answer has its secret.

        A signed ping is posted at once and told in `raw["ping"]`; the endpoint is kept either way.
        """

    @paginated
    def list(self) -> Listing[m.WebhookEndpoint]:
        """The endpoints without their secrets."""

    @operation
    def get(self, endpoint_id: str) -> Call[m.WebhookEndpoint]:
        """One endpoint, with how many deliveries it has in each state."""

    @operation
    def update(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        disabled: bool | None = None,
        username: str | None = None,
        authorization: str | None = None,
    ) -> Call[m.WebhookEndpoint]:
        """Change what is given and leave the rest."""

    @operation
    def delete(self, endpoint_id: str) -> Call[None]:
        """Delete an endpoint with its deliveries."""

    @operation
    def rotate_secret(
        self, endpoint_id: str, *, overlap: int | None = None, secret: str | None = None
    ) -> Call[m.WebhookEndpoint]:
        """Give an endpoint a new secret, only in this answer; both sign for `overlap` seconds."""

    @operation
    def test(self, endpoint_id: str) -> Call[m.Ping]:
        """Post a signed ping; a failing one is `succeeded=False`, not an error."""

    @paginated
    def deliveries(
        self,
        endpoint_id: str,
        *,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
    ) -> Listing[m.WebhookDelivery]:
        """What was posted, newest first, at most `limit`; instants are RFC 3339."""

    @operation
    def delivery(self, endpoint_id: str, event_id: str) -> Call[m.WebhookDelivery]:
        """One event of an endpoint, with every attempt in `log`."""

    @operation
    def replay(
        self,
        endpoint_id: str,
        *,
        event_ids: Sequence[str] | None = None,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Call[m.Replay]:
        """Post events again: these, or those in a state and a range of time.

        What is exhausted by default.  Call it again with `next_cursor` until that is None.
        """

class Providers(Resource[W]):
    """Say through whom a live project sends, and try it."""

    @paginated
    def types(self) -> Listing[m.ProviderType]:
        """The vendors of the server, and what each has to be told."""

    @operation
    def create(
        self,
        *,
        name: str,
        provider: str,
        settings: Mapping[str, Any] | None = None,
        weight: int | None = None,
        disabled: bool | None = None,
    ) -> Call[m.Provider]:
        """Make an account; its secrets are never shown again."""

    @paginated
    def list(self) -> Listing[m.Provider]:
        """The accounts without their secrets."""

    @operation
    def get(self, provider_id: str) -> Call[m.Provider]:
        """One account without its secrets."""

    @operation
    def update(
        self,
        provider_id: str,
        *,
        settings: Mapping[str, Any] | None = None,
        unset: Sequence[str] | None = None,
        weight: int | None = None,
        disabled: bool | None = None,
    ) -> Call[m.Provider]:
        """Change what is given; a secret that is None or left out stays."""

    @operation
    def delete(self, provider_id: str) -> Call[None]:
        """Delete an account."""

    @operation
    def test(
        self, provider_id: str, *, to: str, channel: str | None = None
    ) -> Call[m.ProviderTest]:
        """Send one message whose code verifies nothing; `accepted=False` where it is refused."""

    @operation
    def health(self, provider_id: str, *, checkup: bool | None = None) -> Call[m.ProviderHealth]:
        """How an account is doing; with `checkup` the vendor is asked too."""

    @operation
    def dry_run(
        self, provider_id: str, *, to: str, channel: str | None = None
    ) -> Call[m.ProviderPreview]:
        """What a test message would be; nothing is sent."""

class Routes(Resource[W]):
    """Save routes, and look at what they would do.

    A step is `{"channel": ..., "accounts": [...], "wait_s": ..., "until": ..., "when": {...}}`
    (docs/routes.md); a short form is a text such as `whatsapp(30s)|sms|voice`.
    """

    @paginated
    def list(self) -> Listing[m.Route]:
        """Every saved route."""

    @operation
    def get(self, route_id: str) -> Call[m.Route]:
        """One saved route, and the templates that name it."""

    @operation
    def put(
        self,
        route_id: str,
        *,
        steps: Sequence[Step] | None = None,
        short_form: str | None = None,
        description: str | None = None,
    ) -> Call[m.Route]:
        """Save a route, new or in place of the one with its id.

        Raises:
            BadRequest: a step cannot be; `extra["field"]` and `extra["rule"]` say which and why.
        """

    @operation
    def check(
        self,
        route_id: str | None = None,
        *,
        steps: Sequence[Step] | None = None,
        short_form: str | None = None,
        template_id: str | None = None,
        to: str | None = None,
        alternate_email: str | None = None,
    ) -> Call[m.RouteReport]:
        """What is wrong with a route, saved or not, and which steps `to` would get.

        Nothing is saved or sent.
        """

    @operation
    def delete(self, route_id: str) -> Call[None]:
        """Delete a route that no template names."""

class OptOuts(Resource[W]):
    """See and change who gets no messages; people opt out by answering STOP."""

    @paginated
    def list(self, to: str | None = None, limit: int | None = None) -> Listing[m.OptOut]:
        """Those of the project, newest first, or those of one address; at most `limit`."""

    @operation
    def add(self, *, to: str, channels: Sequence[str] | None = None) -> Call[tuple[m.OptOut, ...]]:
        """Send an address nothing over these channels, or over any; what it has from then on."""

    @operation
    def remove(self, *, to: str, channel: str | None = None) -> Call[int]:
        """Lift those of an address, of one channel or of all; how many there were.

        Raises:
            NotFound: it has none.
        """

class Agent(Resource[W]):
    """What an agent asks first."""

    @operation
    def next_step(self) -> Call[m.NextStep]:
        """What is missing until a code can be verified, and the one thing to do about it."""

    @operation
    def tools(self, *, format: str | None = None) -> Call[m.ToolList]:
        """The tools that the key may use, for a model of a vendor; openai by default."""

"""The API's operations, each written once for both clients.

A method here builds a call and does no I/O.  Reached through `Watchword` it is a function that
returns the result (or an iterator, for a list); reached through `AsyncWatchword` what it returns
is awaited (or iterated over with `async for`).
"""

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, overload

from watchword.models import ApiKey, CheckResult, Event, InboxMessage, Message, Project
from watchword.protocol import Call, Feed, Listing, Settings, compact, listing, nothing, segment


class SyncRunner(ABC):
    """Runs calls and blocks."""

    settings: Settings

    @abstractmethod
    def run(self, call: Call[Any]) -> Any:
        """The call's result."""

    def items(self, rest: Listing[Any] | None) -> Iterator[Any]:
        """Every item of a list, page after page."""
        while rest:
            found, rest = rest.take(self.run(rest.call))
            yield from found

    @abstractmethod
    def follow(self, feed: Feed[Any]) -> Iterator[Any]:
        """Everything a stream brings, over as many connections as it takes."""


class AsyncRunner(ABC):
    """Runs calls and is awaited."""

    settings: Settings

    @abstractmethod
    async def run(self, call: Call[Any]) -> Any:
        """The call's result."""

    async def items(self, rest: Listing[Any] | None) -> AsyncIterator[Any]:
        """Every item of a list, page after page."""
        while rest:
            found, rest = rest.take(await self.run(rest.call))
            for item in found:
                yield item

    @abstractmethod
    def follow(self, feed: Feed[Any]) -> AsyncIterator[Any]:
        """Everything a stream brings, over as many connections as it takes."""


ASSIGNED = ("__module__", "__name__", "__qualname__", "__doc__")
P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")
W = TypeVar("W", SyncRunner, AsyncRunner)


class Resource(Generic[W]):
    """A group of operations and what runs them."""

    def __init__(self, runner: W) -> None:
        self._runner: W = runner


class Operation(Generic[P, S, A]):
    """A method that builds a call, as an operation that gives S when sync and A when async."""

    def __init__(self, build: Callable[..., Call[Any] | Listing[Any] | Feed[Any]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__
        drawn = inspect.signature(build)
        (answer,) = get_args(drawn.return_annotation)
        self._signature = drawn.replace(
            parameters=list(drawn.parameters.values())[1:], return_annotation=answer
        )

    @overload
    def __get__(self, resource: Resource[SyncRunner], owner: type) -> Callable[P, S]: ...
    @overload
    def __get__(self, resource: Resource[AsyncRunner], owner: type) -> Callable[P, A]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> "Operation[P, S, A]": ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        """The operation as the client at hand runs it."""
        if resource is None:
            return self

        def bound(*args: Any, **kwargs: Any) -> Any:
            what = self._build(resource, *args, **kwargs)
            runner = resource._runner
            if isinstance(what, Feed):
                return runner.follow(what)
            return runner.items(what) if isinstance(what, Listing) else runner.run(what)

        functools.update_wrapper(bound, self._build, ASSIGNED, ())
        bound.__signature__ = self._signature  # type: ignore[attr-defined]
        return bound


def operation(
    build: Callable[Concatenate[Any, P], Call[T]],
) -> Operation[P, T, Coroutine[Any, Any, T]]:
    """An operation with one answer."""
    return Operation(build)


def paginated(
    build: Callable[Concatenate[Any, P], Listing[T]],
) -> Operation[P, Iterator[T], AsyncIterator[T]]:
    """An operation with a list of answers, read page after page."""
    return Operation(build)


def streamed(
    build: Callable[Concatenate[Any, P], Feed[T]],
) -> Operation[P, Iterator[T], AsyncIterator[T]]:
    """An operation whose answers come as they happen."""
    return Operation(build)


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
    ) -> Call[Message]:
        """Send a code to `to`: your own `code`, or one the server makes and never shows.

        Called again while the code is pending, it sends the same code again.

        Raises:
            RateLimited: within the cool-down; `retry_after` is the seconds to wait and
                `extra["message_id"]` the pending verification.
        """
        body = {
            "to": to,
            "template": compact({"id": template_id, "language": language, "params": params}),
            "channel": channel,
            "route": route,
            "alternates": alternates,
            "ttl": ttl,
            "signals": signals,
            "binding": binding,
            "metadata": metadata,
            "purpose": purpose,
            "code": code,
        }
        path = "/messages" if code is None else "/codes"
        secrets = (to, code or "", *(alternates or {}).values())
        return Call("POST", path, Message.from_wire, body=body, secrets=secrets)

    @operation
    def send_custom(
        self,
        *,
        to: str | Sequence[str],
        template_id: str,
        code: str | None = None,
        params: Mapping[str, str] | None = None,
        language: str | None = None,
    ) -> Call[Message]:
        """Send a template with your own `code`, or without one, to one recipient or up to 100.

        With several, all are accepted or none, and `messages` of the result has one entry each.
        """
        filled = {**(params or {}), **({} if code is None else {"code": code})}
        many: Sequence[str] = (to,) if isinstance(to, str) else tuple(to)
        body = {
            "to": to if isinstance(to, str) else many,
            "template": compact({"id": template_id, "language": language, "params": filled}),
        }
        secrets = (*many, code or "")
        return Call("POST", "/custom-messages", Message.from_wire, body=body, secrets=secrets)

    @operation
    def get(self, message_id: str) -> Call[Message]:
        """The state of a verification and its whole timeline."""
        return Call("GET", f"/messages/{segment(message_id)}", Message.from_wire)

    @paginated
    def list(self, status: str | None = None, limit: int | None = None) -> Listing[Message]:
        """The verifications of the project, at most `limit`."""
        return listing("/messages", Message, limit=limit, status=status)

    @operation
    def resend(self, message_id: str, channel: str | None = None) -> Call[Message]:
        """Send the same code again; its lifetime is not extended.

        Raises:
            RateLimited: within the cool-down; `retry_after` is the seconds to wait.
        """
        path = f"/messages/{segment(message_id)}/resend"
        return Call("POST", path, Message.from_wire, body={"channel": channel})

    @operation
    def cancel(self, message_id: str) -> Call[Message]:
        """End a verification: its code no longer verifies."""
        return Call("POST", f"/messages/{segment(message_id)}/cancel", Message.from_wire)


class Verifications(Resource[W]):
    """Check what the user typed."""

    @operation
    def check(
        self, *, message_id: str, code: str, binding: Mapping[str, str] | None = None
    ) -> Call[CheckResult]:
        """Check a code; a wrong one is `verified=False`, not an error.

        `binding` is what `send` was given, if anything.

        Raises:
            Conflict: the verification is already approved.
            Gone: it is expired, exhausted, canceled or failed; `extra["reason"]` says which.
        """
        body = {"message_id": message_id, "verify_code": code, "binding": binding}
        return Call("POST", "/verifications", CheckResult.from_wire, body=body, secrets=(code,))


class Inbox(Resource[W]):
    """Read what a project that is not live would have sent."""

    @paginated
    def list(self, to: str | None = None, limit: int | None = None) -> Listing[InboxMessage]:
        """The messages in the inbox, each with its code, at most `limit`."""
        return listing("/inbox/messages", InboxMessage, limit=limit, to=to)


class Events(Resource[W]):
    """Read and follow what happened."""

    @operation
    def get(self, event_id: str) -> Call[Event]:
        """One event."""
        return Call("GET", f"/events/{segment(event_id)}", Event.from_wire)

    @paginated
    def list(
        self, type: str | None = None, message_id: str | None = None, limit: int | None = None
    ) -> Listing[Event]:
        """The events of the project, newest first, at most `limit`.

        `type` is one such as verification.approved, or a family such as verification.*.
        """
        return listing("/events", Event, limit=limit, type=type, message_id=message_id)

    @streamed
    def stream(self, type: str | None = None, last_event_id: str | None = None) -> Feed[Event]:
        """Events as they happen, from now on or from after `last_event_id`; it never ends.

        A connection that is lost is made again, and no event is missed.

        Raises:
            ConnectionFailed: the server does not come back. Go on later with the id of the last
                event you have.
        """
        query = {"type": type, "last_event_id": last_event_id}
        return Feed("/events/stream", Event.from_wire, query)


class Guard(Resource[W]):
    """Undo what the guard did."""

    @operation
    def unlock(self, *, to: str) -> Call[None]:
        """Forget the failed checks of an address, so that it may verify again."""
        return Call("POST", "/guard/unlock", nothing, body={"to": to}, secrets=(to,))


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
    ) -> Call[ApiKey]:
        """Make a key; only this answer has its secret."""
        body = {"name": name, "scopes": scopes, "expires_in": expires_in}
        more = {"allowed_ips": allowed_ips, "project": project}
        return Call("POST", "/api-keys", ApiKey.from_wire, body=body | more)

    @paginated
    def list(self) -> Listing[ApiKey]:
        """The keys without their secrets."""
        return listing("/api-keys", ApiKey)

    @operation
    def get(self, dev_key: str) -> Call[ApiKey]:
        """One key without its secret."""
        return Call("GET", f"/api-keys/{segment(dev_key)}", ApiKey.from_wire)

    @operation
    def update(
        self,
        dev_key: str,
        *,
        name: str | None = None,
        disabled: bool | None = None,
        allowed_ips: Sequence[str] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> Call[ApiKey]:
        """Change what is given and leave the rest."""
        body = {"name": name, "disabled": disabled, "allowed_ips": allowed_ips, "scopes": scopes}
        return Call("PATCH", f"/api-keys/{segment(dev_key)}", ApiKey.from_wire, body=body)

    @operation
    def delete(self, dev_key: str) -> Call[None]:
        """Delete a key: it stops working at once."""
        return Call("DELETE", f"/api-keys/{segment(dev_key)}", nothing)

    @operation
    def rotate(self, dev_key: str, *, overlap: int | None = None) -> Call[ApiKey]:
        """Give a key a new secret, only in this answer; the old one works `overlap` seconds on."""
        path, body = f"/api-keys/{segment(dev_key)}/rotate", {"overlap": overlap}
        return Call("POST", path, ApiKey.from_wire, body=body)


class Projects(Resource[W]):
    """Manage the projects of a server, with an administrator's key."""

    @operation
    def create(self, *, name: str, mode: str | None = None) -> Call[Project]:
        """Make a project; `mode` is live, development or sandbox."""
        return Call("POST", "/projects", Project.from_wire, body={"name": name, "mode": mode})

    @paginated
    def list(self) -> Listing[Project]:
        """The projects of this server."""
        return listing("/projects", Project)

    @operation
    def get(self, project_id: str) -> Call[Project]:
        """One project."""
        return Call("GET", f"/projects/{segment(project_id)}", Project.from_wire)

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
    ) -> Call[Project]:
        """Change what is given and leave the rest; an empty amount takes it away."""
        path, body = f"/projects/{segment(project_id)}", {"name": name, "mode": mode}
        more = {"limits": limits, "link_domains": link_domains, "marketing": marketing}
        more |= {"daily_budget": daily_budget, "low_balance": low_balance}
        return Call("PATCH", path, Project.from_wire, body=body | more)

    @operation
    def delete(self, project_id: str) -> Call[None]:
        """Delete a project and everything in it."""
        return Call("DELETE", f"/projects/{segment(project_id)}", nothing)

"""Saved routes: over which channels and provider accounts a code is tried, and for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from watchword.models import Objects, Record, Strings, When
from watchword.protocol import Call, Listing, listing, nothing, segment
from watchword.resources import Resource, W, operation, paginated

Step = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Route(Record):
    """A saved route.

    Attributes:
        steps: `channel`, `accounts`, `wait_s`, `until` and `when` of each.
        short_form: the same in short; None where it does not fit.
        templates: the templates that name it.
    """

    route_id: str
    description: str | None = None
    steps: Objects = field(default=(), hash=False)
    short_form: str | None = None
    templates: Strings = ()
    created_at: When = None
    updated_at: When = None


@dataclass(frozen=True, kw_only=True)
class RouteReport(Record):
    """What keeps a route from being saved, and which steps a recipient would get.

    Attributes:
        problems: `field`, `rule` and `message` of each.
        chosen: `step`, `channel`, `taken` and `left_out` of each; empty where `to` was not given.
    """

    valid: bool
    problems: Objects = field(default=(), hash=False)
    chosen: Objects = field(default=(), hash=False)


class Routes(Resource[W]):
    """Save routes, and look at what they would do.

    A step is `{"channel": ..., "accounts": [...], "wait_s": ..., "until": ..., "when": {...}}`
    (docs/routes.md); a short form is a text such as `whatsapp(30s)|sms|voice`.
    """

    @paginated
    def list(self) -> Listing[Route]:
        """Every saved route."""
        return listing("/routes", Route)

    @operation
    def get(self, route_id: str) -> Call[Route]:
        """One saved route, and the templates that name it."""
        return Call("GET", _path(route_id), Route.from_wire)

    @operation
    def put(
        self,
        route_id: str,
        *,
        steps: Sequence[Step] | None = None,
        short_form: str | None = None,
        description: str | None = None,
    ) -> Call[Route]:
        """Save a route, new or in place of the one with its id.

        Raises:
            BadRequest: a step cannot be; `extra["field"]` and `extra["rule"]` say which and why.
        """
        body = {"steps": steps, "short_form": short_form, "description": description}
        return Call("PUT", _path(route_id), Route.from_wire, body=body)

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
    ) -> Call[RouteReport]:
        """What is wrong with a route, saved or not, and which steps `to` would get.

        Nothing is saved or sent.
        """
        body = {
            "route_id": route_id,
            "steps": steps,
            "short_form": short_form,
            "template_id": template_id,
            "to": to,
            "alternates": {"email": alternate_email} if alternate_email is not None else None,
        }
        return Call("POST", "/routes/check", RouteReport.from_wire, body=body)

    @operation
    def delete(self, route_id: str) -> Call[None]:
        """Delete a route that no template names."""
        return Call("DELETE", _path(route_id), nothing)


def _path(route_id: str) -> str:
    return f"/routes/{segment(route_id)}"

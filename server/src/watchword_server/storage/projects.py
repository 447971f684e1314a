"""Rows of the control plane: projects, API keys, templates, routes."""

from collections.abc import Sequence

import apsw
import msgspec

from watchword_server.domain.project import ApiKey, Mode, Project, Scope
from watchword_server.domain.quiet_hours import Marketing
from watchword_server.domain.route_plan import Plan
from watchword_server.domain.template import Template
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.queries import load
from watchword_server.storage.rows import Row, hit, many, one

_Q = load("projects.sql")
_WEBHOOKS = load("webhooks.sql")
_Secrets = tuple[tuple[bytes, int | None], ...]
OWNED = (
    "api_keys", "templates", "template_versions", "live", "verifications", "deliveries",
    "events", "work", "address_states", "failed_checks", "inbox", "idempotency_keys",
    "webhook_endpoints", "webhook_deliveries", "webhook_attempts", "routes",
    "delivery_references", "delivery_reports", "held_reports", "incoming", "opt_outs",
    "provider_accounts", "alerts", "alert_mails", "conversions", "spending",
    "grants", "grant_tokens", "authorizations",
)  # fmt: skip
"""The tables whose rows belong to a project and go with it."""


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _project(row: Row) -> Project:
    limits = msgspec.json.decode(row[4], type=dict[str, tuple[int, int]])
    return Project(
        id=row[0], name=row[1], mode=Mode(row[2]), created_at=row[3], limits=limits,
        link_domains=tuple(row[5].split()), hidden=bool(row[6]),
        marketing=msgspec.json.decode(row[7], type=Marketing), daily_budget=row[8],
        low_balance=row[9],
    )  # fmt: skip


def _api_key(row: Row) -> ApiKey:
    project, id, name, scopes, allowed_ips, expires_at, disabled, created_at, secrets = row
    return ApiKey(
        project=project,
        id=id,
        name=name,
        scopes=frozenset(Scope(scope) for scope in scopes.split()),
        allowed_ips=tuple(allowed_ips.split()),
        expires_at=expires_at,
        disabled=bool(disabled),
        created_at=created_at,
        secrets=msgspec.json.decode(secrets, type=_Secrets),
    )


def _template(row: Row) -> Template:
    return msgspec.json.decode(row[0], type=Template)


def _plan(row: Row) -> Plan:
    return msgspec.json.decode(row[0], type=Plan)


class ProjectRows:
    """`ports.Projects` on SQLite."""

    def __init__(self, cursor: apsw.Cursor, deferred: Deferred) -> None:
        self._cursor = cursor
        self._flush = deferred.flush

    def insert(self, project: Project) -> bool:
        values = (
            project.id, project.name, project.mode.value, project.created_at,
            _text(project.limits), " ".join(project.link_domains), int(project.hidden),
            _text(project.marketing), project.daily_budget, project.low_balance,
        )  # fmt: skip
        return hit(self._cursor, _Q["insert_project"], values)

    def get(self, project: bytes) -> Project | None:
        return one(self._cursor, _Q["get_project"], (project,), _project)

    def all(self) -> Sequence[Project]:
        return many(self._cursor, _Q["all_projects"], (), _project)

    def hidden(self) -> Sequence[Project]:
        return many(self._cursor, _Q["hidden_projects"], (), _project)

    def update(self, project: Project) -> None:
        values = (
            project.name, project.mode.value, _text(project.limits),
            " ".join(project.link_domains), _text(project.marketing), project.daily_budget,
            project.low_balance, project.id,
        )  # fmt: skip
        self._cursor.execute(_Q["update_project"].sql, values)

    def delete(self, project: bytes) -> bool:
        self._flush()
        for table in OWNED:
            self._cursor.execute(f"DELETE FROM {table} WHERE project = ?", (project,))  # noqa: S608
        for name in ("rewind_endpoints", "rewind_cursor"):
            self._cursor.execute(_WEBHOOKS[name].sql)
        return hit(self._cursor, _Q["delete_project"], (project,))


class ApiKeyRows:
    """`ports.ApiKeys` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def insert(self, key: ApiKey) -> None:
        values = (
            key.project, key.id, key.name, _scopes(key), " ".join(key.allowed_ips),
            key.expires_at, int(key.disabled), key.created_at, _text(key.secrets),
        )  # fmt: skip
        self._cursor.execute(_Q["insert_api_key"].sql, values)

    def find(self, key: bytes) -> ApiKey | None:
        return one(self._cursor, _Q["find_api_key"], (key,), _api_key)

    def of(self, project: bytes) -> Sequence[ApiKey]:
        return many(self._cursor, _Q["api_keys_of"], (project,), _api_key)

    def update(self, key: ApiKey) -> None:
        values = (
            key.name, _scopes(key), " ".join(key.allowed_ips), key.expires_at,
            int(key.disabled), _text(key.secrets), key.project, key.id,
        )  # fmt: skip
        self._cursor.execute(_Q["update_api_key"].sql, values)

    def delete(self, project: bytes, key: bytes) -> bool:
        return hit(self._cursor, _Q["delete_api_key"], (project, key))


def _scopes(key: ApiKey) -> str:
    return " ".join(sorted(scope.value for scope in key.scopes))


class TemplateRows:
    """`ports.Templates` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def put(self, project: bytes, template: Template) -> None:
        self._cursor.execute(_Q["put_template"].sql, (project, template.id, _text(template)))
        self.keep(project, template)

    def keep(self, project: bytes, template: Template) -> None:
        values = (project, template.id, template.version, _text(template))
        self._cursor.execute(_Q["put_template_version"].sql, values)

    def get(self, project: bytes, template: str) -> Template | None:
        return one(self._cursor, _Q["get_template"], (project, template), _template)

    def of(self, project: bytes) -> Sequence[Template]:
        return many(self._cursor, _Q["templates_of"], (project,), _template)

    def version(self, project: bytes, template: str, version: int) -> Template | None:
        values = (project, template, version)
        return one(self._cursor, _Q["get_template_version"], values, _template)

    def versions(self, project: bytes, template: str, limit: int) -> Sequence[Template]:
        values = (project, template, limit)
        return many(self._cursor, _Q["template_versions_of"], values, _template)

    def newest(self, project: bytes) -> Sequence[Template]:
        return many(self._cursor, _Q["newest_templates"], (project,), _template)

    def delete(self, project: bytes, template: str) -> bool:
        self._cursor.execute(_Q["delete_template_versions"].sql, (project, template))
        return hit(self._cursor, _Q["delete_template"], (project, template))


class RouteRows:
    """`ports.Routes` on SQLite."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def put(self, project: bytes, plan: Plan) -> None:
        self._cursor.execute(_Q["put_route"].sql, (project, plan.id, _text(plan)))

    def get(self, project: bytes, route: str) -> Plan | None:
        return one(self._cursor, _Q["get_route"], (project, route), _plan)

    def of(self, project: bytes) -> Sequence[Plan]:
        return many(self._cursor, _Q["routes_of"], (project,), _plan)

    def delete(self, project: bytes, route: str) -> bool:
        return hit(self._cursor, _Q["delete_route"], (project, route))

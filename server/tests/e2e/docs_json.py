"""What the JSON of a page is: an event, an error, a body of a call; judged by its schema."""

import json
import re
import tomllib
from typing import Any

import jsonschema

from e2e.docs_blocks import Block, normal
from providers.vonage_peer import PEM
from watchword_server import providers
from watchword_server.api import openapi
from watchword_server.domain.events import EventType
from watchword_server.settings.rows import SETTINGS

_CALL = re.compile(r"`?(GET|POST|PUT|PATCH|DELETE) (/v1/[\w/{}.-]*)")
_TITLE = re.compile(_CALL.pattern + "` · `")
_DOCUMENT = openapi.document("http://127.0.0.1:8080")


def judge(block: Block, before: str, page: str) -> None:
    """Fail unless the JSON is what it seems to be, and that is something known.

    Args:
        before: what the block before it printed.
        page: the name of its page; that of a provider shows settings of an account.
    """
    shown = json.loads(block.text)
    provider = page.removeprefix("docs/providers/").removesuffix(".md")
    if provider in providers.PROVIDERS:
        key = {"private_key": PEM} if "private_key" in shown else {}
        providers.settings(provider, shown | key)
    elif isinstance(shown, dict) and shown.get("type") in set(EventType):
        _validate(shown, _event_schema(shown["type"]))
    elif isinstance(shown, dict) and {"code", "doc_url"} <= set(shown):
        _validate(shown, {"$ref": "#/components/schemas/Problem"})
    elif isinstance(shown, dict) and "mcpServers" in shown:
        assert all({"url", "command"} & set(one) for one in shown["mcpServers"].values())
    elif _is_json(before):
        told = json.loads(normal(json.dumps(json.loads(before))))
        _is_within(json.loads(normal(json.dumps(shown))), told, "$")
    elif calls := _CALL.findall(block.prose.strip().rpartition("\n\n")[2]):
        _is_a_body_of(shown, *calls[-1])
    else:
        raise AssertionError("no event, error, call, account or answer: nothing known")


def judge_calls(found: list[Block]) -> int:
    """Fail unless each block of JSON is a body of the call that was named last; how many are."""
    call: tuple[str, str] | None = None
    judged = 0
    for block in found:
        named: list[tuple[str, str]] = _TITLE.findall(block.prose)
        call = named[-1] if named else call
        assert block.language == "json" and call, f"line {block.line}: of which call?"
        _is_a_body_of(json.loads(block.text), *call)
        judged += 1
    return judged


def judge_settings(block: Block) -> None:
    """Fail unless every key is a setting."""
    known = {setting.name for setting in SETTINGS}
    for name, value in tomllib.loads(block.text).items():
        names = [f"{name}_{inner}" for inner in value] if isinstance(value, dict) else [name]
        assert set(names) <= known, f"no such setting: {set(names) - known}"


def _event_schema(kind: str) -> Any:
    body = _DOCUMENT["webhooks"][kind]["post"]["requestBody"]
    return body["content"]["application/json"]["schema"]


def _is_json(said: str) -> bool:
    try:
        return isinstance(json.loads(said), dict | list)
    except ValueError:
        return False


def _is_within(shown: Any, told: Any, where: str) -> None:
    """What a page shows of an answer must be so; it may leave members out."""
    if isinstance(shown, dict):
        assert isinstance(told, dict), where
        for name, value in shown.items():
            assert name in told, f"{where} has no {name}: {sorted(told)}"
            _is_within(value, told[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert isinstance(told, list), where
        assert len(shown) <= len(told), where
        for number, value in enumerate(shown):
            _is_within(value, told[number], f"{where}[{number}]")
    elif isinstance(shown, str) and "…" in shown:
        assert str(told).startswith(shown.partition("…")[0]), f"{where}: {told}"
    else:
        assert shown == told, f"{where}: {told!r}"


def _is_a_body_of(shown: Any, method: str, path: str) -> None:
    operation = _operation(method, path)
    schemas = [operation.get("requestBody"), *operation["responses"].values()]
    wanted = [
        one["content"]["application/json"]["schema"]
        for one in schemas
        if one and "application/json" in one.get("content", {})
    ]
    errors = []
    for schema in wanted:
        try:
            _validate(shown, schema)
        except jsonschema.ValidationError as error:
            errors.append(error.message)
        else:
            return
    raise AssertionError(f"no body of {method} {path}: {errors}")


def _operation(method: str, path: str) -> Any:
    segments = path.rstrip("/").split("/")
    for template, methods in _DOCUMENT["paths"].items():
        if method.lower() in methods and _matches(template.split("/"), segments):
            return methods[method.lower()]
    raise AssertionError(f"no such call: {method} {path}")


def _matches(template: list[str], path: list[str]) -> bool:
    return len(template) == len(path) and all(
        one == other or one.startswith("{") for one, other in zip(template, path, strict=True)
    )


def _validate(value: Any, schema: Any) -> None:
    whole = {"components": _DOCUMENT["components"], "allOf": [schema]}
    jsonschema.validate(value, whole, cls=jsonschema.Draft202012Validator)

"""What msgspec refuses, as the refusal of a field: which one, by which rule, in plain words.

Nothing of what was submitted is repeated; a field's own name only if it is plain enough to be
one.
"""

import re
from collections.abc import Callable, Iterator

import msgspec
from msgspec import inspect

from watchword_server.domain.errors import BAD_JSON, Problem, bad_field

_PATH = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z_.-]{0,39}")
_KINDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
_WRITTEN = ("pattern", "value")
"""Rules about how a value is written: an example says it best."""
_UNITS = {"str": "characters", "object": "entries", "array": "items"}
_BOUNDS = {">=": ("minimum", "at least"), "<=": ("maximum", "at most")}
_LENGTHS = {">=": ("min_length", "at least"), "<=": ("max_length", "at most"), "": ("length", "")}

Said = tuple[str, str]
"""A rule's name and what the field must be."""


def problem_of(error: msgspec.ValidationError, expected: object, raw: bytes | None) -> Problem:
    """The refusal behind msgspec's error about a value of the type `expected`.

    A body that is not JSON at all may break a rule before the place where the JSON breaks: it is
    refused as bad JSON then, so `raw` is read to its end.
    """
    if raw is not None and not _is_json(raw):
        return bad_json()
    found = _PATH.fullmatch(str(error))
    what, path = (found["what"], found["path"] or "") if found else ("", "")
    field = path.lstrip(".").replace("[...]", "")
    for pattern, speak in _SENTENCES:
        if match := pattern.fullmatch(what):
            if pattern is _MISSING or pattern is _UNKNOWN:
                problem = _member(match, field, is_missing=pattern is _MISSING)
                return problem if pattern is _MISSING else _with_members(problem, expected, field)
            rule, must_be = speak(match)
            break
    else:
        rule, must_be = "value", "another value"
    if rule == "enum" and (words := _words(expected, field)):
        must_be = f"one of {', '.join(words)}"
    if rule in _WRITTEN and not path.endswith("[...]"):
        must_be = _as_example(must_be, expected, field)
    name = f"`{field or 'body'}`"
    if found and found["key"]:
        name = f"A key of {name}"
    elif path.endswith("[...]"):
        name = f"Each value of {name}"
    return bad_field(field or "body", rule, f"{name} must be {must_be}.")


def bad_json() -> Problem:
    """The refusal of a body that is not JSON."""
    return Problem(BAD_JSON, "The body could not be read as JSON.")


def _is_json(raw: bytes) -> bool:
    try:
        msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _member(match: re.Match[str], parent: str, *, is_missing: bool) -> Problem:
    name = match["name"]
    if is_missing:
        field = f"{parent}.{name}" if parent else name
        return bad_field(field, "required", f"`{field}` is missing.")
    if not _PLAIN_NAME.fullmatch(name):
        where = parent or "body"
        return bad_field(where, "unknown_field", f"`{where}` has a field that this call has not.")
    field = f"{parent}.{name}" if parent else name
    return bad_field(field, "unknown_field", f"This call has no field `{field}`.")


def _type(match: re.Match[str]) -> Said:
    kinds = [_KINDS.get(kind, kind) for kind in match["kinds"].split(" | ")]
    return "type", " or ".join(kinds)


def _length(match: re.Match[str]) -> Said:
    rule, words = _LENGTHS[match["sign"] or ""]
    unit = _UNITS.get(match["kind"], "characters")
    return rule, " ".join(filter(None, ("of", words, match["number"], unit)))


def _bound(match: re.Match[str]) -> Said:
    rule, words = _BOUNDS[match["sign"]]
    return rule, f"{words} {match['number']}"


def _pattern(_match: re.Match[str]) -> Said:
    return "pattern", "written as its `pattern` in /openapi.json says"


_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Said]], ...] = (
    (_MISSING, lambda _: ("required", "there")),
    (_UNKNOWN, lambda _: ("unknown_field", "left out")),
    (re.compile(r"Expected `(?P<kinds>[^`]*)`, got `[^`]*`"), _type),
    (
        re.compile(r"Expected `(?P<kind>\w+)` of length (?P<sign>[<>]=)? ?(?P<number>\d+)"),
        _length,
    ),
    (re.compile(r"Expected `\w+` matching regex .*", re.DOTALL), _pattern),
    (re.compile(r"Expected `\w+` (?P<sign>[<>]=) (?P<number>-?[\d.]+)"), _bound),
    (re.compile(r"Invalid enum value .*", re.DOTALL), lambda _: ("enum", "a known word")),
    (re.compile(r"(Number|Integer value) out of range"), lambda _: ("range", "a smaller number")),
)


def _words(expected: object, field: str) -> list[str]:
    """The words of the enum at a path of a type, for the sentence to list them."""
    return [str(word) for option in _options(_at(expected, field)) for word in _members(option)]


def _members(option: inspect.Type) -> Iterator[object]:
    if isinstance(option, inspect.EnumType):
        yield from (member.value for member in option.cls)
    elif isinstance(option, inspect.LiteralType):
        yield from option.values


def _with_members(problem: Problem, expected: object, parent: str) -> Problem:
    """The refusal of an unknown field with those that there are: ours, never the caller's."""
    known = [
        field.encode_name
        for option in _options(_at(expected, parent))
        if isinstance(option, inspect.StructType)
        for field in option.fields
    ]
    what = f"`{parent}`" if parent else "It"
    detail = f"{problem.detail} {what} has: {', '.join(known) or 'none'}."
    return Problem(problem.kind, detail, extra=problem.extra)


def _as_example(must_be: str, expected: object, field: str) -> str:
    example = next(_examples(_at(expected, field)), None)
    return f"{must_be}, such as {example}" if isinstance(example, str) else must_be


def _examples(node: inspect.Type | None) -> Iterator[object]:
    if isinstance(node, inspect.Metadata):
        yield from (node.extra_json_schema or {}).get("examples", ())
        yield from _examples(node.type)
    elif isinstance(node, inspect.UnionType):
        for each in node.types:
            yield from _examples(each)


def _at(expected: object, field: str) -> inspect.Type | None:
    """What stands at a path of a type."""
    node: inspect.Type | None = inspect.type_info(expected)
    for part in re.findall(r"[^.\[\]]+", field):
        node = _below(node, part)
    return node


def _options(node: inspect.Type | None) -> tuple[inspect.Type, ...]:
    if isinstance(node, inspect.Metadata):
        return _options(node.type)
    if isinstance(node, inspect.UnionType):
        return tuple(option for each in node.types for option in _options(each))
    return (node,) if node is not None else ()


def _below(node: inspect.Type | None, part: str) -> inspect.Type | None:
    for option in _options(node):
        if isinstance(option, inspect.StructType):
            return next((each.type for each in option.fields if each.encode_name == part), None)
        if isinstance(option, inspect.DictType):
            return option.value_type
        if isinstance(option, inspect.VarTupleType | inspect.ListType | inspect.FrozenSetType):
            return option.item_type
    return None

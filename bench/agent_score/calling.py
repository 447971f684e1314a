"""How a naive agent verifies a person with tools it has never seen: by what each says it needs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bench.agent_score import people
from bench.agent_score.choosing import Said, Stuck, best, fields, has_to_be_given, values
from bench.agent_score.reading import Agent

Use = Callable[[str, dict[str, Any]], Any]

_START = "send a one-time code and start a verification"
_WHOM = "the recipient: a phone number"
_ASK = "ask for the status: where does the verification stand"


class Tool(NamedTuple):
    """One tool, as it is published.

    Attributes:
        answers: the schema of what it answers, where the format has one.
        only_reads: whether it says so, where the format can.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    answers: dict[str, Any] | None
    only_reads: bool | None


def verify(naive: Agent, tools: Sequence[Tool], use: Use) -> Any:
    """Start a verification, show the person what there is to show, and ask what came of it."""
    start = best(_START, [one for one in tools if not one.only_reads], _said)
    given = {**_blanks(start), _whom(start): people.PERSON}
    for name in has_to_be_given(start.parameters):
        if given.get(name) is None:
            given[name] = _found_out(naive, tools, use, name)
    begun = dict(values(_used(naive, use, start, given)))
    page = next(
        (
            value
            for value in begun.values()
            if isinstance(value, str) and value.startswith(("http://", "https://"))
        ),
        None,
    )
    if page is None:
        raise Stuck(f"{start.name} answers nothing that can be shown to a person")
    people.type_code(naive.url, page)
    able = [
        one
        for one in tools
        if one is not start
        and one.only_reads is not False
        and has_to_be_given(one.parameters)
        and set(has_to_be_given(one.parameters)) <= set(begun)
    ]
    ask = best(_ASK, able, _said)
    needed = {name: begun[name] for name in has_to_be_given(ask.parameters)}
    return _used(naive, use, ask, _blanks(ask) | needed)


def _said(tool: Tool) -> Said:
    return Said(tool.name, tool.description)


def _blanks(tool: Tool) -> dict[str, Any]:
    """What has to be there and may be null."""
    return dict.fromkeys(tool.parameters.get("required", ()))


def _whom(tool: Tool) -> str:
    """The parameter that takes the person's number."""
    parameters = tool.parameters["properties"]
    return best(
        _WHOM, list(parameters), lambda name: Said(name, parameters[name].get("description", ""))
    )


def _found_out(naive: Agent, tools: Sequence[Tool], use: Use, name: str) -> Any:
    """A value that is needed: of a tool that needs nothing and answers it."""
    for tool in tools:
        if not has_to_be_given(tool.parameters) and name in fields(tool.answers or {}):
            for field, value in values(_used(naive, use, tool, _blanks(tool))):
                if field == name:
                    return value
    raise Stuck(f"no tool says what `{name}` can be")


def _used(naive: Agent, use: Use, tool: Tool, given: dict[str, Any]) -> Any:
    naive.commands += 1
    return use(tool.name, given)

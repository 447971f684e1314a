"""Examples of answers, put together from the examples of their fields."""

from typing import Any

from msgspec import inspect


def example_of(kind: Any) -> Any:
    """An example of a type.

    Raises:
        LookupError: a field of a plain type has no example.
    """
    return _example(inspect.type_info(kind))


def _example(node: inspect.Type) -> Any:
    if isinstance(node, inspect.Metadata):
        given = (node.extra_json_schema or {}).get("examples")
        return given[0] if given else _example(node.type)
    if isinstance(node, inspect.StructType):
        return {field.encode_name: _example(field.type) for field in node.fields}
    if isinstance(node, inspect.CollectionType):
        return [_example(node.item_type)]
    if isinstance(node, inspect.UnionType):
        real = [each for each in node.types if not isinstance(each, inspect.NoneType)]
        if len(real) < len(node.types):
            given = _given(real[0])
            is_object = isinstance(real[0], inspect.StructType)
            return given[0] if given else _example(real[0]) if is_object else None
        return _example(real[0])
    raise LookupError(f"no example for {node}")


def _given(node: inspect.Type) -> Any:
    return (getattr(node, "extra_json_schema", None) or {}).get("examples")

"""Intersects two JSON schemas, and resolves references. Makes no instances."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Json = Any
"""A value as the `json` module reads it; a schema may have any value anywhere."""
Schema = dict[str, Json]
_LARGER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LONGEST_CHAIN: Final = 16


def resolved(schema: Mapping[str, Json], root: Json) -> Schema:
    """Return the schema without `$ref`: its target, merged with the keys beside it."""
    whole = dict(schema)
    for _ in range(_LONGEST_CHAIN):
        if (reference := whole.pop("$ref", None)) is None:
            return whole
        target = _referenced(root, str(reference))
        whole = intersection(dict(target) if isinstance(target, Mapping) else {}, whole)
    return whole


def intersection(one: Schema, other: Schema) -> Schema:
    """Return a schema whose instances are valid by both, as far as one plain schema can express it."""
    whole = dict(one)
    for key, value in other.items():
        whole[key] = value if key not in whole else _both(key, whole[key], value)
    return whole


def _both(key: str, one: Json, other: Json) -> Json:
    if key in _LARGER:
        return max(one, other)
    if key in _SMALLER:
        return min(one, other)
    joined = _JOINED.get(key)
    return other if joined is None else joined(one, other)


def _properties(one: Json, other: Json) -> Json:
    return {**one, **{name: {"allOf": [one[name], other[name]]} if name in one else other[name] for name in other}}


def _names(one: Json, other: Json) -> Json:
    return list(dict.fromkeys((*one, *other)))


def _values(one: Json, other: Json) -> Json:
    return [value for value in one if value in other] or other


def _common_kinds(one: Json, other: Json) -> Json:
    first = [one] if isinstance(one, str) else list(one)
    second = [other] if isinstance(other, str) else list(other)
    common = [kind for kind in first if kind in second or (kind == "integer" and "number" in second)]
    common += [kind for kind in second if kind == "integer" and "number" in first and kind not in common]
    return common or other


_JOINED: Final[dict[str, Callable[[Json, Json], Json]]] = {
    "properties": _properties,
    "required": _names,
    "enum": _values,
    "type": _common_kinds,
    "allOf": lambda one, other: [*one, *other],
}


def _referenced(root: Json, reference: str) -> Json:
    """Return the target of a JSON pointer within the schema; any other reference allows any value."""
    place = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if key == "":
            continue
        if isinstance(place, list) and key.isdigit() and int(key) < len(place):
            place = place[int(key)]
        elif isinstance(place, Mapping) and key in place:
            place = place[key]
        else:
            return {}
    return place

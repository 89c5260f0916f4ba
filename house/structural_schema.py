"""Converts our models into the structural OpenAPI schema that the API server requires.

No references, no nulls, no titles; everything has bounds, since the server's cost estimate of each rule assumes the
worst case. Defaults are written for single values only: what depends on the release or the GPU is decided in code.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.api import field_rules
from fairlead.api.api_model import API_MODEL, ApiModel, signature
from fairlead.api.field_rule import FieldRule

Schema = dict[str, Any]

DROPPED: Final = frozenset({"title", "propertyNames", "$defs", API_MODEL})
"""Keys that pydantic writes and a structural schema may not have."""

INT32: Final = 2**31 - 1


def of(part: type[ApiModel]) -> Schema:
    """Build the schema of one part and all below it."""
    written = part.model_json_schema(by_alias=True, mode="validation")
    return _structural(written, written.get("$defs", {}))


def validation(rule: FieldRule[Any]) -> Schema:
    """Convert a rule for the API server; the message is that of our own check."""
    return {
        "rule": rule.cel,
        "message": rule.message,
        "reason": str(rule.fault),
        "fieldPath": f".{rule.field}",
    }


def _structural(node: Mapping[str, Any], defs: Mapping[str, Schema]) -> Schema:
    flat = _flat(node, defs)
    kept = {key: value for key, value in flat.items() if key not in DROPPED}
    if isinstance(kept.get("default"), dict | list) or kept.get("default", 0) is None:
        del kept["default"]
    if "properties" in kept:
        kept["properties"] = {name: _structural(below, defs) for name, below in kept["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _structural(kept[key], defs)
    if kept.get("x-kubernetes-preserve-unknown-fields"):
        del kept["additionalProperties"]
    if kept.get("type") == "integer":
        kept["format"] = "int32" if kept.get("maximum", INT32 + 1) <= INT32 else "int64"
    return kept | _validations(flat)


def _flat(node: Mapping[str, Any], defs: Mapping[str, Schema]) -> Schema:
    """Flatten a reference, or a choice with null, into one mapping; keys beside it win."""
    beside = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
    if "$ref" in node:
        return _flat(defs[node["$ref"].rsplit("/", 1)[1]], defs) | beside
    if "anyOf" not in node or "x-kubernetes-int-or-string" in node:
        return dict(node)
    (choice,) = (each for each in node["anyOf"] if each.get("type") != "null")
    return _flat(choice, defs) | beside


def _validations(flat: Schema) -> Schema:
    parts = flat.get(API_MODEL, ())
    ours = [validation(rule) for rule in field_rules.RULES if signature(rule.on) in parts]
    return {"x-kubernetes-validations": ours} if ours else {}

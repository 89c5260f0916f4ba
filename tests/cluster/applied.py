"""A small server-side apply for the fake API server: field ownership, and the object after an apply."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Manifest = dict[str, Any]
Path = tuple[Any, ...]
Leaves = dict[Path, Any]
Json = Any

KEYS = ("type", "uid", "name")
"""Lists whose items all have one of these are merged item by item; others are replaced whole."""

ATOMIC = frozenset({"selector", "podSelector", "nodeSelector"})
"""Maps that the API server replaces whole."""

ATOMIC_LISTS = frozenset({"replaced"})
"""Lists that the API server replaces whole although their items have one of the keys."""

IDENTITY = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


class Disputed(Exception):
    """Another manager owns a field that the apply would change."""


class Applied(NamedTuple):
    """The object, and what each manager now owns."""

    manifest: Manifest
    owned: Mapping[str, Leaves]


def apply(live: Manifest, owned: Mapping[str, Leaves], intent: Manifest, manager: str, force: bool) -> Applied:
    """The object after one manager applied its whole intent."""
    wanted, now, others = leaves(intent), leaves(live), {who: what for who, what in owned.items() if who != manager}
    taken = {path for path, value in wanted.items() if path in now and now[path] != value}
    for who, what in others.items():
        if (disputed := taken & set(what)) and not force:
            first = ".".join(str(step) for step in min(disputed, key=str))
            raise Disputed(f'Apply failed with 1 conflict: conflict with "{who}": .{first}')
    kept = {path for what in others.values() for path in what}
    given_up = set(owned.get(manager, ())) - set(wanted) - kept
    after = {path: value for path, value in now.items() if path not in given_up} | wanted
    left = {who: {path: value for path, value in what.items() if path not in taken} for who, what in others.items()}
    return Applied(grown(after), left | {manager: wanted})


def leaves(manifest: Manifest) -> Leaves:
    """Every value by its path; fields that only the server writes have no owner."""
    mine = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key not in IDENTITY}
    return dict(_walk((), mine | ({"metadata": metadata} if metadata else {})))


def field_set(fields: Leaves) -> Manifest:
    """The paths of these leaves, as `managedFields` has them."""
    root: Manifest = {}
    for path in fields:
        node = root
        for step in path:
            name = f"k:{json.dumps(dict([step]))}" if isinstance(step, tuple) else f"f:{step}"
            node = node.setdefault(name, {})
    return root


def _walk(path: Path, value: Json) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and path[-1:] not in {(field,) for field in ATOMIC}:
        for key, inner in value.items():
            yield from _walk((*path, key), inner)
    elif isinstance(value, list) and path[-1:] not in {(field,) for field in ATOMIC_LISTS} and (key := _key(value)):
        for item in value:
            yield from _walk((*path, (key, item[key])), item)
    elif path:
        yield path, value


def _key(items: list[Any]) -> str | None:
    return next((key for key in KEYS if items and all(isinstance(one, dict) and key in one for one in items)), None)


def grown(found: Leaves) -> Manifest:
    """Build the object that has these leaves."""
    root: Manifest = {}
    for path, value in found.items():
        _set(root, path, copy.copy(value))
    return root


def _set(node: Json, path: Path, value: Json) -> None:
    step, rest = path[0], path[1:]
    if isinstance(step, tuple):
        inner = next((item for item in node if item[step[0]] == step[1]), None)
        if inner is None:
            node.append(inner := {step[0]: step[1]})
        _set(inner, rest, value)
    elif not rest:
        node[step] = value
    else:
        empty: Any = [] if isinstance(rest[0], tuple) else {}
        if not isinstance(node.get(step), type(empty)):
            node[step] = empty
        _set(node[step], rest, value)

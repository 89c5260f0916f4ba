"""Whether a live object still is as intended, so that no request is sent that changes nothing.

The API server fills in defaults and rewrites quantities, and others add fields, lists and labels of their own. None of
that is a difference: only fields of the intent count, lists whose elements have keys are compared by them, and all
other lists as a whole, as server-side apply replaces them.
"""

from collections.abc import Callable
from typing import Any, Final

from fairlead.objects import quantities
from fairlead.objects.manifest import Manifest

DriftPath = tuple[str, ...]
"""Step by step, since the name of a label has dots of its own."""
ListKey = Callable[[dict[str, Any]], tuple[str, ...]]


def differs(intent: Manifest, live: Manifest) -> DriftPath | None:
    """Return the path of the first field that differs from the intent; None if there is none."""
    return _difference(intent, live, ())


def spelt(path: DriftPath | None) -> str:
    """Write a path as people do; nothing for none."""
    return ".".join(path or ()).replace(".[", "[")


def _by(*fields: str) -> ListKey:
    return lambda element: tuple(str(element.get(field)) for field in fields)


def _port(element: dict[str, Any]) -> tuple[str, ...]:
    """Return a port's key: containers and Services name the number differently; for both TCP is the default."""
    return str(element.get("containerPort", element.get("port"))), str(element.get("protocol") or "TCP")


KEYS: Final[dict[str, ListKey]] = {
    "containers": _by("name"),
    "initContainers": _by("name"),
    "env": _by("name"),
    "ports": _port,
    "volumes": _by("name"),
    "volumeMounts": _by("mountPath"),
    "imagePullSecrets": _by("name"),
    "topologySpreadConstraints": _by("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": _by("uid"),
}
"""Lists that server-side apply merges element by element, by the fields that identify an element."""

ATOMIC: Final = frozenset({"ingress", "egress", "rules", "subjects", "tolerations", "parentRefs", "matches"})
"""Lists that are compared whole: an extra field in a rule would make a rule that admits others."""
OPEN_LIST: Final = ("spec", "rules")
"""The rules of an HTTPRoute, whose elements get defaults from a schema that each cluster has in its own version."""

ATOMIC_MAPS: Final = frozenset({"selector", "podSelector", "nodeSelector"})
"""Maps that server-side apply replaces as a whole: with one more label a selector selects no pod."""


def _difference(intent: Any, live: Any, path: DriftPath) -> DriftPath | None:  # noqa: ANN401  # any value of a manifest
    if _absent(intent) and _absent(live):
        return None
    if isinstance(intent, dict) and isinstance(live, dict):
        return _in_maps(intent, live, path)
    if isinstance(intent, list) and isinstance(live, list):
        return _in_lists(intent, live, path)
    return None if _same(intent, live, path) else path


def _absent(value: object) -> bool:
    """Whether the API server drops it as empty; it keeps zero and false."""
    return value is None or value in ({}, [], "")


def _in_maps(intent: dict[str, Any], live: dict[str, Any], path: DriftPath) -> DriftPath | None:
    if ATOMIC_MAPS & set(path) and not live.keys() <= intent.keys():
        return path
    found = (_difference(value, live.get(field), (*path, field)) for field, value in intent.items())
    return next((each for each in found if each is not None), None)


def _in_lists(intent: list[Any], live: list[Any], path: DriftPath) -> DriftPath | None:
    field = path[-1] if path else ""
    key = KEYS.get(field)
    if key is not None and all(isinstance(element, dict) for element in (*intent, *live)):
        return _by_key(intent, live, path, key)
    if len(intent) != len(live):
        return path
    if field in ATOMIC and path != OPEN_LIST:
        return None if _without_empties(intent) == _without_empties(live) else path
    found = (_difference(*both, (*path, f"[{place}]")) for place, both in enumerate(zip(intent, live, strict=True)))
    return next((each for each in found if each is not None), None)


def _by_key(intent: list[Any], live: list[Any], path: DriftPath, key: ListKey) -> DriftPath | None:
    there = {key(element): element for element in live}
    for element in intent:
        here = (*path, f"[{'/'.join(key(element))}]")
        if key(element) not in there:
            return here
        found = _difference(element, there[key(element)], here)
        if found is not None:
            return found
    return None


def _without_empties(value: Any) -> Any:  # noqa: ANN401  # any value of a manifest
    if isinstance(value, dict):
        return {field: _without_empties(each) for field, each in value.items() if not _absent(each)}
    return [_without_empties(each) for each in value] if isinstance(value, list) else value


def _same(intent: object, live: object, path: DriftPath) -> bool:
    if isinstance(intent, bool) or isinstance(live, bool):
        return intent is live
    if intent == live:
        return True
    if not _is_amount(path):
        return False
    worth = quantities.worth(intent)
    return worth is not None and worth == quantities.worth(live)


def _is_amount(path: DriftPath) -> bool:
    """Whether the schema has a quantity at this path, not a label of the same name."""
    return path[-2:] == ("emptyDir", "sizeLimit") or (
        path[-3:-2] == ("resources",) and path[-2] in ("limits", "requests")
    )

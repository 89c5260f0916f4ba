"""Whether a live object still is as intended, so that no request is sent that changes nothing.

The API server fills in defaults and rewrites quantities, and others add fields, lists and labels of their own. None of
that is a difference: only fields of the intent count, lists whose elements have keys are compared by them, and all
other lists as a whole, as server-side apply replaces them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from fairlead.objects import quantities
from fairlead.objects.manifest import Manifest

DriftPath = tuple[str, ...]
"""Step by step, since the name of a label has dots of its own."""
ListKey = Callable[[dict[str, Any]], tuple[str, ...]]


def differs(intent: Manifest, live: Manifest) -> DriftPath | None:
    """Return the path of the first field that differs from the intent; None if there is none."""
    return next(differences(intent, live), None)


def differences(intent: Manifest, live: Manifest) -> Iterator[DriftPath]:
    """Yield the path of every field that differs from the intent; of one that is missing, nothing below it."""
    return _differences(intent, live, ())


def with_live(intent: Manifest, live: Manifest, path: DriftPath) -> Manifest:
    """Return the intent with the live value of a field that differs; one that the live object lacks stays."""
    return dict(_with_live(intent, live, path, ""))


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


def _differences(intent: Any, live: Any, path: DriftPath) -> Iterator[DriftPath]:  # noqa: ANN401  # of a manifest
    if _absent(intent) and _absent(live):
        return
    if isinstance(intent, dict) and isinstance(live, dict):
        yield from _in_maps(intent, live, path)
    elif isinstance(intent, list) and isinstance(live, list):
        yield from _in_lists(intent, live, path)
    elif not _same(intent, live, path):
        yield path


def _absent(value: object) -> bool:
    """Whether the API server drops it as empty; it keeps zero and false."""
    return value is None or value in ({}, [], "")


def _in_maps(intent: dict[str, Any], live: dict[str, Any], path: DriftPath) -> Iterator[DriftPath]:
    if ATOMIC_MAPS & set(path) and not live.keys() <= intent.keys():
        yield path
        return
    for field, value in intent.items():
        yield from _differences(value, live.get(field), (*path, field))


def _in_lists(intent: list[Any], live: list[Any], path: DriftPath) -> Iterator[DriftPath]:
    field = path[-1] if path else ""
    key = _key(field, (*intent, *live))
    if key is None:
        if len(intent) != len(live):
            yield path
            return
        if field in ATOMIC and path != OPEN_LIST:
            if _without_empties(intent) != _without_empties(live):
                yield path
            return
    there = _by_step(live, key)
    for step, element in _by_step(intent, key).items():
        if step in there:
            yield from _differences(element, there[step], (*path, step))
        else:
            yield (*path, step)


def _key(field: str, elements: Iterable[Any]) -> ListKey | None:
    """Return what identifies the elements of a list; None if only their places do."""
    return KEYS.get(field) if all(isinstance(element, dict) for element in elements) else None


def _by_step(elements: list[Any], key: ListKey | None) -> dict[str, Any]:
    """Return the elements by the step of a path that leads to each."""
    if key is None:
        return {f"[{place}]": element for place, element in enumerate(elements)}
    return {f"[{'/'.join(key(element))}]": element for element in elements}


def _with_live(intent: Any, live: Any, path: DriftPath, field: str) -> Any:  # noqa: ANN401  # any value of a manifest
    if not path:
        return live
    step, below = path[0], path[1:]
    if isinstance(intent, dict):
        here, there = dict(intent), live
    else:
        key = _key(field, (*intent, *live))
        here, there = _by_step(intent, key), _by_step(live, key)
    if step in there:
        here[step] = _with_live(here[step], there[step], below, step)
    return here if isinstance(intent, dict) else list(here.values())


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
    worth = quantities.parsed(intent)
    return worth is not None and worth == quantities.parsed(live)


def _is_amount(path: DriftPath) -> bool:
    """Whether the schema has a quantity at this path, not a label of the same name."""
    return path[-2:] == ("emptyDir", "sizeLimit") or (
        path[-3:-2] == ("resources",) and path[-2] in ("limits", "requests")
    )

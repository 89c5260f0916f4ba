"""A deployment's children without random or historical values, for the comparison of two worlds."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from campaign.observer.facts import Manifest

PAST: Final = frozenset(
    f"fairlead.dev/{fact}"
    for fact in ("wanted-since", "grown-at", "served", "applied", "failure", "checked", "start-ends")
) | {"deployment.kubernetes.io/revision"}
CHANCE: Final = frozenset({"clusterIP", "clusterIPs", "healthCheckNodePort"})


DIGEST: Final = re.compile(r"\b[0-9a-f]{64}\b")
"""Of a key that is unique to each deployment."""
REVISION: Final = "fairlead.dev/revision"


def essence(children: Iterable[Manifest], namespace: str, name: str) -> dict[str, Any]:
    """By kind and name; names derived from the owner or the revision are normalized."""
    some = list(children)
    text = json.dumps({f"{one['kind']}/{one['metadata']['name']}": _essence(one) for one in some}, sort_keys=True)
    found = {(one["metadata"].get("labels") or {}).get(REVISION) for one in some} - {None}
    for number, revision in enumerate(sorted(map(str, found))):
        text = text.replace(revision, f"REVISION{number}")
    text = DIGEST.sub("DIGEST", text)
    return dict(json.loads(text.replace(name, "NAME").replace(namespace, "NAMESPACE")))


def differences(fresh: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The differences, one per line."""
    lines = [f"{name} is there and a fresh apply makes none" for name in sorted(found.keys() - fresh.keys())]
    lines += [f"{name} is missing" for name in sorted(fresh.keys() - found.keys())]
    for name in sorted(fresh.keys() & found.keys()):
        for part in sorted(part for part in fresh[name] if fresh[name][part] != found[name][part]):
            lines.append(f"{name}: {part}: {found[name][part]} instead of {fresh[name][part]}"[:600])
    return lines


def _essence(one: Manifest) -> Manifest:
    metadata = one["metadata"]
    notes = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in PAST}
    spec = {key: value for key, value in (one.get("spec") or {}).items() if key not in CHANCE}
    return {"labels": metadata.get("labels"), "notes": notes, "spec": spec, "data": one.get("data")} | {
        "rules": one.get("rules"),
        "subjects": one.get("subjects"),
    }

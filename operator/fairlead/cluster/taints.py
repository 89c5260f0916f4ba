"""Taints of nodes that keep a pod away, compared as the scheduler does. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import Toleration
from fairlead.objects import labels

KEEP_AWAY: Final = frozenset({"NoSchedule", "NoExecute"})
"""Effects of taints that keep pods away; PreferNoSchedule does not."""


def untolerated(node: Manifest, tolerations: Sequence[Toleration]) -> str:
    """Return the first taint that keeps the pod away, as kubectl writes it; empty if all are tolerated."""
    for taint in node.get("spec", {}).get("taints") or ():
        if taint.get("effect") in KEEP_AWAY and not any(_matches(one, taint) for one in tolerations):
            return _written(taint)
    return ""


def added(pods: Iterable[Manifest], templates: Mapping[str, Manifest]) -> tuple[Toleration, ...]:
    """Return the tolerations that admission gave to pods beyond those of their template, which is found by revision.

    Those with a duration are left out: such a pod is evicted again.
    """
    found: dict[Toleration, None] = {}
    for pod in pods:
        template = templates.get(str((pod["metadata"].get("labels") or {}).get(labels.REVISION)))
        if template is not None:
            stated = template.get("spec", {}).get("tolerations") or ()
            given = pod.get("spec", {}).get("tolerations") or ()
            found |= dict.fromkeys(_read(one) for one in given if one not in stated and "tolerationSeconds" not in one)
    return tuple(found)


def _read(one: Manifest) -> Toleration:
    operator, key, value, effect = (one.get(name) for name in ("operator", "key", "value", "effect"))
    return Toleration(key=key, operator=operator or "Equal", value=value, effect=effect or None)


def _matches(one: Toleration, taint: Manifest) -> bool:
    """No effect is every effect, and Exists without a key is every taint."""
    if one.effect not in (None, taint.get("effect")):
        return False
    if one.operator == "Exists":
        return not one.key or one.key == taint.get("key")
    return one.key == taint.get("key") and (one.value or "") == (taint.get("value") or "")


def _written(taint: Manifest) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key', '')}{value}:{taint['effect']}"

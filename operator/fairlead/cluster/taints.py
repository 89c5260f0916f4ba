"""Taints of nodes that keep a pod away, compared as the scheduler does. Pure."""

from collections.abc import Sequence
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import Toleration

KEEP_AWAY: Final = frozenset({"NoSchedule", "NoExecute"})
"""Effects of taints that keep pods away; PreferNoSchedule does not."""


def untolerated(node: Manifest, tolerations: Sequence[Toleration]) -> str:
    """Return the first taint that keeps the pod away, as kubectl writes it; empty if all are tolerated."""
    for taint in node.get("spec", {}).get("taints") or ():
        if taint.get("effect") in KEEP_AWAY and not any(_matches(one, taint) for one in tolerations):
            return _written(taint)
    return ""


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

"""On which nodes pods may run and with what priority, as fields of a pod's spec."""

from collections.abc import Mapping
from typing import Final

from fairlead.documents import json_document
from fairlead.fleet.desired_state import DesiredPlacement, SpreadConstraint, Toleration
from fairlead.objects.manifest import Manifest

_BY_NODE: Final = (SpreadConstraint(topology_key="kubernetes.io/hostname"),)


def fields(placement: DesiredPlacement, pods: Mapping[str, str]) -> Manifest:
    """Return all placement fields of the pods with these labels; what is not set is absent."""
    found: Manifest = {
        "nodeSelector": dict(placement.node_selector),
        "tolerations": [toleration(one) for one in placement.tolerations],
        "affinity": json_document.read(placement.affinity) if placement.affinity else None,
        "topologySpreadConstraints": _spread(pods, placement.spread or _BY_NODE),
        "priorityClassName": placement.priority_class,
        "runtimeClassName": placement.runtime_class,
        "schedulerName": placement.scheduler,
        "serviceAccountName": placement.service_account,
        "imagePullSecrets": [{"name": name} for name in placement.pull_secrets],
    }
    return {name: value for name, value in found.items() if value}


def _spread(pods: Mapping[str, str], constraints: tuple[SpreadConstraint, ...]) -> list[Manifest]:
    """Spread over nodes, softly by default: with few GPUs a hard rule leaves pods pending.

    `pod-template-hash` keeps pods of another template out of the count, should there ever be two.
    """
    return [
        {
            "topologyKey": constraint.topology_key,
            "maxSkew": constraint.max_skew,
            "whenUnsatisfiable": "DoNotSchedule" if constraint.hard else "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(pods)},
            "matchLabelKeys": ["pod-template-hash"],
        }
        for constraint in constraints
    ]


def toleration(one: Toleration) -> Manifest:
    """Return it as a pod's spec states it."""
    fields: Manifest = {
        "key": one.key,
        "operator": str(one.operator),
        "value": one.value,
        "effect": None if one.effect is None else str(one.effect),
    }
    seconds = {} if one.seconds is None else {"tolerationSeconds": one.seconds}
    return {name: value for name, value in fields.items() if value} | seconds

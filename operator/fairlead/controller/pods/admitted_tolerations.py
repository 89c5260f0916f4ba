"""What admission lets a revision's pods tolerate beyond their template, remembered while it has none. Pure."""

from collections.abc import Sequence
from typing import Final

from fairlead.cluster import gpu_nodes, taints
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.desired_state import Toleration
from fairlead.objects import engine_deployment

MOST: Final = 32
"""Tolerations, so that a Deployment's annotations stay within their limit."""


def of(live: Manifest, some: Sequence[Manifest]) -> tuple[Toleration, ...]:
    """Return that of its pods; without one that has a node, also what is written on the revision's Deployment.

    A queue adds tolerations only when it admits a pod, so one that waits shows only what it has.
    """
    shown = taints.added(some, {snapshot.revision_of(live): live["spec"]["template"]})
    kept = () if any(map(gpu_nodes.node_of, some)) else engine_deployment.tolerated(live)
    return tuple(sorted({*shown, *kept}, key=_fields)[:MOST])


def of_all(observed: DeploymentSnapshot) -> tuple[Toleration, ...]:
    """Return that of all revisions: what a new one's pods will tolerate is shown by those of older ones only."""
    each = (of(live, observed.pods.get(snapshot.revision_of(live), ())) for live in observed.engines)
    return tuple(sorted({one for some in each for one in some}, key=_fields)[:MOST])


def _fields(one: Toleration) -> tuple[str, ...]:
    """The order in which they are written, which must not depend on that of pods."""
    return one.key or "", one.operator, one.value or "", one.effect or ""

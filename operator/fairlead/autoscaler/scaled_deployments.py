"""The deployments that concern the loop: those with spec.scaling, and those with a recommendation to withdraw."""

from collections.abc import Iterable

from fairlead.autoscaler import scaling_status
from fairlead.cluster.kinds import Manifest


def among(deployments: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return them, in no order."""
    return tuple(one for one in deployments if "scaling" in one.get("spec", {}) or scaling_status.stored(one))

"""The deployments that concern the loop: those with spec.scaling, and those with a recommendation to withdraw."""

from collections.abc import Iterable

from fairlead.autoscaler import scaling_status
from fairlead.cluster.kinds import Manifest


def among(deployments: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return them, in no order."""
    return tuple(one for one in deployments if is_scaled(one) or scaling_status.stored(one))


def is_scaled(deployment: Manifest) -> bool:
    """Whether it has spec.scaling. One stored object without a spec must not end the rounds of all others."""
    return "scaling" in (deployment.get("spec") or {})

"""The deployments that the loop has something to do for: those with spec.scaling, or with a recommendation to withdraw.

Looked for again only after a change, so that thousands of others cost nothing while nothing happens.
"""

from typing import Final

from fairlead.autoscaler import scaling_status
from fairlead.cluster.interfaces import ObjectLister
from fairlead.cluster.kinds import Manifest

NEVER: Final = -1


class ScaledDeployments:
    """Remembers them as of one change of the store."""

    def __init__(self) -> None:
        self._found: tuple[Manifest, ...] = ()
        self._as_of = NEVER

    def of(self, deployments: ObjectLister) -> tuple[Manifest, ...]:
        """Return them, in no order."""
        if deployments.changes != self._as_of:
            self._found = tuple(one for one in deployments.each() if _concerns_us(one))
            self._as_of = deployments.changes
        return self._found


def _concerns_us(document: Manifest) -> bool:
    return "scaling" in document.get("spec", {}) or bool(scaling_status.stored(document))

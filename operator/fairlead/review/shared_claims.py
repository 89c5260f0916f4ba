"""Volumes that only one node or pod may mount, named by a deployment with several replicas. Pure.

The cluster knows a claim's access modes, so this is found where the object is applied, and not by a command offline.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.api import deployment_conversion, object_reader
from fairlead.api.kinds import DEPLOYMENT
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.fleet.mounts import MountedKind
from fairlead.fleet.policies import ReplicaBounds
from fairlead.review import references
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.references import Reference
from fairlead.review.result import AdmissionReason

CACHE: Final = "spec.storage.cache.claimName"
WRITTEN: Final = frozenset({"ReadWriteMany"})
READ: Final = WRITTEN | {"ReadOnlyMany"}
"""Access modes with which pods on several nodes mount a volume, to write to it or only to read."""
BY_NODE: Final = "ReadWriteOnce"
"""With it any number of pods mount a volume, all on one node."""
BY_POD: Final = "ReadWriteOncePod"
NODE: Final = "kubernetes.io/hostname"


def warnings(
    document: dict[str, Any], present: Mapping[ObjectKey, frozenset[str]], context: ReviewContext
) -> tuple[str, ...]:
    """Return a sentence for each such claim; `present` holds the access modes of claims that exist."""
    if document.get("kind") != DEPLOYMENT.name:
        return ()
    found = object_reader.read_stored(document, DEPLOYMENT).value
    if found is None:
        return ()
    deployment = deployment_conversion.deployment(found, context.releases)
    if _max_replicas(deployment) <= 1:
        return ()
    on_one = NODE in dict(deployment.revision.placement.node_selector)
    claims = [one for one in references.of_deployment(deployment) if one.key.kind == MountedKind.CLAIM]
    few = [one for one in claims if _is_of_few(one, present) and not (on_one and BY_NODE in present[one.key])]
    return tuple(_warning(one, present[one.key]).sentence for one in few)


def _max_replicas(deployment: DesiredDeployment) -> int:
    """Count replicas that may exist at once, those of a rollout among them."""
    bounds = deployment.replicas
    return (bounds.most if isinstance(bounds, ReplicaBounds) else bounds) + deployment.rollout.max_surge


def _is_of_few(named: Reference, present: Mapping[ObjectKey, frozenset[str]]) -> bool:
    """Whether a claim cannot be mounted on every node as it must be; one that may not be read is taken for shared."""
    modes = present.get(named.key, frozenset())
    return bool(modes) and not any(one in modes for one in (WRITTEN if named.field == CACHE else READ))


def _warning(named: Reference, modes: frozenset[str]) -> SpecWarning:
    found, remedy = " and ".join(sorted(modes)), "name one that is ReadWriteMany"
    if BY_NODE in modes:
        because = f"the claim is {found}, so replicas on a second node cannot mount it, and wait"
        remedy = f"name one that is ReadWriteMany, or keep all replicas on one node by {NODE} in placement.nodeSelector"
    elif BY_POD in modes:
        because = f"the claim is {found}, so only one pod can mount it, and other replicas wait"
    else:
        because = f"the claim is {found}, so no replica can write to it, as a cache needs"
    return SpecWarning(
        field=named.field,
        value=named.key.name,
        reason=AdmissionReason.ONE_NODE_ONLY,
        because=because,
        remedy=remedy,
    )

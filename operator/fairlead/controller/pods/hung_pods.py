"""Gathers what is decided on for replicas that hang: pods, routers' reports, and earlier replacements. Pure."""

from collections.abc import Sequence
from datetime import datetime

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import hung_status
from fairlead.fleet.endpoints import RouterReport
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.fleet.hung_replicas import HungReplicaDecision, ReplicaPod
from fairlead.planning import hung_replicas
from fairlead.planning.hung_replicas import CLOCKS, HungReplicaFacts


def decide(
    observed: DeploymentSnapshot,
    deployment: DesiredDeployment | None,
    reports: Sequence[RouterReport | None],
    now: datetime,
) -> HungReplicaDecision | None:
    """Return what is done about replicas that hang; None while the spec is refused, since that changes nothing.

    A replacement in the future is left out: a clock was put back, and waiting for it could take years.
    """
    if deployment is None:
        return None
    facts = HungReplicaFacts(
        action=deployment.hung_replicas,
        reports=tuple(reports),
        pods=tuple(_replica(pod) for some in observed.pods.values() for pod in some if _runs(pod)),
        replaced=tuple(one for one in hung_status.replaced(observed.status) if one.at <= now + CLOCKS),
    )
    return hung_replicas.decide(facts, now)


def _runs(pod: Manifest) -> bool:
    return pod.get("status", {}).get("phase") not in pods.ENDED


def _replica(pod: Manifest) -> ReplicaPod:
    seen = pods.replica(pod, {})
    return ReplicaPod(
        name=seen.name,
        uid=pod["metadata"]["uid"],
        node=str(pod.get("spec", {}).get("nodeName") or ""),
        created_at=snapshot.created(pod),
        ready_since=seen.ready_since,
        ending=seen.ending,
        asleep=seen.asleep,
    )

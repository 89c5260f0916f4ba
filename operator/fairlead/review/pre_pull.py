"""Whether images that are pulled in advance go only to nodes where replicas can run. Pure."""

from collections.abc import Iterator

from fairlead.documents import json_document
from fairlead.fleet.desired_state import NO_RESOURCE, DesiredRevision
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.objects import engine_placement
from fairlead.review.result import AdmissionReason

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def warnings(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Warn if no label chooses the nodes: what pulls requests no GPU, so a resource's name keeps it off no node."""
    revision = deployment.revision
    if not deployment.pre_pull or engine_placement.node_selector(revision) or _requires_nodes(revision):
        return
    without = "" if revision.resource == NO_RESOURCE else f", also those without {revision.resource}"
    yield SpecWarning(
        field="spec.prePull",
        value="true",
        reason=AdmissionReason.PULLED_EVERYWHERE,
        because=f"no label chooses nodes, so all whose taints replicas tolerate pull the image{without}",
        remedy="set spec.placement.nodeSelector to a label of the nodes that are meant; it starts a new revision",
    )


def _requires_nodes(revision: DesiredRevision) -> bool:
    affinity = json_document.read(revision.placement.affinity) if revision.placement.affinity else {}
    nodes = affinity.get("nodeAffinity") if isinstance(affinity, dict) else None
    return isinstance(nodes, dict) and bool(nodes.get(REQUIRED))

"""One deployment and everything that belongs to it, gathered from the stores. Sends no requests, decides nothing.

Identity is the UID: children of an earlier object with the same name belong to another owner.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fairlead.cluster import gpu_nodes, kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.controller.pods import gateway_routers
from fairlead.fleet.gateways import GatewayReference
from fairlead.fleet.policies import UNDECIDED, ScalingReason
from fairlead.objects import engine_deployment, labels, names, network_policies
from fairlead.objects.owner import Owner
from fairlead.review import gateway_membership
from fairlead.review.context import ObjectKey

TEMPLATE_HASH: Final = "pod-template-hash"
"""The label that distinguishes a ReplicaSet's pods from those of the Deployment's other ReplicaSets."""


@dataclass(frozen=True, kw_only=True)
class DeploymentSnapshot:
    """One deployment and its children, as the stores have them."""

    document: Manifest
    owner: Owner
    engines: tuple[Manifest, ...]
    """Its engine Deployments, newest first."""
    pods: Mapping[str, tuple[Manifest, ...]]
    """Engine pods by revision."""
    lost: frozenset[str] = frozenset()
    """UIDs of engine pods that were deleted and whose node does not report: none of their GPUs can be waited for."""
    routers: tuple[Manifest, ...]
    """Router pods that are ready."""
    unready_routers: tuple[Manifest, ...] = ()
    """Router pods that are not ready, except those that are ending."""
    has_router_pods: bool = False
    """Whether any pod of its own routers runs, those that are ending included."""
    router: Manifest | None = None
    """The Deployment of its own routers."""
    deleted: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of children that another client deleted."""
    checks: tuple[Manifest, ...] = ()
    """Preflight pods."""
    unowned: tuple[Manifest, ...] = ()
    """Engine pods without a controller, of revisions without a Deployment; nothing else deletes them."""
    superseded: tuple[Manifest, ...] = ()
    """Engine pods without a controller that their revision's Deployment will neither take over nor wait for."""
    admitted: tuple[GatewayReference, ...] = ()
    """Gateways whose routers send it requests now."""
    left_routers: Mapping[GatewayReference, tuple[Manifest, ...]] = field(default_factory=dict)
    """Gateways that send it no new requests, with all their router pods that may not have ended the last ones."""
    left_out_of_sight: tuple[GatewayReference, ...] = ()
    """Those in namespaces that cannot be listed now, so that nothing is known of their routers."""
    taken_over_at: datetime | None = None
    """Since when the routers of its spec have served beside those of gateways that it leaves."""
    gateway_routers: Mapping[GatewayReference, tuple[Manifest, ...]] = field(default_factory=dict)
    """Ready router pods of those gateways, and of the one that the spec names."""
    address: Manifest | None = None
    """The Service of its own routers."""
    configuration: Manifest | None = None
    """The ConfigMap of its own routers."""

    @property
    def status(self) -> Manifest:
        """The stored status."""
        found = self.document.get("status")
        return found if isinstance(found, dict) else {}

    @property
    def serving_routers(self) -> tuple[Manifest, ...]:
        """All ready routers that may send it requests."""
        return (*self.routers, *(pod for some in self.gateway_routers.values() for pod in some))

    @property
    def has_gateway_alone(self) -> bool:
        """Whether only a gateway's routers send it requests."""
        return any(self.gateway_routers.values()) and not self.routers

    def engine(self, revision: str) -> Manifest | None:
        """Return the Deployment of one revision."""
        return next((one for one in self.engines if revision_of(one) == revision), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalerReport:
    """The autoscaler's part of the status."""

    reason: str
    message: str
    advised: int | None = None
    """In mode Recommend: its recommendation, which is not carried out."""


def observe(cluster: ControllerClusterState, key: ObjectKey) -> DeploymentSnapshot | None:
    """Return the deployment; None if it is deleted or being deleted, so that no child is created for it."""
    document = cluster.of(kinds.INFERENCE_DEPLOYMENT).find(key.namespace, key.name)
    if document is None or "deletionTimestamp" in document["metadata"]:
        return None
    owner = Owner(namespace=key.namespace, name=key.name, uid=document["metadata"]["uid"])
    children = cluster.of(kinds.DEPLOYMENT).of_deployment(key.namespace, key.name)
    engines = [one for one in children if _role(one) == labels.ChildRole.ENGINE]
    engines = [one for one in engines if engine_deployment.belongs(one, owner)]
    revisions = {revision_of(one) for one in engines}
    seen = cluster.of(kinds.POD).of_deployment(key.namespace, key.name)
    policy = _policy(cluster, owner)
    admitted = network_policies.admitted(policy) if policy is not None else ()
    named = gateway_membership.named(document)
    left = network_policies.left(policy) if policy is not None else ()
    address = cluster.of(kinds.SERVICE).find(key.namespace, owner.router_name)
    configuration = cluster.of(kinds.CONFIG_MAP).find(key.namespace, owner.router_name)
    return DeploymentSnapshot(
        document=document,
        owner=owner,
        engines=tuple(sorted(engines, key=_newest_first)),
        pods={revision_of(one): _pods_of(one, seen) for one in engines},
        lost=frozenset(one["metadata"]["uid"] for one in seen if _is_lost(cluster, one)),
        routers=tuple(one for one in seen if _role(one) == labels.ChildRole.ROUTER and pods.is_ready(one)),
        unready_routers=tuple(one for one in seen if _is_unready_router(one)),
        has_router_pods=any(_role(one) == labels.ChildRole.ROUTER and _runs(one) for one in seen),
        unowned=tuple(one for one in seen if _is_unowned(one, revisions)),
        superseded=tuple(pod for one in engines for pod in _superseded(one, seen)),
        checks=tuple(one for one in seen if owned(one, owner) and _role(one) == labels.ChildRole.CHECK),
        router=next((one for one in children if owned(one, owner) and _role(one) == labels.ChildRole.ROUTER), None),
        admitted=admitted,
        left_routers={one: gateway_routers.running(cluster, one) for one in left},
        left_out_of_sight=tuple(one for one in left if cluster.is_left_out(one.namespace)),
        taken_over_at=network_policies.taken_over_at(policy) if policy is not None else None,
        gateway_routers={one: gateway_routers.ready(cluster, one) for one in {*admitted, *named}},
        address=address if address is not None and owned(address, owner) else None,
        configuration=configuration if configuration is not None and owned(configuration, owner) else None,
    )


def _policy(cluster: ControllerClusterState, owner: Owner) -> Manifest | None:
    found = cluster.of(kinds.NETWORK_POLICY).find(owner.namespace, names.engines(owner.name))
    return found if found is not None and owned(found, owner) else None


def _is_lost(cluster: ControllerClusterState, pod: Manifest) -> bool:
    """Whether it stays only because its node's kubelet, which alone could end it, has stopped reporting."""
    if not _is_terminating(pod):
        return False
    node = cluster.of(kinds.NODE).find("", gpu_nodes.node_of(pod))
    return node is not None and pods.condition(node, "Ready").get("status") == "Unknown"


def _runs(pod: Manifest) -> bool:
    return pod.get("status", {}).get("phase") not in pods.ENDED


def _is_unready_router(pod: Manifest) -> bool:
    stays = "deletionTimestamp" not in pod["metadata"] and _runs(pod)
    return _role(pod) == labels.ChildRole.ROUTER and stays and not pods.is_ready(pod)


def _is_unowned(pod: Manifest, revisions: Collection[str]) -> bool:
    is_engine = _role(pod) == labels.ChildRole.ENGINE and revision_of(pod) not in revisions
    return is_engine and not controller_of(pod) and "deletionTimestamp" not in pod["metadata"]


def _superseded(engine: Manifest, seen: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """Return another ReplicaSet's pods, once the current one's pods serve or wait for the room of these.

    A Deployment that is deleted and created again before its ReplicaSet is gone gives the next one another hash, which
    no pod of the first has. With the same hash the ReplicaSet adopts them, and they have a controller.
    """
    stay = [one for one in _of_revision(engine, seen) if not _is_terminating(one)]
    current = [one for one in stay if controller_of(one)]
    hashes = {_template_hash(one) for one in current}
    serves = sum(pods.is_ready(one) for one in current) >= requested_replicas(engine)
    waits = any(pods.unplaced(one) is not None for one in current)
    left = (one for one in stay if not controller_of(one) and _template_hash(one) not in hashes)
    return tuple(left) if serves or waits else ()


def _template_hash(pod: Manifest) -> str:
    return str((pod["metadata"].get("labels") or {}).get(TEMPLATE_HASH, ""))


def owned(child: Manifest, owner: Owner) -> bool:
    """Whether this very object controls it."""
    return controller_of(child).get("uid") == owner.uid


def controller_of(child: Manifest) -> Manifest:
    """Return the owner reference of its controller; empty if it has none."""
    references = child["metadata"].get("ownerReferences") or ()
    return next((one for one in references if one.get("controller")), {})


def revision_of(manifest: Manifest) -> str:
    """Return the revision of a Deployment or pod; a Deployment's selector comes first, since it is immutable."""
    selector = (manifest.get("spec", {}).get("selector") or {}).get("matchLabels") or {}
    return str(selector.get(labels.REVISION) or (manifest["metadata"].get("labels") or {}).get(labels.REVISION, ""))


def autoscaler_report(observed: DeploymentSnapshot) -> AutoscalerReport | None:
    """Return what the autoscaler wrote into the status; None if it is missing or invalid."""
    report = observed.status.get("scaling")
    if not isinstance(report, dict) or not isinstance(report.get("reason"), str):
        return None
    advised = report.get("advised")
    return AutoscalerReport(
        reason=report["reason"],
        message=str(report.get("message") or ""),
        advised=advised if isinstance(advised, int) and "recommended" not in report else None,
    )


def recommended(observed: DeploymentSnapshot) -> int | None:
    """Return the replica count that the autoscaler recommends; None if there is none."""
    found = (observed.status.get("scaling") or {}).get("recommended")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def is_advised(observed: DeploymentSnapshot) -> bool:
    """Whether the policy only advises on a count that was desired before, which therefore stays."""
    report = autoscaler_report(observed)
    return report is not None and report.advised is not None and isinstance(observed.status.get("desiredReplicas"), int)


def is_over_budget(observed: DeploymentSnapshot) -> bool:
    """Whether the policy's budget limits the recommended count, which may then be below the lower bound.

    While nothing is decided and followed, the budget of the last decision still counts, so that nothing changes; a
    policy that always only recommended has limited nothing.
    """
    report = autoscaler_report(observed)
    if report is None:
        return False
    if report.reason in UNDECIDED or report.advised is not None:
        return observed.status["scaling"].get("overBudget") is True
    return report.reason == ScalingReason.OVER_BUDGET.value


def previous_count(observed: DeploymentSnapshot) -> int:
    """Return the last desired count, from the status: a rollout changes the counts of the Deployments."""
    found = observed.status.get("desiredReplicas")
    return found if isinstance(found, int) else sum(requested_replicas(one) for one in observed.engines)


def requested_replicas(engine: Manifest) -> int:
    """Return the replica count in a Deployment's spec."""
    found = engine.get("spec", {}).get("replicas")
    return found if isinstance(found, int) else 1


def created(manifest: Manifest) -> datetime:
    """Return its creation time."""
    return datetime.fromisoformat(manifest["metadata"]["creationTimestamp"])


def pods_refused(engines: Sequence[Manifest]) -> str | None:
    """Return the API server's message if a quota or policy refuses a Deployment's pods; None otherwise."""
    conditions = (pods.condition(one, "ReplicaFailure") for one in engines if requested_replicas(one))
    return next((str(one.get("message", "")) for one in conditions if one.get("status") == "True"), None)


def revision_facts(engine: Manifest) -> engine_deployment.RevisionFacts:
    """Return the facts written on a revision; values that were edited and cannot be read count as absent."""
    found = engine_deployment.facts(engine)
    return found or engine_deployment.RevisionFacts(revision=revision_of(engine))


def _pods_of(engine: Manifest, seen: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """Select by label. Pods older than the Deployment belong to an earlier one of the same name and may still drain.

    Its ReplicaSet may have adopted some of them; only the count that Kubernetes reports says how many.
    """
    since, counted = engine["metadata"]["creationTimestamp"], (engine.get("status") or {}).get("replicas", 0)
    ours = _of_revision(engine, seen)
    made = [one for one in ours if one["metadata"]["creationTimestamp"] >= since]
    older = [one for one in ours if one["metadata"]["creationTimestamp"] < since and not _is_terminating(one)]
    taken_over = max(0, counted - sum(not _is_terminating(one) for one in made))
    return (*made, *older[:taken_over])


def _of_revision(engine: Manifest, seen: Sequence[Manifest]) -> list[Manifest]:
    """Return engine pods with this Deployment's revision."""
    return [one for one in seen if _role(one) == labels.ChildRole.ENGINE and revision_of(one) == revision_of(engine)]


def _is_terminating(pod: Manifest) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _role(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(labels.ROLE, ""))


def _newest_first(engine: Manifest) -> tuple[float, str]:
    return -created(engine).timestamp(), engine["metadata"]["name"]

"""The pods of one deployment, from the informers, and which of them to scrape. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.cluster import kinds, pods
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gateways import GatewayReference
from fairlead.fleet.router_keys import RouterKeys
from fairlead.objects import engine_deployment, labels, pod_engine
from fairlead.objects.gateway_children import KEY_OWNER
from fairlead.objects.labels import ChildRole
from fairlead.objects.owner import Owner
from fairlead.review import gateway_membership


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPods:
    """Sorted by name, so that the same cluster gives the same facts."""

    engines: tuple[Manifest, ...]
    """Engines of all revisions, in any state."""
    routers: tuple[Manifest, ...]
    """The ready routers; if none is ready, all that are not being deleted, so that missing samples are noticed.

    A gateway's routers if the deployment has none of its own.
    """


def of(cluster: ClusterState, document: Manifest) -> DeploymentPods:
    """Select pods by label, not older than the object: a deleted deployment of the same name may still have pods.

    Those that a deletion orphaned on purpose are older, and belong to the object that took back their Deployment.
    """
    seen = _of_this_object(cluster, document)
    own = _routers([one for one in seen if _role(one) == ChildRole.ROUTER])
    return DeploymentPods(
        engines=tuple(one for one in seen if _role(one) == ChildRole.ENGINE),
        routers=own
        or _routers([pod for one in gateway_membership.named(document) for pod in _of_gateway(cluster, one)]),
    )


def _of_this_object(cluster: ClusterState, document: Manifest) -> list[Manifest]:
    metadata = document["metadata"]
    created, where = metadata["creationTimestamp"], (metadata["namespace"], metadata["name"])
    seen = cluster.of(kinds.POD).of_deployment(*where)
    if all(one["metadata"]["creationTimestamp"] >= created for one in seen):
        return list(seen)
    owner = Owner(namespace=where[0], name=where[1], uid=metadata["uid"])
    ours = (one for one in cluster.of(kinds.DEPLOYMENT).of_deployment(*where) if engine_deployment.belongs(one, owner))
    begun = {_part(one): min(created, one["metadata"]["creationTimestamp"]) for one in ours}
    return [one for one in seen if one["metadata"]["creationTimestamp"] >= begun.get(_part(one), created)]


def _part(manifest: Manifest) -> str:
    """Return what a Deployment and its pods have in common: the revision of engines, or the role of others."""
    role = _role(manifest)
    return revision_of(manifest) if role == ChildRole.ENGINE else role


def wanted_revision(cluster: ClusterState, document: Manifest) -> str | None:
    """Return the controller's target; it is marked on that revision's Deployment."""
    metadata = document["metadata"]
    seen = cluster.of(kinds.DEPLOYMENT).of_deployment(metadata["namespace"], metadata["name"])
    facts = [engine_deployment.facts(one) for one in seen if _role(one) == ChildRole.ENGINE]
    wanted = [(one.wanted_since, one.revision) for one in facts if one is not None and one.wanted_since is not None]
    return max(wanted)[1] if wanted else None


def targets(
    family: DeploymentPods, document: Manifest, kind: EngineKind, router_keys: RouterKeys
) -> Iterator[ScrapeTarget]:
    """Yield every pod that can be scraped: it has an address and has not ended.

    `kind` is that of the spec, for engines that do not show theirs: those of another revision may be of another kind.
    """
    metadata = document["metadata"]
    for pod in (*family.engines, *family.routers):
        address = pods.address(pod)
        if address is None or pod.get("status", {}).get("phase") in pods.ENDED:
            continue
        is_router, gateway, shown = _role(pod) == ChildRole.ROUTER, _gateway_of(pod), pod_engine.of(pod)
        yield ScrapeTarget(
            uid=sample_uid(pod, document),
            namespace=pod["metadata"]["namespace"],
            name=pod["metadata"]["name"],
            ip=address,
            kind=None if is_router else shown.kind or kind,
            port=shown.port or 0,
            deployment=_title(document) if gateway else "",
            key=_key(metadata, gateway, pod, router_keys) if is_router else None,
        )


def sample_uid(pod: Manifest, document: Manifest) -> str:
    """Return the key of a pod's samples; a gateway's router has one for each deployment that it serves."""
    uid = str(pod["metadata"]["uid"])
    return f"{uid}/{_title(document)}" if _gateway_of(pod) else uid


def _key(metadata: Manifest, gateway: str, pod: Manifest, router_keys: RouterKeys) -> str | None:
    if gateway:
        return router_keys.bearer(pod["metadata"]["namespace"], f"{KEY_OWNER}{gateway}")
    return router_keys.bearer(metadata["namespace"], metadata["name"])


def _title(document: Manifest) -> str:
    return f"{document['metadata']['namespace']}/{document['metadata']['name']}"


def _gateway_of(pod: Manifest) -> str:
    return str((pod["metadata"].get("labels") or {}).get(labels.GATEWAY, ""))


def _of_gateway(cluster: ClusterState, gateway: GatewayReference) -> Iterator[Manifest]:
    seen = cluster.of(kinds.POD).of_gateway(gateway.namespace, gateway.name)
    return (one for one in seen if _role(one) == ChildRole.ROUTER)


def revision_of(pod: Manifest) -> str:
    """Return the revision in a pod's label."""
    return str((pod["metadata"].get("labels") or {}).get(labels.REVISION, ""))


def _role(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(labels.ROLE, ""))


def _routers(seen: list[Manifest]) -> tuple[Manifest, ...]:
    """Leave out routers that are not ready, as they get no requests while another one is ready."""
    ready = tuple(one for one in seen if pods.is_ready(one))
    return ready or tuple(one for one in seen if "deletionTimestamp" not in one["metadata"])

"""The pods of one deployment, from the informers, and which of them to scrape. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.cluster import kinds, pods
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.router_keys import RouterKeys
from fairlead.objects import engine_deployment, labels
from fairlead.objects.labels import ChildRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPods:
    """Sorted by name, so that the same cluster gives the same facts."""

    engines: tuple[Manifest, ...]
    """Of all revisions, in any state."""
    routers: tuple[Manifest, ...]
    """The ready routers; where none is ready, all that are not being deleted, so that missing samples are noticed."""


def of(world: ClusterState, document: Manifest) -> DeploymentPods:
    """Pods by label, and not older than the object: pods of a deleted deployment of the same name may still be
    ending."""
    metadata = document["metadata"]
    seen = [
        one
        for one in world.of(kinds.POD).of_deployment(metadata["namespace"], metadata["name"])
        if one["metadata"]["creationTimestamp"] >= metadata["creationTimestamp"]
    ]
    return DeploymentPods(
        engines=tuple(one for one in seen if _role(one) == ChildRole.ENGINE),
        routers=_routers([one for one in seen if _role(one) == ChildRole.ROUTER]),
    )


def wanted_revision(world: ClusterState, document: Manifest) -> str | None:
    """The controller's target; it is marked on the Deployment of that revision."""
    metadata = document["metadata"]
    seen = world.of(kinds.DEPLOYMENT).of_deployment(metadata["namespace"], metadata["name"])
    facts = [engine_deployment.facts(one) for one in seen if _role(one) == ChildRole.ENGINE]
    wanted = [(one.wanted_since, one.revision) for one in facts if one is not None and one.wanted_since is not None]
    return max(wanted)[1] if wanted else None


def targets(
    family: DeploymentPods, document: Manifest, kind: EngineKind, router_keys: RouterKeys
) -> Iterator[ScrapeTarget]:
    """Every pod that can be scraped: it has an address and has not ended."""
    metadata = document["metadata"]
    key = router_keys.bearer(metadata["namespace"], metadata["name"])
    for pod in (*family.engines, *family.routers):
        address = pods.address(pod)
        if address is None or pod.get("status", {}).get("phase") in pods.ENDED:
            continue
        yield ScrapeTarget(
            uid=pod["metadata"]["uid"],
            namespace=metadata["namespace"],
            name=pod["metadata"]["name"],
            ip=address,
            kind=kind if _role(pod) == ChildRole.ENGINE else None,
            key=None if _role(pod) == ChildRole.ENGINE else key,
        )


def revision_of(pod: Manifest) -> str:
    """The revision in a pod's label."""
    return str((pod["metadata"].get("labels") or {}).get(labels.REVISION, ""))


def _role(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(labels.ROLE, ""))


def _routers(seen: list[Manifest]) -> tuple[Manifest, ...]:
    """Routers that are not ready get no request as long as another one is ready."""
    ready = tuple(one for one in seen if pods.is_ready(one))
    return ready or tuple(one for one in seen if "deletionTimestamp" not in one["metadata"])

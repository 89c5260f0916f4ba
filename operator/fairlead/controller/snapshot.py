"""One deployment and all that belongs to it, gathered from what was last heard. Asks nobody, decides nothing.

Identity is the UID: children of an earlier object of the same name are somebody else's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.controller.review_context import ObjectKey
from fairlead.objects import engine_deployment, labels
from fairlead.objects.owner import Owner


@dataclass(frozen=True, kw_only=True)
class DeploymentSnapshot:
    """What was last heard of one deployment."""

    document: Manifest
    owner: Owner
    engines: tuple[Manifest, ...]
    """Its engine Deployments, newest first."""
    pods: Mapping[str, tuple[Manifest, ...]]
    """Engine pods by revision."""
    routers: tuple[Manifest, ...]
    """Router pods that are ready."""
    router: Manifest | None = None
    """The Deployment of its own routers."""
    deleted: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of children that somebody else deleted."""
    checks: tuple[Manifest, ...] = ()
    """Pods that check revisions without a GPU."""

    @property
    def status(self) -> Manifest:
        """The status as it is stored."""
        found = self.document.get("status")
        return found if isinstance(found, dict) else {}

    def engine(self, revision: str) -> Manifest | None:
        """The Deployment of one revision."""
        return next((one for one in self.engines if revision_of(one) == revision), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalerReport:
    """What the autoscaler says in its part of the status."""

    reason: str
    message: str
    advised: int | None = None
    """In mode Recommend: what it would have, which nobody follows."""


def observe(world: ControllerClusterState, key: ObjectKey) -> DeploymentSnapshot | None:
    """The deployment as last heard; nothing when it is gone or going, since then nothing may be made for it."""
    document = world.of(kinds.INFERENCE_DEPLOYMENT).find(key.namespace, key.name)
    if document is None or "deletionTimestamp" in document["metadata"]:
        return None
    owner = Owner(namespace=key.namespace, name=key.name, uid=document["metadata"]["uid"])
    children = world.of(kinds.DEPLOYMENT).of_deployment(key.namespace, key.name)
    engines = [one for one in children if owned(one, owner) and _role(one) == labels.ChildRole.ENGINE]
    seen = world.of(kinds.POD).of_deployment(key.namespace, key.name)
    return DeploymentSnapshot(
        document=document,
        owner=owner,
        engines=tuple(sorted(engines, key=_newest_first)),
        pods={revision_of(one): _pods_of(one, seen) for one in engines},
        routers=tuple(one for one in seen if _role(one) == labels.ChildRole.ROUTER and pods.is_ready(one)),
        checks=tuple(one for one in seen if owned(one, owner) and _role(one) == labels.ChildRole.CHECK),
        router=next((one for one in children if owned(one, owner) and _role(one) == labels.ChildRole.ROUTER), None),
    )


def owned(child: Manifest, owner: Owner) -> bool:
    """Whether this very object controls it."""
    return controller_of(child).get("uid") == owner.uid


def controller_of(child: Manifest) -> Manifest:
    """Whoever controls it; empty when nobody does."""
    references = child["metadata"].get("ownerReferences") or ()
    return next((one for one in references if one.get("controller")), {})


def revision_of(manifest: Manifest) -> str:
    """The revision a Deployment or pod belongs to; a Deployment's selector says it where nobody can change it."""
    selector = (manifest.get("spec", {}).get("selector") or {}).get("matchLabels") or {}
    return str(selector.get(labels.REVISION) or (manifest["metadata"].get("labels") or {}).get(labels.REVISION, ""))


def autoscaler_report(observed: DeploymentSnapshot) -> AutoscalerReport | None:
    """What the autoscaler wrote, as far as it makes sense."""
    said = observed.status.get("scaling")
    if not isinstance(said, dict) or not isinstance(said.get("reason"), str):
        return None
    advised = said.get("advised")
    return AutoscalerReport(
        reason=said["reason"],
        message=str(said.get("message") or ""),
        advised=advised if isinstance(advised, int) and "recommended" not in said else None,
    )


def requested_replicas(engine: Manifest) -> int:
    """The count a Deployment asks for now."""
    found = engine.get("spec", {}).get("replicas")
    return found if isinstance(found, int) else 1


def created(manifest: Manifest) -> datetime:
    """When the API server made it."""
    return datetime.fromisoformat(manifest["metadata"]["creationTimestamp"])


def pods_refused(engines: Sequence[Manifest]) -> str | None:
    """The server's words, where a quota or policy keeps a Deployment from making its pods."""
    said = (pods.condition(one, "ReplicaFailure") for one in engines if requested_replicas(one))
    return next((str(one.get("message", "")) for one in said if one.get("status") == "True"), None)


def revision_facts(engine: Manifest) -> engine_deployment.RevisionFacts:
    """What is written on a revision; hand-edited nonsense counts as nothing written."""
    found = engine_deployment.facts(engine)
    return found or engine_deployment.RevisionFacts(revision=revision_of(engine))


def _pods_of(engine: Manifest, seen: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """By label, and not older than the Deployment: a namesake's pods may still be leaving."""
    since = engine["metadata"]["creationTimestamp"]
    return tuple(
        pod
        for pod in seen
        if _role(pod) == labels.ChildRole.ENGINE
        and revision_of(pod) == revision_of(engine)
        and pod["metadata"]["creationTimestamp"] >= since
    )


def _role(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(labels.ROLE, ""))


def _newest_first(engine: Manifest) -> tuple[float, str]:
    return -created(engine).timestamp(), engine["metadata"]["name"]

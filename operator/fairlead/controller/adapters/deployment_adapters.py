"""A deployment's children with the adapters that it serves now, while it is accepted. Pure, apart from store reads."""

from dataclasses import replace

from fairlead.cluster import pods
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.controller.adapters import adapter_pods, load_lists, served_adapters
from fairlead.controller.router_moves import StaticChildren
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.conditions import ConditionType
from fairlead.review.deployment_review import DeploymentReview


def with_adapters(
    cluster: ClusterState, observed: DeploymentSnapshot, review: DeploymentReview, static: StaticChildren
) -> StaticChildren:
    """Return the children with the adapters to serve now."""
    if review.deployment is None or review.deployment.revision.engine.lora is None:
        return static
    revision, setup = review.deployment.revision, review.review.setup if review.review else None
    adapters = served_adapters.of(cluster, revision)
    pods_there = adapter_pods.with_loader(one for some in observed.pods.values() for one in some)
    names = [one["metadata"]["name"] for one in pods_there]
    listed = load_lists.listed(adapters, revision, setup.shape if setup else None, names)
    manifests = load_lists.with_adapters(static.manifests, observed.owner, adapters, listed)
    return replace(static, manifests=manifests, versions=load_lists.shares(adapters.served))


def is_refused(deployment: Manifest) -> bool:
    """Whether its last reconcile refused this very spec, for instance as it names an object that is missing."""
    return _judged(deployment) == "False"


def is_accepted(deployment: Manifest) -> bool:
    """Whether its last reconcile accepted this very spec: before that engines get nothing of an edit."""
    return _judged(deployment) == "True"


def _judged(deployment: Manifest) -> str | None:
    accepted = pods.condition(deployment, ConditionType.ACCEPTED)
    is_current = accepted.get("observedGeneration") == deployment["metadata"].get("generation")
    return accepted.get("status") if is_current else None

"""The Kubernetes objects that the operator would create for files, for policy checks before they are applied.

Without what only a cluster gives: UIDs of owners, the operator's key, and the annotations in which the operator keeps
facts of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fairlead.api.kinds import GATEWAY, GROUP
from fairlead.cli import rendered_gateway
from fairlead.fleet.gateways import DeploymentRouter
from fairlead.objects import (
    children,
    engine_deployment,
    engine_pods,
    gateway_children,
    http_routes,
    pre_pull,
    revisions,
)
from fairlead.objects.engine_deployment import RevisionFacts
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.planning import replica_count
from fairlead.review import deployment_review, engine_timing, replica_facts
from fairlead.review.context import ReviewContext
from fairlead.review.result import Review

OPERATOR_NAMESPACE: Final = "fairlead-system"
"""The namespace of the installation of docs/install.md; network policies admit its pods."""
DEFAULT_NAMESPACE: Final = "default"
"""Where `kubectl apply` puts an object that names no namespace."""
RANDOM_PART: Final = "xxxxx"
"""Stands for what the API server adds to a generateName."""


def installation(image: str, *, assigned_users: bool = False) -> Installation:
    """Return the installation of docs/install.md with this image."""
    return Installation(image=image, operator_namespace=OPERATOR_NAMESPACE, assigned_users=assigned_users)


def of_deployment(document: Mapping[str, Any], context: ReviewContext, installation: Installation) -> list[Manifest]:
    """The objects of one accepted InferenceDeployment at its first rollout, in the order of applying.

    Its engine pods name users unless the context's cluster assigns them; its routers' pods go by the installation.
    """
    judged = deployment_review.read(_stored(document), context)
    deployment, review, spec = judged.deployment, judged.review, judged.spec
    assert deployment is not None
    assert review is not None
    assert review.engine is not None
    assert review.setup is not None
    assert spec is not None
    owner = Owner(namespace=review.namespace or DEFAULT_NAMESPACE, name=review.name, uid="")
    revision = revisions.of(spec)
    capacity = replica_facts.replica(review, revision)
    made = [*children.all_children(owner, deployment, installation, capacity)]
    launch = review.engine.launch(review.setup, engine_timing.of(review))
    template = engine_pods.template(owner, deployment, launch, revision)
    count = replica_count.wanted(deployment.replicas, None, 0).replicas
    made.append(engine_deployment.manifest(owner, RevisionFacts(revision=revision), template, count))
    made += [pre_pull.manifest(owner, template)] if deployment.pre_pull else []
    if isinstance(deployment.router, DeploymentRouter):
        made += filter(None, [http_routes.manifest(owner, deployment.router)])
    return [_without_cluster_facts(one) for one in made]


def of_gateway(review: Review, others: Iterable[Review], installation: Installation) -> list[Manifest]:
    """The objects of one accepted InferenceGateway, for the deployments of the same files."""
    gateway = review.gateway
    assert gateway is not None
    owner = Owner(namespace=review.namespace or DEFAULT_NAMESPACE, name=review.name, uid="", kind=GATEWAY.name)
    configuration = rendered_gateway.configuration(gateway, others)
    made = [*gateway_children.all_children(owner, gateway, configuration, installation)]
    made += filter(None, [http_routes.manifest(owner, DeploymentRouter(routing=gateway.routing, pods=gateway.pods))])
    return [_without_cluster_facts(one) for one in made]


def _stored(document: Mapping[str, Any]) -> dict[str, Any]:
    """As the API server would store it; one with a generateName gets five characters at random."""
    metadata = document["metadata"]
    name = metadata.get("name") or f"{metadata['generateName']}{RANDOM_PART}"
    return {**document, "metadata": {"namespace": DEFAULT_NAMESPACE, **metadata, "name": name}}


def _without_cluster_facts(made: Manifest) -> Manifest:
    metadata = {
        name: value for name, value in made["metadata"].items() if name not in {"annotations", "ownerReferences"}
    }
    kept = {name: text for name, text in made["metadata"].get("annotations", {}).items() if not name.startswith(GROUP)}
    return made | {"metadata": metadata | ({"annotations": kept} if kept else {})}

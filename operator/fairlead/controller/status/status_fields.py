"""The fields of a status beside conditions and counts: generation, pod selector, endpoint, price. Pure."""

from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status.deployment_status import StatusFields
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.objects import labels, names
from fairlead.review.context import ReviewContext
from fairlead.review.deployment_review import DeploymentReview


def of(observed: DeploymentSnapshot, judged: DeploymentReview, context: ReviewContext) -> StatusFields:
    """The fields of one deployment, by its spec and the catalogue's prices."""
    owner = observed.owner
    wanted = judged.deployment.wanted if judged.deployment else None
    accelerator = context.accelerator(wanted.product) if wanted else None
    price = accelerator.price_an_hour if accelerator else None
    return StatusFields(
        generation=observed.document["metadata"]["generation"],
        selector=labels.as_text(labels.engines(owner.name)),
        endpoint=_endpoint(observed, judged.deployment),
        price_an_hour=price * wanted.gpus_per_replica if price is not None and wanted else None,
    )


def _endpoint(observed: DeploymentSnapshot, deployment: DesiredDeployment | None) -> str | None:
    """The address for clients; where the spec's gateway is refused, the previous one, which still answers."""
    owner, door = observed.owner, deployment.door if deployment else None
    if not isinstance(door, DeploymentRouter):
        return observed.status.get("endpoint") if door and observed.router else None
    scheme = "https" if door.routing.door.tls_secret else "http"
    return f"{scheme}://{names.router(owner.name)}.{owner.namespace}.svc/v1"

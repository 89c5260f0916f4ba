"""What a status says beside conditions and counts: the generation, who finds the pods, the address, the price. Pure."""

from fairlead.controller.judging import Judged
from fairlead.controller.known import Known
from fairlead.controller.observing import Observed
from fairlead.controller.status import Standing
from fairlead.fleet.gateways import OwnRouter, WantedDeployment
from fairlead.objects import labels, names
from fairlead.objects.owner import Owner


def standing(observed: Observed, judged: Judged, known: Known) -> Standing:
    """Of one deployment, by its spec and the catalogue's prices."""
    owner = observed.owner
    wanted = judged.deployment.wanted if judged.deployment else None
    accelerator = known.accelerator(wanted.product) if wanted else None
    price = accelerator.price_an_hour if accelerator else None
    return Standing(
        generation=observed.document["metadata"]["generation"],
        selector=labels.as_text(labels.engines(owner.name)),
        endpoint=_endpoint(owner, judged.deployment),
        price_an_hour=price * wanted.gpus_per_replica if price is not None and wanted else None,
    )


def _endpoint(owner: Owner, deployment: WantedDeployment | None) -> str | None:
    """What clients write; a gateway's own address is told by the gateway."""
    if deployment is None or not isinstance(deployment.door, OwnRouter):
        return None
    scheme = "https" if deployment.door.routing.door.tls_secret else "http"
    return f"{scheme}://{names.router(owner.name)}.{owner.namespace}.svc/v1"

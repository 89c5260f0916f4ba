"""One gateway and everything that belongs to it, gathered from the stores. Sends no requests, decides nothing."""

from dataclasses import dataclass, replace

from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.documents import json_document
from fairlead.objects import router_config
from fairlead.objects.labels import ROLE, ChildRole
from fairlead.objects.owner import Owner
from fairlead.review.context import ObjectKey


@dataclass(frozen=True, kw_only=True)
class GatewaySnapshot:
    """One gateway and its routers, as the stores have them."""

    document: Manifest
    owner: Owner
    router: Manifest | None
    """The Deployment of its routers."""
    routers: tuple[Manifest, ...]
    """Router pods that are ready."""
    unready_routers: tuple[Manifest, ...]
    """Router pods that are neither ready nor ending."""
    configuration: object
    """Its routers' configuration; None if there is none yet."""

    @property
    def status(self) -> Manifest:
        """The stored status."""
        found = self.document.get("status")
        return found if isinstance(found, dict) else {}


def observe(cluster: ControllerClusterState, key: ObjectKey) -> GatewaySnapshot | None:
    """Return the gateway from the stores; None if it is deleted or being deleted."""
    document = cluster.of(kinds.INFERENCE_GATEWAY).find(key.namespace, key.name)
    if document is None or "deletionTimestamp" in document["metadata"]:
        return None
    owner = Owner(
        namespace=key.namespace, name=key.name, uid=document["metadata"]["uid"], kind=kinds.INFERENCE_GATEWAY.kind
    )
    seen = [
        one
        for one in cluster.of(kinds.POD).of_gateway(key.namespace, key.name)
        if (one["metadata"].get("labels") or {}).get(ROLE) == ChildRole.ROUTER
    ]
    live = cluster.of(kinds.CONFIG_MAP).find(key.namespace, owner.router_name)
    router = cluster.of(kinds.DEPLOYMENT).find(key.namespace, owner.router_name)
    return GatewaySnapshot(
        document=document,
        owner=owner,
        router=router if router is not None and snapshot.owned(router, owner) else None,
        routers=tuple(one for one in seen if pods.is_ready(one)),
        unready_routers=tuple(one for one in seen if _is_awaited(one)),
        configuration=_configuration(live) if live is not None and snapshot.owned(live, owner) else None,
    )


def without_routers(observed: GatewaySnapshot) -> GatewaySnapshot:
    """Return it without pods that have its labels and are those of a deleted gateway of its name."""
    return replace(observed, routers=(), unready_routers=())


def _is_awaited(pod: Manifest) -> bool:
    stays = "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in pods.ENDED
    return stays and not pods.is_ready(pod)


def _configuration(live: Manifest) -> object:
    try:
        return json_document.read((live.get("data") or {}).get(router_config.FILE) or "null")
    except (ValueError, TypeError):
        return None

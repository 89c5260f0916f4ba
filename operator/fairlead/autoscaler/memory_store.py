"""Saves the estimates for a deployment in a ConfigMap beside it, so that a restart need not learn them again.

Only speeds, cold starts and demand are saved; the windows of recent answers fill again within one stabilization window.
Written seldom and never required: a process that cannot read it starts without.
"""

import logging
from typing import Final

import msgspec

from fairlead.api.kinds import API_VERSION, DEPLOYMENT
from fairlead.autoscaler.scaling_status import MANAGER
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.interfaces import ApiClient
from fairlead.cluster.kinds import Manifest
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.learn.estimates import Estimates

EVERY_S: Final = 600.0
"""The most that a crash loses; a longer interval would save nothing, since objects are reconciled as often anyway."""
LARGEST: Final = 256 * 1024
"""Bytes; a ConfigMap holds four times as much."""
KEY: Final = "learnt.json"

_DECODER: Final = msgspec.json.Decoder(Estimates)

log = logging.getLogger("fairlead.autoscaler")


async def restore(server: ApiClient, document: Manifest) -> ScalingState:
    """Read what was saved for this very object, by uid; an empty state if there is none or it cannot be read."""
    metadata = document["metadata"]
    try:
        found = await server.read(kinds.CONFIG_MAP, metadata["namespace"], name_of(document))
        if found is None or _owner(found) != metadata["uid"]:
            return ScalingState()
        return ScalingState(learnt=_DECODER.decode((found.get("data") or {}).get(KEY) or "{}"))
    except (ApiError, msgspec.DecodeError) as problem:
        log.warning(
            "the learnt speeds and demand cannot be read, so learning starts from scratch: %s",
            problem,
            extra=_about(document),
        )
        return ScalingState()


async def keep(server: ApiClient, document: Manifest, memory: ScalingState) -> bool:
    """Save the memory; returns whether that succeeded."""
    text = msgspec.json.encode(memory.learnt).decode()
    if len(text) > LARGEST:
        log.warning("the learnt speeds and demand take %d bytes and are not saved", len(text), extra=_about(document))
        return False
    try:
        await server.apply(manifest(document, text), manager=MANAGER)
    except (ApiError, NotLeading) as problem:
        log.warning("the learnt speeds and demand cannot be saved: %s", problem, extra=_about(document))
        return False
    return True


def manifest(document: Manifest, text: str) -> Manifest:
    """Build the ConfigMap, owned by the deployment. It lacks the label of children, since the controller prunes
    children that it did not make."""
    metadata = document["metadata"]
    owner = {"apiVersion": API_VERSION, "kind": DEPLOYMENT.name, "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name_of(document),
            "namespace": metadata["namespace"],
            "labels": {"app.kubernetes.io/part-of": "fairlead", "app.kubernetes.io/component": "autoscaler-memory"},
            "ownerReferences": [owner],
        },
        "data": {KEY: text},
    }


def name_of(document: Manifest) -> str:
    """Return the ConfigMap's name."""
    return f"{document['metadata']['name']}-autoscaler-memory"


def _owner(found: Manifest) -> str:
    owners = found["metadata"].get("ownerReferences")
    return str(owners[0].get("uid", "")) if owners else ""


def _about(document: Manifest) -> dict[str, object]:
    return {"namespace": document["metadata"]["namespace"], "name_of_object": document["metadata"]["name"]}

"""The replicas of a deployment that take adapters: those with a loader that are not ending. Pure."""

from collections.abc import Iterable

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.objects import adapter_loader, labels


def with_loader(seen: Iterable[Manifest]) -> list[Manifest]:
    """Return them by name."""
    return sorted((one for one in seen if _takes_adapters(one)), key=lambda one: str(one["metadata"]["name"]))


def _takes_adapters(pod: Manifest) -> bool:
    metadata = pod["metadata"]
    is_engine = (metadata.get("labels") or {}).get(labels.ROLE) == labels.ChildRole.ENGINE
    beside = [one.get("name") for one in pod.get("spec", {}).get("initContainers") or ()]
    ended = pod.get("status", {}).get("phase") in pods.ENDED
    return is_engine and adapter_loader.CONTAINER in beside and "deletionTimestamp" not in metadata and not ended

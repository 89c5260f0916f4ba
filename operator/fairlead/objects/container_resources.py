"""A container's requests and limits as fields of a pod, and the small ones of containers that work beside it.

A quota on cores, memory or disk refuses a pod unless every container states what the quota counts. So what is stated
for the main container is stated for those beside it too.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from fairlead.fleet.container_resources import ContainerResources, ResourceAmounts
from fairlead.objects import quantities
from fairlead.objects.manifest import Manifest

CPU: Final = "cpu"
MEMORY: Final = "memory"
DISK: Final = "ephemeral-storage"

Amounts = Mapping[str, str]
"""Quantities as the API server spells them, by resource."""


def amounts(amounts: ResourceAmounts) -> dict[str, str]:
    """Return what is named, as quantities."""
    found: dict[str, str] = {}
    if amounts.cpu_millis is not None:
        whole, rest = divmod(amounts.cpu_millis, 1000)
        found[CPU] = f"{amounts.cpu_millis}m" if rest else str(whole)
    if amounts.memory_bytes is not None:
        found[MEMORY] = quantities.of_bytes(amounts.memory_bytes)
    if amounts.ephemeral_storage_bytes is not None:
        found[DISK] = quantities.of_bytes(amounts.ephemeral_storage_bytes)
    return found


def field(requests: Amounts, limits: Amounts) -> Manifest:
    """Return the container's field; absent if it states nothing."""
    stated = {name: dict(some) for name, some in (("limits", limits), ("requests", requests)) if some}
    return {"resources": stated} if stated else {}


def around(usual: Amounts, resources: ContainerResources) -> Manifest:
    """Return the field with `usual` requests, each at most its limit, unless others are wanted."""
    limits = amounts(resources.limits)
    return field(capped(usual, limits) | amounts(resources.requests), limits)


def capped(requests: Amounts, limits: Amounts) -> dict[str, str]:
    """Lower each request to its limit, since Kubernetes refuses a larger one."""
    return {name: min(amount, limits.get(name, amount), key=_worth) for name, amount in requests.items()}


def _worth(amount: str) -> Decimal:
    return quantities.parsed(amount) or Decimal(0)

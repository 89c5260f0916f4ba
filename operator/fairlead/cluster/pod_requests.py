"""Cores and memory that a pod requests of its node, from its manifest. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.objects import quantities

CORES: Final = "cpu"
MEMORY: Final = "memory"


def requested(pod: Manifest) -> tuple[Decimal, Decimal]:
    """Return cores and bytes that a pod requests until it has ended; a terminating pod still holds its own."""
    if pod.get("status", {}).get("phase") in pods.ENDED:
        return Decimal(0), Decimal(0)
    containers: Sequence[Manifest] = pod.get("spec", {}).get("containers") or ()
    wanted = [one.get("resources", {}).get("requests") or {} for one in containers]
    cores = sum((amount(one.get(CORES)) for one in wanted), Decimal(0))
    return cores, sum((amount(one.get(MEMORY)) for one in wanted), Decimal(0))


def amount(spelt: object) -> Decimal:
    """Return an amount; 0 if there is none, or it cannot be read."""
    return (quantities.parsed(spelt) if spelt is not None else None) or Decimal(0)

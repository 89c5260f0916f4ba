"""What a container requests of its node beside GPUs, and what it is limited to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceAmounts:
    """Amounts of a node's processor, memory and disk; None: the spec names none."""

    cpu_millis: int | None = None
    """Thousandths of a core."""
    memory_bytes: int | None = None
    ephemeral_storage_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerResources:
    """The requests and limits of one container."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()

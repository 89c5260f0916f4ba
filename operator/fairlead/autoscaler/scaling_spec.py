"""What a deployment's spec means to whoever decides its replicas; worked out once a generation. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.policies import ReplicaBounds
from fairlead.scaling.facts import AcceleratorOption, ReplicaSpeed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingSpec:
    """One spec with `scaling` in it."""

    bounds: ReplicaBounds
    kind: EngineKind
    revision: str
    """The one that this spec describes."""
    place: GpuRequirement | None = None
    """What a replica needs of its node; nothing: no GPU, so nodes bound nothing that we can count."""
    price_per_hour: float | None = None
    speculates: bool = False
    sleeps: bool = False
    """Whether its engines can be put to sleep."""
    assumed: ReplicaSpeed | None = None
    options: tuple[AcceleratorOption, ...] = ()


SpecReader = Callable[[Manifest], ScalingSpec | None]
"""Reads a stored deployment; nothing where people decide the count, or where the spec cannot be read."""

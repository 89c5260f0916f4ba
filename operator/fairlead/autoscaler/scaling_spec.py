"""A deployment's spec as far as scaling needs it, converted once per generation. Values only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.policies import ReplicaBounds
from fairlead.process.node_room import NodeRequirement
from fairlead.scaling.facts import AcceleratorOption, ReplicaSpeed
from fairlead.sizing.sizing_input import DraftSetup

NO_DRAFTS: Final = DraftSetup()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingSpec:
    """A spec that has `scaling`."""

    bounds: ReplicaBounds
    kind: EngineKind
    revision: str
    """The revision that this spec describes."""
    place: NodeRequirement | None = None
    """What a replica needs of its node; None if any node will do, so node capacity is not counted."""
    price_per_hour: float | None = None
    speculates: bool = False
    drafting: DraftSetup = NO_DRAFTS
    """What speculative decoding adds to a step."""
    sleeps: bool = False
    """Whether its engines can be put to sleep."""
    speed: ReplicaSpeed | None = None
    options: tuple[AcceleratorOption, ...] = ()


SpecReader = Callable[[Manifest], ScalingSpec | None]
"""Converts a stored deployment; None if spec.scaling is absent or the spec cannot be read."""

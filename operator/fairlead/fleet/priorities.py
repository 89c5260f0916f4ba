"""Priorities of pods: what a PriorityClass gives them, and which pods end, or wait, for others of a higher priority."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPriority:
    """What a PriorityClass gives to its pods."""

    value: int = 0
    preempts: bool = True
    """False with preemptionPolicy Never: its pods go first in the scheduler's queue and end no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPod:
    """One pod that holds room on a node, or soon will."""

    priority: int | None = None
    """None: its spec has none, so it is not compared."""
    ending: bool = False
    own: bool = False
    """Whether it belongs to the same deployment: a rollout drains it, and no preemption is to end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HigherPods:
    """Pods of one deployment or gateway that have a higher priority."""

    owner: str
    """As `namespace/name`, that of a gateway as `gateway namespace/name`."""
    priority: int
    gpus: int = 0
    """GPUs of the same kind that they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preemption:
    """What other pods' priorities do to one deployment, and its own to others."""

    priority: int = 0
    ended: tuple[str, ...] = ()
    """Its pods that the scheduler is ending for others."""
    ended_for: tuple[HigherPods, ...] = ()
    """For whom; empty if those are not Fairlead's pods, or the scheduler has not recorded their node yet."""
    held_by: tuple[HigherPods, ...] = ()
    """Who holds GPUs that a pod without a node could use."""
    kept_node: str = ""
    """The node on which pods of a lower priority end for one of its own; empty if there is none."""
    earlier: bool = False
    """Whether its status says that it was preempted, since a pod of it was ended and found no node again."""


NO_PREEMPTION = Preemption()

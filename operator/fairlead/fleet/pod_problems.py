"""Why a replica does not come up or does not serve, as far as Kubernetes and the engine's last words tell."""

from dataclasses import dataclass

from fairlead.fleet.conditions import ConditionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PodProblem:
    """What is the matter with one pod."""

    pod: str
    reason: ConditionReason
    message: str
    """What happened and what to do, without times or counters, so that it stays the same while nothing changes."""

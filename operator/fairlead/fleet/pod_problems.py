"""Why a replica does not start or does not serve, from Kubernetes and the engine's last log lines."""

from dataclasses import dataclass

from fairlead.fleet.conditions import ConditionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PodProblem:
    """What is wrong with one pod."""

    pod: str
    reason: ConditionReason
    message: str
    """What happened and what to do, without times or counters, so that it stays the same while nothing changes."""

"""Replicas of one deployment counted over all its revisions, and the wording of such a count. Pure."""

from dataclasses import dataclass

from fairlead.controller.status.status_inputs import StatusInputs
from fairlead.fleet.plurals import count as counted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaTally:
    """Replicas of all revisions: desired, ready and routable."""

    wanted: int
    ready: int
    routable: int


def tally(inputs: StatusInputs) -> ReplicaTally:
    """Count over all revisions, without terminating and sleeping replicas."""
    live = [one for state in inputs.states for one in state.replicas if not one.ending and not one.asleep]
    ready = [one for one in live if one.ready_since is not None]
    return ReplicaTally(
        wanted=inputs.count.replicas if inputs.count else sum(state.requested for state in inputs.states),
        ready=len(ready),
        routable=len([one for one in ready if one.routable]),
    )


def of(some: int, wanted: int) -> str:
    """Return `1 of 3 replicas`; while an older revision drains there may be more than desired."""
    if some > wanted:
        return f"{counted(some, 'replica')} ({wanted} desired)"
    return f"{some} of {counted(wanted, 'replica')}"

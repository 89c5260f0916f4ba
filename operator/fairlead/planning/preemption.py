"""Which pods give way to a replica of a higher priority, and how much more room that makes; the scheduler decides.

Without it, a deployment of a high priority would wait for a free GPU for ever: the scheduler preempts only for a pod
that exists.
"""

from dataclasses import replace

from fairlead.fleet.plurals import count
from fairlead.fleet.priorities import PodPriority, RankedPod
from fairlead.fleet.rollouts import NodeRoom


def gives_way(pod: RankedPod, to: PodPriority | None) -> bool:
    """Whether the scheduler may preempt this pod for a replica; a pod that is ending holds its room until the end.

    No priority: classes cannot be read, or there is none of this name, so nothing is counted on.
    """
    if to is None or not to.preempts or pod.priority is None:
        return False
    return pod.priority < to.value and not pod.ending and not pod.own


def with_preemption(free: NodeRoom, emptied: NodeRoom) -> NodeRoom:
    """Return the free room and what preemption adds; `emptied` is the room without the pods that give way."""
    if free.replicas is None or emptied.replicas is None or emptied.replicas <= free.replicas:
        return free
    more = emptied.replicas - free.replicas
    words = f"{free.because}; {count(more, 'more replica')} can take the place of pods of a lower priority"
    return replace(free, replicas=emptied.replicas, preempting=more, because=words)

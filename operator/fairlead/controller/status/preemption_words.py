"""Sentences on pods that the scheduler ended for others of a higher priority, and on who holds their GPUs. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.priorities import HigherPods, Preemption

_REMEDY: Final = "add a node, lower the other's replicas, or raise spec.placement.priorityClassName"

MAX_NAMED: Final = 3
"""Pods, and deployments, that a sentence names: in some clusters every other deployment has a higher priority."""


def preempted(preemption: Preemption, *, waits: bool) -> str:
    """Return that a replica was preempted: while it ends, and as long as what replaces it `waits` for its room."""
    if preemption.ended:
        ends = f"{_pods(preemption.ended)} {verb(len(preemption.ended), 'ends')}"
        return f"{ends}: the scheduler preempted {_it(preemption.ended)} for {_whom(preemption)}; {_REMEDY}"
    if preemption.earlier and waits and preemption.held_by:
        return f"the scheduler preempted a replica, and there is no room for another: {_held(preemption)}; {_REMEDY}"
    return ""


def beside_the_schedulers(preemption: Preemption) -> str:
    """Return what the scheduler's own message about a pod without a node does not say; empty if there is nothing."""
    if preemption.kept_node:
        return f"; node {preemption.kept_node} is kept for it, and pods of a lower priority end there first"
    return f"; {_held(preemption)}; {_REMEDY}" if preemption.held_by else ""


def _pods(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{'pods' if len(names) > 1 else 'pod'} {', '.join(names[:MAX_NAMED])}{more}"


def _it(names: Sequence[str]) -> str:
    return "them" if len(names) > 1 else "it"


def _whom(preemption: Preemption) -> str:
    if not preemption.ended_for:
        return f"a pod whose priority is higher than {preemption.priority}"
    return f"{_first(preemption.ended_for, _ranked)}, and it has priority {preemption.priority}"


def _held(preemption: Preemption) -> str:
    return f"{_first(preemption.held_by, _holding)}, and this one has priority {preemption.priority}"


def _first(some: Sequence[HigherPods], words: Callable[[HigherPods], str]) -> str:
    """Name the first ones, and count the rest."""
    rest = len(some) - MAX_NAMED
    named = [words(one) for one in some[:MAX_NAMED]]
    return ", ".join([*named, f"{count(rest, 'other')} of a higher priority"] if rest > 0 else named)


def _holding(one: HigherPods) -> str:
    return f"{_ranked(one)} holds {count(one.gpus, 'GPU')} of this kind"


def _ranked(one: HigherPods) -> str:
    return f"{one.owner} with priority {one.priority}"

"""Sentences on pods that the scheduler ended for others of a higher priority, and on who holds their GPUs. Pure."""

from collections.abc import Sequence
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.priorities import HigherPods, Preemption

_REMEDY: Final = "add a node, lower the other's replicas, or raise spec.placement.priorityClassName"


def preempted(found: Preemption, *, waits: bool) -> str:
    """Return that a replica was preempted: while it ends, and as long as what replaces it `waits` for its room."""
    if found.ended:
        ends = f"{_pods(found.ended)} {verb(len(found.ended), 'ends')}"
        return f"{ends}: the scheduler preempted {_it(found.ended)} for {_whom(found)}; {_REMEDY}"
    if found.earlier and waits and found.held_by:
        return f"the scheduler preempted a replica, and there is no room for another: {_held(found)}; {_REMEDY}"
    return ""


def beside_the_schedulers(found: Preemption) -> str:
    """Return what the scheduler's own message about a pod without a node does not say; empty if there is nothing."""
    if found.kept_node:
        return f"; node {found.kept_node} is kept for it, and pods of a lower priority end there first"
    return f"; {_held(found)}; {_REMEDY}" if found.held_by else ""


def _pods(names: Sequence[str]) -> str:
    return f"{'pods' if len(names) > 1 else 'pod'} {', '.join(names)}"


def _it(names: Sequence[str]) -> str:
    return "them" if len(names) > 1 else "it"


def _whom(found: Preemption) -> str:
    if not found.ended_for:
        return f"a pod whose priority is higher than {found.priority}"
    return f"{', '.join(_ranked(one) for one in found.ended_for)}, and it has priority {found.priority}"


def _held(found: Preemption) -> str:
    parts = [f"{_ranked(one)} holds {count(one.gpus, 'GPU')} of this kind" for one in found.held_by]
    return f"{', '.join(parts)}, and this one has priority {found.priority}"


def _ranked(one: HigherPods) -> str:
    return f"{one.owner} with priority {one.priority}"

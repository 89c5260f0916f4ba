"""Sentences on pods of a higher priority: readable however many there are."""

import pytest

from fairlead.controller.status import preemption_words
from fairlead.fleet.priorities import HigherPods, Preemption

REMEDY = "add a node, lower the other's replicas, or raise spec.placement.priorityClassName"


def higher(number: int) -> tuple[HigherPods, ...]:
    """As many deployments with GPUs, the largest first."""
    return tuple(HigherPods(owner=f"team/d{n}", priority=7, gpus=9 - n) for n in range(number))


@pytest.mark.parametrize(
    ("number", "more"), [(3, ""), (4, ", 1 other of a higher priority"), (9, ", 6 others of a higher priority")]
)
def test_three_holders_are_named_and_the_rest_is_counted(number: int, more: str) -> None:
    words = preemption_words.beside_the_schedulers(Preemption(priority=-1, held_by=higher(number)))
    assert words == (
        "; team/d0 with priority 7 holds 9 GPUs of this kind, team/d1 with priority 7 holds 8 GPUs of this kind, "
        f"team/d2 with priority 7 holds 7 GPUs of this kind{more}, and this one has priority -1; {REMEDY}"
    )


def test_three_deployments_that_preempted_pods_are_named_and_the_rest_is_counted() -> None:
    words = preemption_words.preempted(Preemption(ended=tuple("abcde"), ended_for=higher(5)), waits=False)
    assert words == (
        "pods a, b, c and 2 more end: the scheduler preempted them for team/d0 with priority 7, team/d1 with priority "
        f"7, team/d2 with priority 7, 2 others of a higher priority, and it has priority 0; {REMEDY}"
    )

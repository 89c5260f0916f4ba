"""Canaries in numbers, for the operator's metrics: labels from closed sets, never names of objects. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from fairlead.fleet.canaries import CanaryState
from fairlead.planning import canary

Counts = Mapping[tuple[str, str, str], int]


def of(states: Sequence[CanaryState]) -> tuple[Counts, Counts]:
    """Count them by phase, step from 1 and share; and their steps' gates by verdict and reason."""
    places = Counter((state.phase.value, str(state.step + 1), _share(state)) for state in states)
    verdicts = Counter(
        (one.gate.value, one.verdict.verdict.value, one.verdict.reason.value)
        for state in states
        for one in state.verdicts
        if one.step == state.step
    )
    return places, verdicts


def _share(state: CanaryState) -> str:
    found = canary.share(state)
    return "100" if found is None else str(found.percent)

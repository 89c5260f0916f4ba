"""The order of a runner's passes: each side completely, and a part of the baseline once more for its noise."""

from collections.abc import Sequence

from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.progress import NOISE_SAMPLE, Answers, Side
from fairlead.fleet.evaluation_runners import RunnerPass


def side_of(pass_: RunnerPass) -> Side:
    """The side that answers in a pass."""
    return Side.CANDIDATE if pass_ is RunnerPass.CANDIDATE else Side.BASELINE


def sample_of(pass_: RunnerPass) -> int:
    """The sample number of its answers."""
    return NOISE_SAMPLE if pass_ is RunnerPass.NOISE else 0


def items_of(pass_: RunnerPass, items: Sequence[EvaluationItem], noise_items: int) -> Sequence[EvaluationItem]:
    """The items of a pass."""
    return items[:noise_items] if pass_ is RunnerPass.NOISE else items


def next_pass(
    items: Sequence[EvaluationItem], noise_items: int, baseline: Answers, candidate: Answers
) -> RunnerPass | None:
    """The first incomplete pass; None if all are complete."""
    answers = {Side.BASELINE: baseline, Side.CANDIDATE: candidate}
    for one in RunnerPass:
        if any(
            (item.digest, sample_of(one)) not in answers[side_of(one)] for item in items_of(one, items, noise_items)
        ):
            return one
    return None

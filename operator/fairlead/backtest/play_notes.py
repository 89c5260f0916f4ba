"""What of a candidate's policy a play leaves out or takes otherwise, so that nobody reads it as the cluster's own."""

from collections.abc import Iterator
from typing import Final

from fairlead.backtest.candidate import Candidate
from fairlead.fleet.plurals import count
from fairlead.fleet.policies import ReplicaBounds

NO_DATES: Final = (
    "spec.schedules of the policy are not simulated: the traffic has no dates, or --speed-up or "
    "--longest-gap moves its times; give access lines, Azure's rows, or seconds since 1970"
)

NO_PRICE: Final = (
    "spec.budget.maxCostPerHour of the policy is not simulated, since no price of these GPUs is known; "
    "describe them with --products FILE"
)


LATE: Final = 0.05
"""Share of the traffic's time, below which answers after it hardly count."""
NO_SWITCH: Final = (
    "spec.speculation.switchOff of the policy is not simulated: tokens are drafted also where the product would stop it"
)


RECOMMENDS: Final = (
    "the policy's mode is Recommend: its decisions are simulated as if they were followed; in the cluster nothing "
    "follows them"
)


SOONER: Final = (
    "metrics.source of the policy is Prometheus and is simulated as Direct, from metrics 1 s old: in the "
    "cluster they are older by its scrape interval, so replicas are added that much later"
)


def of(candidate: Candidate, *, dated: bool) -> Iterator[str]:
    """Yield what the user has to know; nothing where the product does not scale it."""
    if candidate.baseline is not None or not isinstance(candidate.replicas, ReplicaBounds):
        return
    if not candidate.policy.active:
        yield RECOMMENDS
    if candidate.policy.prometheus is not None:
        yield SOONER
    if candidate.policy.schedules and not dated:
        yield NO_DATES
    if candidate.policy.max_cost_per_hour is not None and candidate.price_an_hour is None:
        yield NO_PRICE
    if candidate.policy.switches_speculation and candidate.settings.speculation is not None:
        yield NO_SWITCH
    asleep = candidate.policy.warm_pool.asleep
    if asleep:
        yield (
            f"spec.warmPool.asleep: {asleep} is not simulated: up to "
            f"{count(asleep * candidate.gpus, 'GPU')} of sleeping "
            "replicas are not in the cost, and replicas start instead of waking"
        )


def of_start(chosen: int | None, first: int, soon: int) -> Iterator[str]:
    """Yield how many replicas it starts with, where that is not the chosen number, or soon too few by the policy.

    `chosen` is None without a choice, also where a recording decides. `soon` is the most that the policy wanted within
    the first minutes.
    """
    if chosen is not None and chosen != first:
        yield f"{count(first, 'replica')} at first instead of {chosen}, which spec.replicas or scaling excludes"
    if chosen is None and soon > first:
        yield (
            f"{count(first, 'replica')} at first, and the policy wants {soon} within minutes: if the fleet is not as "
            f"small when such traffic begins, leave this growth out with --start {soon}"
        )


def of_end(late_s: float, seconds: float) -> Iterator[str]:
    """Yield how long answers took after the last request, if that is much of the traffic's time."""
    if late_s > LATE * seconds:
        yield (
            f"answers took until {late_s:,.0f} s after the last request: GPU hours and USD end with it, costs "
            "per token and per request that met the SLO with the last answer"
        )

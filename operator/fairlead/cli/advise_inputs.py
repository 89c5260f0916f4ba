"""The inputs of `fairlead advise`: one deployment, the busiest part of a trace, and every product with a price."""

import argparse
from dataclasses import dataclass
from typing import Any, Final

from fairlead.backtest import advice
from fairlead.backtest.advice import Advice, AdvisedService
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.hindrances import PricedCard
from fairlead.backtest.levers import Lever
from fairlead.cli import plan_play, playable, simulate_inputs
from fairlead.cli.argument_values import ArgumentValueError
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.sizing import replica_supply
from fairlead.sizing.catalogue import Catalogue

MOST_REQUESTS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAdvice:
    """What is printed."""

    name: str
    deployment: dict[str, Any]
    traffic: str
    advice: Advice


def advised(chosen: argparse.Namespace) -> ShownAdvice:
    """`ValueError` or `OSError` for what cannot be read or makes no sense, in words for people."""
    read, settings = simulate_inputs.files(chosen), simulate_inputs.play_settings(chosen)
    one, *more = read.deployments
    if more:
        raise ArgumentValueError(f"{more[0].place}: a second InferenceDeployment; give one at a time")
    found = playable.read(one, read.context, read.packaged)
    if isinstance(found, Unplayable):
        raise ArgumentValueError(f"{found.name}: {found.reason}: {found.because}")
    _check_objectives(found, settings.objectives)
    traffic, words = plan_play.busiest(simulate_inputs.trace_of(chosen), MOST_REQUESTS)

    def changed(lever: Lever) -> Candidate | Unplayable:
        return playable.changed(one, lever, read.context, read.packaged)

    service = AdvisedService(candidate=found, changed=changed, cards=_cards(read.context.catalogue))
    assert isinstance(one.content, dict)
    return ShownAdvice(
        name=found.name, deployment=one.content, traffic=words, advice=advice.advise(service, traffic, settings)
    )


def _check_objectives(one: Candidate, given: LatencyObjectives) -> None:
    own = one.policy.objectives
    if (given.ttft_p95_s, given.tpot_p95_s, own.ttft_p95_seconds, own.tpot_p95_seconds) == (None,) * 4:
        raise ArgumentValueError(
            f"{one.name}: it has no objective to miss; give --ttft-p95 2s, --tpot-p95 100ms or a policy's"
        )


def _cards(catalogue: Catalogue) -> list[PricedCard]:
    found = (
        PricedCard(name, one.price_an_hour)
        for name, one in catalogue.accelerators.items()
        if one.price_an_hour is not None and replica_supply.has_rates(one)
    )
    return sorted(found, key=lambda one: (one.price, one.product))

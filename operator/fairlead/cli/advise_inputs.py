"""Inputs of `fairlead advise`: one deployment, the busiest part of a trace, and every product with a price."""

import argparse
from dataclasses import dataclass, replace
from typing import Any, Final

from fairlead.backtest import advice
from fairlead.backtest.advice import Advice, AdvisedService
from fairlead.backtest.bottlenecks import PricedCard
from fairlead.backtest.candidate import Candidate, Unplayable, UnplayableReason
from fairlead.backtest.levers import Lever
from fairlead.cli import plan_play, playable, simulate_candidates, simulate_inputs
from fairlead.cli.traffic_source import TrafficSource
from fairlead.fleet.policies import ReplicaBounds
from fairlead.simulator.engine.batch import DecodeLine
from fairlead.sizing import replica_supply
from fairlead.sizing.catalogue import Catalogue

MAX_REQUESTS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAdvice:
    """What `fairlead advise` prints."""

    name: str
    deployment: dict[str, Any]
    policy: str | None
    """The policy that it names, which some levers change."""
    traffic: str
    advice: Advice


def advised(chosen: argparse.Namespace, source: TrafficSource) -> ShownAdvice:
    """Compute the advice; raises `ValueError` or `OSError`, in plain words, for unreadable or contradictory input."""
    busiest, words = plan_play.busiest(source.trace, MAX_REQUESTS)
    traffic = busiest if busiest.seconds else replace(busiest, at_once=True)  # else nothing would be paid for
    settings = simulate_inputs.play_settings(chosen, source, traffic.began)
    one = simulate_candidates.single(chosen, source.recording)
    one.check_objective(settings.objectives)
    read, bounds = one.read, one.candidate.replicas

    def changed(lever: Lever) -> Candidate | Unplayable:
        try:
            made = read.measured(playable.changed(one.document, lever, read.context, read.packaged))
        except playable.InvalidDeployment as problem:  # the lever's fault, such as fewer than another field asks for
            return Unplayable(name=one.candidate.name, reason=UnplayableReason.REFUSED, because=str(problem))
        if isinstance(made, Candidate) and not _changes(one.candidate, lever, made):
            return Unplayable(
                name=one.candidate.name, reason=UnplayableReason.REFUSED, because="it has this value already"
            )
        return made

    service = AdvisedService(candidate=one.candidate, changed=changed, cards=_cards(read.context.catalogue))
    return ShownAdvice(
        name=one.candidate.name,
        deployment=one.content,
        policy=bounds.policy if isinstance(bounds, ReplicaBounds) else None,
        traffic=words + simulate_inputs.start_words(settings),
        advice=advice.advise(service, traffic, settings),
    )


def _changes(before: Candidate, lever: Lever, made: Candidate) -> bool:
    """Whether it changes what is played, and one of memory gives the cache more: the usual share may be the engine's
    own, or less than the present one.
    """
    if lever.words.startswith("memoryUtilization="):
        return made.settings.blocks > before.settings.blocks
    alike = replace(made, name=before.name, what_if=before.what_if, times=before.times)
    return alike != before or _speed(made) != _speed(before)


def _speed(one: Candidate) -> tuple[DecodeLine, ...]:
    """Step times have no equality; those of an engine alike take as long for the smallest and the largest batch."""
    return tuple(one.times.decode_line(batch, batch) for batch in (1, one.settings.max_sequences))


def _cards(catalogue: Catalogue) -> list[PricedCard]:
    found = (
        PricedCard(name, one.price_an_hour)
        for name, one in catalogue.accelerators.items()
        if one.price_an_hour is not None and replica_supply.has_rates(one)
    )
    return sorted(found, key=lambda one: (one.price, one.product))

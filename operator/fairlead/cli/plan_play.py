"""The second half of `fairlead plan`: simulate the arithmetic's proposals; the answer is the cheapest that holds."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fairlead.backtest import drawn_traffic, played_plan
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.plan_player import PlanPlayer
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.played_plan import PlayedPlan
from fairlead.cli import offline_data, plan_inputs, playable
from fairlead.cli.plan_inputs import DESCRIBING
from fairlead.cli.simulate_inputs import SeededStreams
from fairlead.cli.simulate_traffic import ReadTrace, TraceCut, TraceFile
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator import packaged_data
from fairlead.fleet.capacity_plan import CapacityPlan, FleetProposal
from fairlead.objects import plan_manifests
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.sizing.capacity_planning import PlanInputs

SEEDS: Final = 3
MOST_REQUESTS: Final = 20_000
"""Of a longer recording, the busiest part is played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPlays:
    """What was played, and on which traffic."""

    plan: PlayedPlan
    traffic: str
    unplayable: tuple[Unplayable, ...]


def played(chosen: argparse.Namespace, brief: PlanInputs, planned: CapacityPlan) -> PlanPlays | None:
    """Play the proposals; None without an objective that could be missed, or if playing is switched off."""
    goals = (brief.objectives.ttft_p95_s, brief.objectives.tpot_p95_s)
    if chosen.no_play or planned.best is None or goals == (None, None):
        return None
    traffics, words = _traffics(chosen, brief)
    settings = PlaySettings(streams=SeededStreams(chosen.seed), objectives=brief.objectives)
    made = maker(chosen.model, chosen.config_json, chosen.products, chosen.name)
    player = PlanPlayer(made=made, traffics=traffics, settings=settings)
    found = played_plan.search(played_plan.configurations(planned), lambda one: _with_progress(player, one))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return PlanPlays(plan=found, traffic=words, unplayable=tuple(player.unplayable.values()))


def _with_progress(player: PlanPlayer, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
    if sys.stderr.isatty():
        print(f"\r{player.played} fleets played", end="", file=sys.stderr, flush=True)
    return player(proposal)


def maker(
    model: str, config_json: str | None, products: str | None, name: str
) -> Callable[[FleetProposal], Candidate | Unplayable]:
    """Return a function that turns a proposal into a playable candidate, by the manifest it would have."""
    bare = model.removeprefix("hf://")
    context = offline_data.offline_knowledge([f"{bare}={config_json}"] if config_json else [], products)
    packaged = replace(packaged_data.load(None), catalogue=context.catalogue)
    source = plan_inputs.source(model)

    def made(proposal: FleetProposal) -> Candidate | Unplayable:
        manifest = plan_manifests.deployment(name, source, proposal)
        manifest["metadata"]["namespace"] = "default"
        return playable.read(YamlDocument(place="the plan", content=manifest), context, packaged)

    return made


def _traffics(chosen: argparse.Namespace, brief: PlanInputs) -> tuple[tuple[PlayedTraffic, ...], str]:
    """The recording itself, if no argument describes the traffic and it has single requests; else drawn traffic.

    A pipe has been read already, and would block without end.
    """
    described = any(getattr(chosen, name) is not None for name in DESCRIBING)
    if chosen.trace and not described and not Path(chosen.trace).is_fifo():
        try:
            trace = TraceFile(path=Path(chosen.trace), cut=TraceCut()).looked_through()
            traffic, words = busiest(trace, MOST_REQUESTS)
        except UnreadableTraffic:
            pass  # such as rates by client: only described, so drawn
        else:
            return (traffic,), words
    streams = (SeededStreams(chosen.seed + turn) for turn in range(SEEDS))
    found = tuple(drawn_traffic.drawn(brief.traffic, brief.context, one("plan")) for one in streams)
    return found, f"traffic drawn by {SEEDS} seeds, {found[0].seconds / 60:.0f} min each"


def busiest(trace: ReadTrace, most: int) -> tuple[PlayedTraffic, str]:
    """The whole recording, or the shortest part of a longer one with `most` requests."""
    times = [one.time for one in trace.arrivals(16)]
    if len(times) <= most or trace.at_once:
        every = PlayedTraffic(arrivals=trace.arrivals, seconds=trace.seconds, at_once=trace.at_once, began=trace.began)
        return every, trace.words
    spans = [times[at + most - 1] - times[at] for at in range(len(times) - most + 1)]
    first = spans.index(min(spans))
    since, until = times[first], times[first + most - 1]

    def arrivals(page_tokens: int) -> Iterator[RequestArrival]:
        for one in trace.arrivals(page_tokens):
            if since <= one.time <= until:
                yield replace(one, time=one.time - since)

    words = f"{trace.words}; its busiest {most:,} requests, from minute {since / 60:.0f} on"
    began = None if trace.began is None else trace.began + since
    return PlayedTraffic(arrivals=arrivals, seconds=until - since, began=began), words

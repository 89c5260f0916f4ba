"""The second half of `fairlead plan`: simulate the arithmetic's proposals; the answer is the cheapest that holds."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fairlead.backtest import busiest_part, drawn_traffic, plan_room, played_plan, queue_limit
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.drawn_traffic import Undrawable
from fairlead.backtest.plan_player import PlanPlayer
from fairlead.backtest.plan_room import FleetRoom
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.played_plan import PlayedPlan
from fairlead.cli import client_mixes, offline_data, plan_clients, plan_inputs, playable
from fairlead.cli.plan_inputs import DESCRIBING
from fairlead.cli.simulate_inputs import SeededStreams
from fairlead.cli.simulate_traffic import ReadTrace, TraceCut, TraceFile
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator import packaged_data
from fairlead.fleet.capacity_plan import CapacityPlan, FleetProposal, LatencyObjectives
from fairlead.objects import plan_manifests
from fairlead.simulator.traffic.arrivals import UnreadableTraffic
from fairlead.simulator.traffic.client_mix import ChanceStreams
from fairlead.sizing.capacity_planning import PlanInputs

SEEDS: Final = 3
MAX_REQUESTS: Final = 20_000
"""Of a longer recording, the busiest part is played."""
CALCULATED: Final = "; with --no-play, it is only calculated"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPlays:
    """What was played, and on which traffic."""

    plan: PlayedPlan
    traffic: str
    unplayable: tuple[Unplayable, ...]
    objectives: LatencyObjectives
    """As judged: with a limit for first tokens where none, or a longer one, was given."""
    room: FleetRoom | None
    """Of the best; None if nothing keeps the objectives."""


def played(chosen: argparse.Namespace, inputs: PlanInputs, planned: CapacityPlan) -> PlanPlays | None:
    """Play the proposals; None without an objective that could be missed, or if playing is off or cannot be drawn."""
    options = played_plan.configurations(planned)
    if not options or not is_played(chosen, inputs) or undrawable(chosen, inputs):
        return None
    traffics, words = _with_room(chosen, *_traffics(chosen, inputs))
    objectives = queue_limit.limited(inputs.objectives, traffics[0])
    if objectives != inputs.objectives:
        words = f"{words}; first tokens are allowed {objectives.ttft_p95_s:.0f} s, so that no queue grows without end"
    settings = PlaySettings(streams=SeededStreams(chosen.seed), objectives=objectives)
    made = maker(chosen.model, chosen.config_json, chosen.products, chosen.name)
    player = PlanPlayer(made=made, traffics=traffics, settings=settings)
    found = played_plan.search(options, lambda one: _with_progress(player, one))
    room = None
    if found.best is not None:
        _show(f"{player.played} fleets simulated; the best one is simulated with more requests")
        roomiest = plan_room.roomiest(found.best, player.sped_up)
        found, room = found.with_best(roomiest.best), roomiest.room
    if sys.stderr.isatty():
        print(file=sys.stderr)
    unplayable = tuple(player.unplayable.values())
    return PlanPlays(plan=found, traffic=words, unplayable=unplayable, objectives=objectives, room=room)


def is_played(chosen: argparse.Namespace, inputs: PlanInputs) -> bool:
    """Whether there is an objective that could be missed, and playing is not off."""
    goals = (inputs.objectives.ttft_p95_s, inputs.objectives.tpot_p95_s)
    return not chosen.no_play and goals != (None, None)


def undrawable(chosen: argparse.Namespace, inputs: PlanInputs) -> str:
    """Say that more requests arrive than can be drawn and played, or too few to tell anything; empty if not."""
    if not is_played(chosen, inputs) or _has_requests(chosen):
        return ""
    rate = drawn_traffic.rate_of(inputs.traffic)
    match drawn_traffic.undrawable(inputs.traffic):
        case Undrawable.TOO_FEW:
            return (
                f"calculated, not simulated: of {rate:.2g} requests a second, fewer than "
                f"{drawn_traffic.MIN_REQUESTS:g} arrive in {drawn_traffic.MAX_SECONDS / 3600:g} hours; plan for a "
                "higher rate to see it simulated"
            )
        case Undrawable.TOO_MANY:
            return (
                f"calculated, not simulated: {rate:,.0f} requests a second are more than the "
                f"{drawn_traffic.MAX_RATE:,.0f} that can be drawn; plan for a part of the rate to see it simulated"
            )
    return ""


def _with_progress(player: PlanPlayer, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
    _show(f"{player.played} fleets simulated")
    return player(proposal)


def _show(progress: str) -> None:
    """Overwrite the line of progress on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{progress}", end="", file=sys.stderr, flush=True)


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


def _traffics(chosen: argparse.Namespace, inputs: PlanInputs) -> tuple[tuple[PlayedTraffic, ...], str]:
    """The recording itself, if no argument overrides it, of clients by seeds; else traffic drawn from a description."""
    if _has_requests(chosen):
        try:
            trace = TraceFile(path=Path(chosen.trace), cut=TraceCut()).looked_through()
        except UnreadableTraffic as problem:
            raise UnreadableTraffic(f"--trace {problem}{CALCULATED}") from problem
        traffic, words = busiest(trace, MAX_REQUESTS)
        return (traffic,), words
    streams = [SeededStreams(chosen.seed + turn) for turn in range(SEEDS)]
    if _is_recorded(chosen) and (mixed := _clients(Path(chosen.trace), streams)):
        return mixed
    found = tuple(drawn_traffic.drawn(inputs.traffic, inputs.context, one("plan")) for one in streams)
    return found, f"traffic drawn by {SEEDS} seeds, {found[0].seconds / 60:.0f} min each"


def _with_room(
    chosen: argparse.Namespace, traffics: Sequence[PlayedTraffic], words: str
) -> tuple[Sequence[PlayedTraffic], str]:
    """The traffic that is planned for: the described requests, arriving sooner."""
    room = plan_inputs.room(chosen)
    if not room:
        return traffics, words
    sooner = tuple(one.sped_up(1 + room) for one in traffics)
    how = f"{1 + room:g} times as fast, in {sooner[0].seconds / 60:.1f} min, for {room:.0%} more requests a second"
    return sooner, f"{words}; simulated {how}"


def _has_requests(chosen: argparse.Namespace) -> bool:
    """Whether the traffic is a recording of single requests."""
    return _is_recorded(chosen) and not client_mixes.is_description(Path(chosen.trace))


def _is_recorded(chosen: argparse.Namespace) -> bool:
    """Whether no argument overrides the recording, and it can be read again, which a pipe cannot."""
    if not chosen.trace or any(getattr(chosen, name) is not None for name in DESCRIBING):
        return False
    return not Path(chosen.trace).is_fifo()


def _clients(path: Path, streams: Sequence[ChanceStreams]) -> tuple[tuple[PlayedTraffic, ...], str] | None:
    """Traffic of ServeGen's clients, if few enough of their requests arrive to be drawn."""
    try:
        clients = plan_clients.busiest(path)
        if clients is None:
            return None
        return tuple(clients.drawn(one) for one in streams), clients.words(path, len(streams))
    except UnreadableTraffic as problem:
        raise UnreadableTraffic(f"--trace {path}: {problem}{CALCULATED}") from problem


def busiest(trace: ReadTrace, most: int) -> tuple[PlayedTraffic, str]:
    """The whole recording, or the shortest part of a longer one with `most` requests."""
    whole = PlayedTraffic(arrivals=trace.arrivals, seconds=trace.seconds, at_once=trace.at_once, began=trace.began)
    found = busiest_part.of(whole, most)
    if found is None:
        return whole, trace.words
    return found.traffic, f"{trace.words}; its busiest {most:,} requests, from minute {found.since / 60:.0f} on"

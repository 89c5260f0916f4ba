"""The second half of `fairlead plan`: simulate the arithmetic's proposals; the answer is the cheapest that holds."""

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Final

from fairlead.backtest import drawn_traffic, plan_room, played_plan
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.plan_player import PlanPlayer
from fairlead.backtest.plan_room import FleetRoom
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.played_plan import PlayedPlan, Player
from fairlead.cli import client_mixes, offline_data, plan_clients, plan_inputs, playable
from fairlead.cli.plan_inputs import DESCRIBING
from fairlead.cli.simulate_inputs import SeededStreams
from fairlead.cli.simulate_traffic import ReadTrace, TraceCut, TraceFile
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator import packaged_data
from fairlead.fleet.capacity_plan import CapacityPlan, FleetProposal, LatencyObjectives
from fairlead.objects import plan_manifests
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.client_mix import ChanceStreams
from fairlead.sizing.capacity_planning import PlanInputs

SEEDS: Final = 3
MIN_REQUESTS: Final = 20.0
"""Drawn on average: of fewer, a single late one is more than one in twenty."""
MAX_REQUESTS: Final = 20_000
"""Of a longer recording, the busiest part is played."""
QUEUED_PART: Final = 0.1
MIN_QUEUED_S: Final = 60.0
"""First tokens may take at most a tenth of the time that is played, but always this long. A fleet that is too small for
the traffic lets its queue grow without end; within the time that is played, even that keeps a laxer objective."""
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
    objectives = _judged(inputs.objectives, traffics[0])
    if objectives != inputs.objectives:
        words = f"{words}; first tokens are allowed {objectives.ttft_p95_s:.0f} s, so that no queue grows without end"
    settings = PlaySettings(streams=SeededStreams(chosen.seed), objectives=objectives)
    made = maker(chosen.model, chosen.config_json, chosen.products, chosen.name)
    player = PlanPlayer(made=made, traffics=traffics, settings=settings)
    found = played_plan.search(options, lambda one: _with_progress(player, one))
    room = None
    if found.best is not None:
        _show(f"{player.played} fleets simulated; the best one is simulated with more requests")
        roomiest = plan_room.roomiest(found.best, lambda times: sped_up(player, times))
        found, room = found.with_best(roomiest.best), roomiest.room
    if sys.stderr.isatty():
        print(file=sys.stderr)
    unplayable = tuple(player.unplayable.values())
    return PlanPlays(plan=found, traffic=words, unplayable=unplayable, objectives=objectives, room=room)


def sped_up(player: PlanPlayer, times: float) -> Player:
    """The same player on that many times the requests, each run to its end."""
    return replace(player, traffics=[one.sped_up(times) for one in player.traffics], whole=True)


def is_played(chosen: argparse.Namespace, inputs: PlanInputs) -> bool:
    """Whether there is an objective that could be missed, and playing is not off."""
    goals = (inputs.objectives.ttft_p95_s, inputs.objectives.tpot_p95_s)
    return not chosen.no_play and goals != (None, None)


def undrawable(chosen: argparse.Namespace, inputs: PlanInputs) -> str:
    """Say that more requests arrive than can be drawn and played, or too few to tell anything; empty if not."""
    rate, most = drawn_traffic.rate_of(inputs.traffic), drawn_traffic.MAX_RATE
    if not is_played(chosen, inputs) or _has_requests(chosen):
        return ""
    if rate * drawn_traffic.MAX_SECONDS < MIN_REQUESTS:
        return (
            f"calculated, not simulated: of {rate:.2g} requests a second, fewer than {MIN_REQUESTS:g} arrive in "
            f"{drawn_traffic.MAX_SECONDS / 3600:g} hours; plan for a higher rate to see it simulated"
        )
    if rate <= most:
        return ""
    return (
        f"calculated, not simulated: {rate:,.0f} requests a second are more than the {most:,.0f} that can be drawn; "
        "plan for a part of the rate to see it simulated"
    )


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


def _judged(objectives: LatencyObjectives, traffic: PlayedTraffic) -> LatencyObjectives:
    """The objectives, with one for first tokens that a queue that grows without end misses."""
    most = max(traffic.seconds * QUEUED_PART, MIN_QUEUED_S)
    return replace(objectives, ttft_p95_s=min(objectives.ttft_p95_s or inf, most))


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
    since, until, longer = _densest(trace.arrivals(16), most)
    if not longer or trace.at_once:
        every = PlayedTraffic(arrivals=trace.arrivals, seconds=trace.seconds, at_once=trace.at_once, began=trace.began)
        return every, trace.words

    def arrivals(page_tokens: int) -> Iterator[RequestArrival]:
        for one in trace.arrivals(page_tokens):
            if since <= one.time <= until:
                yield replace(one, time=one.time - since)

    words = f"{trace.words}; its busiest {most:,} requests, from minute {since / 60:.0f} on"
    began = None if trace.began is None else trace.began + since
    return PlayedTraffic(arrivals=arrivals, seconds=until - since, began=began), words


def _densest(arrivals: Iterator[RequestArrival], most: int) -> tuple[float, float, bool]:
    """Return the first and last time of the densest `most` requests, and whether there are more."""
    last: deque[float] = deque(maxlen=most)
    found, longer = (0.0, inf), False
    for one in arrivals:
        longer = longer or len(last) == most
        last.append(one.time)
        if len(last) == most and one.time - last[0] < found[1] - found[0]:
            found = (last[0], one.time)
    return *found, longer

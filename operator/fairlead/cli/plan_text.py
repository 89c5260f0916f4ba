"""A plan as text: the objects to apply, the results of simulation, the arithmetic, and why the others lost."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import yaml

from fairlead.api.lifecycle import MAX_REPLICAS
from fairlead.backtest import played_plan
from fairlead.backtest.played_plan import PlayedProposal
from fairlead.cli import kept_share, text_table
from fairlead.cli import plan_unanswered as unanswered
from fairlead.cli.plan_play import PlanPlays
from fairlead.fleet.capacity_plan import CapacityPlan, FleetProposal, LatencyObjectives, RejectedConfiguration
from fairlead.fleet.plurals import count
from fairlead.objects import plan_manifests

HEADS: Final = (
    *("configuration", "batch", "replicas", "USD/h", "SLO met"),
    *("TTFT p95", "reckoned", "TPOT p95", "reckoned"),
)
SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """What `fairlead plan` prints."""

    planned: CapacityPlan
    plays: PlanPlays | None
    name: str
    source: str
    objectives: LatencyObjectives = LatencyObjectives()
    note: str = ""
    """Why nothing was played although there is an objective."""
    simulated: bool = False
    """Whether all that may keep the objectives was played."""
    chosen: bool = False
    """Whether only some GPUs were to be looked at."""

    @property
    def answer(self) -> FleetProposal | None:
        """The best of what was played; if nothing was, the best by arithmetic."""
        if self.plays is None:
            return self.planned.best
        best = self.plays.plan.best
        return None if best is None else best.proposal


def as_yaml(shown: ShownPlan) -> str:
    """Format the proposal as YAML to apply, with its arithmetic as comments."""
    best, planned = shown.answer, shown.planned
    if best is None:
        plays = shown.plays
        if plays is not None:
            return "\n".join(_unkept(shown, plays))
        why = unanswered.nothing(planned, shown.objectives, simulated=shown.simulated, chosen=shown.chosen)
        return "\n".join(why)
    held = [one for one in (shown.note, _too_many(best)) if one]
    if shown.plays is not None:
        held = [f"simulated: {_held(shown.plays)}", f"  on {shown.plays.traffic}", *_room(shown.plays), *held]
    comments = "\n".join(f"# {line}" for line in (*held, *best.arithmetic))
    manifest = yaml.safe_dump(plan_manifests.deployment(shown.name, shown.source, best), sort_keys=False)
    return f"{comments}\n{manifest}".rstrip()


def as_text(shown: ShownPlan) -> str:
    """Format as text: the summary first, then what to apply, then the others."""
    best, planned = shown.answer, shown.planned
    if best is None:
        return as_yaml(shown)
    head = f"{best.replicas} x ({best.configuration.words}): {_money(best)}"
    if shown.plays is None:
        others = "\n".join(f"  {place}. {_lost(one)}" for place, one in enumerate(planned.runners_up, start=2))
        below = [f"Runners-up:\n{others or '  none: nothing else keeps the objectives'}"]
    else:
        below = list(_table(shown.plays))
        head = "\n".join([head, _held(shown.plays), *_room(shown.plays)])
    return "\n".join([head, "", as_yaml(shown), "", *below, unanswered.left_out(planned)])


def as_json(shown: ShownPlan) -> str:
    """Format everything as JSON: `best` is the fleet of the manifest, `reckoned` that of arithmetic alone."""
    best, plays = shown.answer, shown.plays
    manifest = plan_manifests.deployment(shown.name, shown.source, best) if best else None
    played = None if plays is None else _played(plays)
    reckoned = asdict(shown.planned)
    found = {"best": asdict(best) if best else None, "reckoned": reckoned.pop("best"), **reckoned}
    note = "; ".join(one for one in (shown.note, _too_many(best)) if one)
    return json.dumps({"manifest": manifest, "played": played, "note": note, **found}, indent=1)


RENDER: Final[Mapping[str, Callable[[ShownPlan], str]]] = {
    "text": as_text,
    "yaml": as_yaml,
    "json": as_json,
}


def _held(plays: PlanPlays) -> str:
    """The result of the best proposal."""
    best = plays.plan.best
    assert best is not None
    latencies = [run.report for run in best.runs]
    first = max(one.ttft.p95 for one in latencies)
    pace = text_table.milliseconds(
        max((one.tpot.p95 for one in latencies if math.isfinite(one.tpot.p95)), default=math.inf)
    )
    token = "no reply has a second token" if pace == "-" else f"{pace} a token"
    more = "" if best.reckoned == best.proposal.replicas else f"; by arithmetic {best.reckoned} would be needed"
    more = "; by arithmetic, no number of these would do" if best.proposal.at_best else more
    runs = "" if len(best.runs) == 1 else f", the worst of {len(best.runs)} seeds"
    met = f"{kept_share.kept(best.kept)} of requests meet the objectives"
    return f"{met}, first token within {first:.2f} s and {token} (p95{runs}){more}"


def _room(plays: PlanPlays) -> Iterator[str]:
    """How many meet the objectives among more requests, and with a replica fewer."""
    best, room = plays.plan.best, plays.room
    if best is None or room is None:
        return
    held = room.holding
    nearest, *further = [one for one in (held, room.missing) if one]
    shares = [f"{nearest.kept:.1%} with {nearest.times - 1:.0%} more requests"]
    shares += [f"{one.kept:.1%} with {one.times - 1:.0%} more" for one in further]
    if room.without_one is not None:
        shares.append(f"{room.without_one:.1%} without one of its {best.proposal.replicas} replicas")
    words = ", ".join(shares)
    yield (
        f"room: {words} would meet them"
        if held
        else f"no room: only {words} would meet them; --room plans for more requests"
    )


def _table(plays: PlanPlays) -> Iterator[str]:
    """A table of what was played: fleets that held first; each with simulated and computed figures."""
    yield f"Simulated on {plays.traffic}:"
    shown = list(played_plan.best_first(plays.plan))
    yield from (f"  {line}" for line in text_table.aligned([HEADS, *(_row(one) for one in shown[:SHOWN])], left=1))
    yield from _beside(plays, shown)


def _beside(plays: PlanPlays, shown: Sequence[PlayedProposal]) -> Iterator[str]:
    """Notes on the assumptions, and what was not played."""
    notes = {note for one in shown for run in one.runs for note in run.notes if note.startswith("step times")}
    yield from (f"  {note}" for note in sorted(notes)[:2])
    yield "  ! too few requests meet the objectives; <: the rest was not simulated, since nothing could make up for it"
    if plays.plan.left:
        left = count(plays.plan.left, "configuration")
        yield f"  {left} not simulated, since {len(plays.plan.tried)} fleets were"
    for one in plays.unplayable:
        yield f"  not simulated: {one.reason}: {one.because}"


def _row(one: PlayedProposal) -> tuple[str, ...]:
    proposal, run = one.proposal, one.runs[0]
    cut = "<" if run.cut else ""
    return (
        proposal.configuration.words,
        str(proposal.supply.concurrent),
        str(proposal.replicas),
        f"{proposal.cost_per_hour:.2f}",
        f"{cut}{kept_share.kept(one.kept)}{'' if one.keeps else ' !'}",
        text_table.seconds(run.report.ttft.p95),
        f"{proposal.supply.ttft_p95_s:.2f} s",
        text_table.milliseconds(run.report.tpot.p95),
        f"{proposal.supply.tpot_s * 1000:.0f} ms",
    )


def _played(plays: PlanPlays) -> dict[str, Any]:
    room, fleets = plays.room, [_values(one) for one in plays.plan.tried]
    if room is None:
        return {"traffic": plays.traffic, "room": None, "fleets": fleets}
    busier = [asdict(one) for one in room.busier]
    return {"traffic": plays.traffic, "room": {"busier": busier, "withoutOne": room.without_one}, "fleets": fleets}


def _values(one: PlayedProposal) -> dict[str, Any]:
    return {
        "proposal": asdict(one.proposal),
        "reckonedReplicas": one.reckoned,
        "keeps": one.keeps,
        "kept": one.kept,
        "runs": [{"cut": run.cut, "report": run.report.as_document()} for run in one.runs],
    }


def _unkept(shown: ShownPlan, plays: PlanPlays) -> Iterator[str]:
    """The proposals that come nearest."""
    yield unanswered.unkept(shown.objectives, plays.objectives, plays.plan)
    yield from _table(plays)


def _too_many(best: FleetProposal | None) -> str:
    """Say that no single object may have so many replicas; empty if one may."""
    if best is None or best.replicas <= MAX_REPLICAS:
        return ""
    parts = math.ceil(best.replicas / MAX_REPLICAS)
    return (
        f"refused as it is: spec.replicas: {best.replicas} is above {MAX_REPLICAS}, the most that an "
        f"InferenceDeployment may have; apply {parts} of them, each for 1/{parts} of the traffic"
    )


def _money(proposal: FleetProposal) -> str:
    return f"{proposal.cost_per_hour:.2f} USD an hour, {proposal.cost_per_thousand_tokens:.5f} USD per 1,000 tokens"


def _lost(one: RejectedConfiguration) -> str:
    money = f", {_money(one.proposal)}" if one.proposal else ""
    return f"{one.configuration.words}{money}\n     {one.because}"

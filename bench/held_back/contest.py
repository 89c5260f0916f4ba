"""One recording: every contestant is tuned on its first part and evaluated on the part held back.

Tuned are Fairlead's policy, as `fairlead tune` searches it, and the one knob of each baseline, with its default and
every other setting that `backtest.baselines` names. One rule selects for all: among those that keep the objectives with
one request in a hundred to spare, the fewest GPU hours; else the most requests kept.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench import simulated_fleets
from bench.autoscaling import bounding
from bench.autoscaling.contestants import MOST
from bench.autoscaling.playing import Stage
from bench.autoscaling.traffic import Part, Traffic
from fairlead.backtest import policy_search, reference_fleets
from fairlead.backtest.baselines import BASELINES, Baseline
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedTraffic, PlaySettings, play
from fairlead.fleet.policies import Objectives, ReplicaBounds, ScalingPolicy
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts

COLD_S: Final = 110.0
OURS: Final = "Fairlead"
BY_DEFAULT: Final = "Fairlead, not tuned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result on one part."""

    kept: float
    """Share of requests that were answered within both objectives."""
    worst: float
    """The same in the worst ten minutes."""
    first: float
    """Share within the objective for the first token alone."""
    pace: float
    """Share within the objective for the time between tokens alone."""
    gpu_hours: float
    replicas: float
    """On average."""
    most: int

    @property
    def keeps(self) -> bool:
        """Whether the objectives were kept."""
        return self.kept >= KEPT_GOAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One row of the table."""

    name: str
    setting: str
    """The setting that tuning chose."""
    plays: int
    """Runs on the tuning part."""
    tuned: Outcome
    held: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """All rows of one recording."""

    name: str
    words: str
    tuned_on: int
    """Requests of the tuning part."""
    requests: int
    """Requests of the part held back."""
    peak: int
    """The fewest replicas that keep the objectives on the tuning part; all start with as many."""
    least: float
    """A lower bound on the GPU hours that keep the objectives on the part held back."""
    rows: tuple[Contestant, ...]


class Recording:
    """Runs on both parts of one recording."""

    def __init__(self, traffic: Traffic, listener: Callable[[str], None]) -> None:
        self.traffic, self._listener = traffic, listener
        self._tuning, self._held = (_played_traffic(one) for one in (traffic.tuning, traffic.reported))
        self._settings = PlaySettings(
            streams=simulated_fleets.streams,
            objectives=traffic.lived.objectives,
            cold_starts=FixedColdStarts(COLD_S),
        )
        self._plays = 0
        self.peak = 1

    def candidate(self) -> Candidate:
        """Fairlead with the default policy and the traffic's own objectives."""
        lived = self.traffic.lived
        goals = Objectives(ttft_p95_seconds=lived.objectives.ttft_p95_s, tpot_p95_seconds=lived.objectives.tpot_p95_s)
        return Candidate(
            name=OURS,
            settings=lived.settings(),
            times=lived.times(),
            ranks=1,
            gpus=lived.sizing.parallelism.gpus,
            price_an_hour=1.0,
            replicas=ReplicaBounds(least=1, most=MOST),
            policy=ScalingPolicy(objectives=goals),
            routers=1,
            notes=(),
        )

    def find_peak(self) -> Contestant:
        """Size a fixed fleet by the tuning part: all others start with as many replicas."""
        one = self.candidate()
        found = reference_fleets.static_peak(one, self._tuning, self._settings)
        self.peak = round(found.mean_replicas)
        self._settings = replace(self._settings, start=self.peak)
        fixed = one.fixed(self.peak)
        return self._row("fixed fleet", f"{self.peak} replicas", 0, (found, self.on_held(fixed)))

    def on_tuning(self, one: Candidate) -> PlayedCandidate:
        """Run on the part where settings are chosen."""
        self._plays += 1
        found = play(one, self._tuning, self._settings)
        self._listener(f"{self.traffic.name}: {one.name}: {found.report.kept:.1%}, {found.cost or 0:.2f} GPU hours")
        return found

    def on_held(self, one: Candidate) -> PlayedCandidate:
        """Run on the part held back."""
        return play(one, self._held, self._settings)

    def ours(self) -> Iterator[Contestant]:
        """Fairlead by default, and as `fairlead tune` sets it."""
        one = self.candidate()
        tuning = policy_search.tune(one, self._all_on_tuning)
        yield self._row(BY_DEFAULT, "default policy", 1, (tuning.first, self.on_held(one)))
        steps = "; ".join(f"{step.field} {step.after:g}" for step in tuning.steps) or "as by default"
        yield self._row(OURS, steps, tuning.plays, (tuning.last, self.on_held(tuning.candidate)))

    def baseline(self, kind: Baseline) -> Contestant:
        """A baseline with its best setting."""
        one = self.candidate()
        settings = (kind.default, *kind.tried)
        candidates = [one.under(replace(kind, default=setting)) for setting in settings]
        runs = zip(settings, candidates, self._all_on_tuning(candidates), strict=True)
        setting, chosen, run = min(runs, key=lambda each: policy_search.rank(each[2]))
        words = f"{setting:g} {kind.knob}"
        return self._row(kind.name, words, len(settings), (run, self.on_held(chosen)))

    def least(self) -> float:
        """For the part held back."""
        part = self.traffic.reported
        stage = Stage(
            traffic=self.traffic, part=part, arrivals=list(self._held.arrivals(0)), cold_s=COLD_S, replicas=self.peak
        )
        return bounding.least_gpu_hours(stage).anyhow

    def _all_on_tuning(self, some: Sequence[Candidate]) -> list[PlayedCandidate]:
        return [self.on_tuning(one) for one in some]

    def _row(self, name: str, setting: str, plays: int, runs: tuple[PlayedCandidate, PlayedCandidate]) -> Contestant:
        tuned, held = (_outcome(one) for one in runs)
        return Contestant(name=name, setting=setting, plays=plays, tuned=tuned, held=held)


def contest(traffic: Traffic, listener: Callable[[str], None]) -> Contest:
    """Run all on one recording, on one core."""
    made = Recording(traffic, listener)
    fixed = made.find_peak()
    rows = (*made.ours(), *(made.baseline(kind) for kind in BASELINES.values()), fixed)
    return Contest(
        name=traffic.name,
        words=f"{traffic.words}; {traffic.lived.words}",
        tuned_on=_requests(traffic.tuning),
        requests=_requests(traffic.reported),
        peak=made.peak,
        least=made.least(),
        rows=rows,
    )


def _requests(part: Part) -> int:
    return sum(part.since <= one.time < part.until for one in part.arrivals())


def _played_traffic(part: Part) -> PlayedTraffic:
    requests = part.arrivals()

    def arrivals(_: int) -> Iterator[RequestArrival]:
        return (one for one in requests if one.time < part.until)

    return PlayedTraffic(arrivals=arrivals, seconds=part.until, since=part.since)


def _outcome(one: PlayedCandidate) -> Outcome:
    assert one.cost is not None
    return Outcome(
        kept=one.report.kept,
        worst=one.worst.kept if one.worst is not None else one.report.kept,
        first=one.report.kept_first,
        pace=one.report.kept_pace,
        gpu_hours=one.cost,
        replicas=one.mean_replicas,
        most=one.max_replicas,
    )

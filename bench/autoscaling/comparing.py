"""One traffic, all contestants, both cold starts: run one after the other on one core, deterministically."""

from dataclasses import dataclass, replace
from typing import Final

from bench.autoscaling import bounding, searching
from bench.autoscaling.contestants import KINDS, ours
from bench.autoscaling.playing import Played, Stage, played
from bench.autoscaling.searching import Swept
from bench.autoscaling.traffic import Traffic
from fairlead.backtest.baselines import Baseline
from fairlead.backtest.lower_bound import LeastSeconds

COLD_STARTS_S: Final = (110.0, 300.0)
GOAL_COST: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A baseline at its default and at its best."""

    name: str
    by_default: Played
    setting: float
    tuned: Played
    swept: Swept
    """Every setting on the reported part: the choices that hindsight would have had."""

    def as_much(self, as_ours: Played) -> tuple[float, Played] | None:
        """The cheapest setting that keeps at least as much; None if there is none."""
        keeping = [(setting, run) for setting, run in self.swept if run.attainment >= as_ours.attainment]
        return min(keeping, key=lambda one: one[1].gpu_hours, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One traffic at one cold start."""

    traffic: str
    words: str
    trace: bool
    cold_s: float
    since: float
    until: float
    peak: int
    static: Played
    steadiest: int
    throughout: Played
    """The smallest fixed count that holds in every ten minutes."""
    ours: Played
    rivals: tuple[Rival, ...]
    foreknown: Played
    least: LeastSeconds
    """Lower bounds on the GPU hours of any run that holds."""

    def cost(self, one: Played) -> float:
        """Cost relative to static peak."""
        return one.gpu_hours / self.static.gpu_hours

    @property
    def kept(self) -> bool:
        """Whether objectives are kept at three quarters of the cost."""
        return self.ours.holds and self.cost(self.ours) <= GOAL_COST

    @property
    def dominates(self) -> bool:
        """Whether ours is better than every tuned baseline in cost or attainment, and worse in neither."""
        return all(dominated(one.tuned, self.ours) for one in self.rivals)

    @property
    def beyond(self) -> bool:
        """Whether no setting of any baseline, even chosen in hindsight, keeps as much for as little."""
        found = (one.as_much(self.ours) for one in self.rivals)
        return all(one is None or one[1].gpu_hours > self.ours.gpu_hours for one in found)

    @property
    def best_holding(self) -> bool:
        """Whether ours holds, and every tuned baseline costs more or does not."""
        return self.ours.holds and all(
            not one.tuned.holds or one.tuned.gpu_hours > self.ours.gpu_hours for one in self.rivals
        )

    @property
    def over_plan(self) -> float:
        """Cost relative to foreknowledge."""
        return self.ours.gpu_hours / self.foreknown.gpu_hours - 1

    @property
    def regret(self) -> float:
        """Cost relative to the lower bound."""
        return self.ours.gpu_hours / bounding.of(self.least, self.ours) - 1


def dominated(one: Played, by: Played) -> bool:
    """Pareto dominance."""
    no_worse = by.attainment >= one.attainment and by.gpu_hours <= one.gpu_hours
    return no_worse and (by.attainment > one.attainment or by.gpu_hours < one.gpu_hours)


def compared(traffic: Traffic, cold_s: float, *, quick: bool = False) -> Compared:
    """Static peak is the same for every cold start; each contestant starts with as many replicas."""
    part = traffic.reported
    base = Stage(traffic=traffic, part=part, arrivals=part.arrivals(), cold_s=0.0, replicas=1)
    peak, static = searching.static(base, lambda run: run.holds)
    steadiest, throughout = searching.static(base, lambda run: run.holds_throughout, peak - 1)
    stage = replace(base, cold_s=cold_s, replicas=peak)
    arrivals = traffic.tuning.arrivals()
    tuning = Stage(traffic=traffic, part=traffic.tuning, arrivals=arrivals, cold_s=cold_s, replicas=peak)
    return Compared(
        traffic=traffic.name,
        words=f"{traffic.words}; {traffic.lived.words}",
        trace=traffic.trace,
        cold_s=cold_s,
        since=part.since,
        until=part.until,
        peak=peak,
        static=static,
        steadiest=steadiest,
        throughout=throughout,
        ours=played(stage, "Fairlead", ours(traffic)),
        rivals=tuple(_rival(kind, stage, tuning, quick=quick) for kind in KINDS),
        foreknown=searching.foreknown(stage, peak),
        least=bounding.least_gpu_hours(stage),
    )


def _rival(kind: Baseline, stage: Stage, tuning: Stage, *, quick: bool) -> Rival:
    tried = kind.tried[1::2] if quick else kind.tried
    setting = searching.best(searching.swept(kind, tuning, tried))
    swept = searching.swept(kind, stage, (*tried, kind.default))
    runs = dict(swept)
    return Rival(name=kind.name, by_default=runs[kind.default], setting=setting, tuned=runs[setting], swept=swept)

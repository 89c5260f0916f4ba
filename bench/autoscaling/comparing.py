"""One traffic, all contestants, both cold starts: played one after the other on one core, the same each time."""

from dataclasses import dataclass, replace
from typing import Final

from bench.autoscaling import searching
from bench.autoscaling.contestants import KINDS, Kind, ours
from bench.autoscaling.playing import Played, Stage, played
from bench.autoscaling.traffic import Traffic

COLD_STARTS_S: Final = (110.0, 300.0)
GOAL_COST: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A baseline by default and at its best."""

    name: str
    by_default: Played
    setting: float
    tuned: Played


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
    ours: Played
    rivals: tuple[Rival, ...]
    foreknown: Played

    def cost(self, one: Played) -> float:
        """Against static peak."""
        return one.gpu_hours / self.static.gpu_hours

    @property
    def kept(self) -> bool:
        """Promises kept at three quarters of the cost."""
        return self.ours.holds and self.cost(self.ours) <= GOAL_COST

    @property
    def dominates(self) -> bool:
        """Better in cost or attainment than every tuned baseline, and worse in neither."""
        return all(dominated(one.tuned, self.ours) for one in self.rivals)

    @property
    def best_holding(self) -> bool:
        """Holds, and every tuned baseline either costs more or does not."""
        return self.ours.holds and all(
            not one.tuned.holds or one.tuned.gpu_hours > self.ours.gpu_hours for one in self.rivals
        )

    @property
    def regret(self) -> float:
        """Cost over that of foreknowledge."""
        return self.ours.gpu_hours / self.foreknown.gpu_hours - 1


def dominated(one: Played, by: Played) -> bool:
    """In the sense of Pareto."""
    no_worse = by.attainment >= one.attainment and by.gpu_hours <= one.gpu_hours
    return no_worse and (by.attainment > one.attainment or by.gpu_hours < one.gpu_hours)


def compared(traffic: Traffic, cold_starts: tuple[float, ...], *, quick: bool = False) -> list[Compared]:
    """Static peak is the same for both cold starts; each contestant begins with as many replicas."""
    part = traffic.reported
    arrivals = part.arrivals()
    base = Stage(traffic=traffic, part=part, arrivals=arrivals, cold_s=0.0, replicas=1)
    peak, static = searching.static_peak(base)
    asked = traffic.tuning.arrivals()
    found = []
    for cold_s in cold_starts:
        stage = replace(base, cold_s=cold_s, replicas=peak)
        tuning = Stage(traffic=traffic, part=traffic.tuning, arrivals=asked, cold_s=cold_s, replicas=peak)
        found.append(
            Compared(
                traffic=traffic.name,
                words=f"{traffic.words}; {traffic.lived.words}",
                trace=traffic.trace,
                cold_s=cold_s,
                since=part.since,
                until=part.until,
                peak=peak,
                static=static,
                ours=played(stage, "Fairlead", ours(traffic)),
                rivals=tuple(_rival(kind, stage, tuning, quick=quick) for kind in KINDS),
                foreknown=searching.foreknown(stage, peak),
            )
        )
    return found


def _rival(kind: Kind, stage: Stage, tuning: Stage, *, quick: bool) -> Rival:
    setting = searching.best(kind, tuning, kind.tried[1::2] if quick else kind.tried)
    return Rival(
        name=kind.name,
        by_default=played(stage, f"{kind.name}, default", kind.make(kind.default, stage.traffic.to_zero)),
        setting=setting,
        tuned=played(stage, f"{kind.name}, tuned", kind.make(setting, stage.traffic.to_zero)),
    )

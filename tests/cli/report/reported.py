"""A simulated comparison, small enough for tests."""

from collections.abc import Iterator
from dataclasses import replace

from fairlead.backtest import play as playing
from fairlead.backtest.decision_log import PlayedDecision
from fairlead.backtest.lower_bound import LeastSeconds
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.repeats import Repeated
from fairlead.cli.report.page import ReportedComparison
from fairlead.cli.report.timeline import ArrivalRates
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ReplicaBounds, ScalingReason
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest.test_play import candidate, streams

SEVEN_MINUTES = 420.0


def traffic() -> PlayedTraffic:
    """One request a second, and twenty after three minutes."""

    def arrivals(_: int) -> Iterator[RequestArrival]:
        for second in range(int(SEVEN_MINUTES)):
            for part in range(1 if second < 180 else 20):
                yield RequestArrival(time=second + part / 20, prompt_tokens=200, output_tokens=20)

    return PlayedTraffic(arrivals=arrivals, seconds=SEVEN_MINUTES - 0.05)


def played(name: str, first_s: float = 30.0) -> PlayedCandidate:
    bounds = ReplicaBounds(least=1, most=8, policy="chat")
    settings = PlaySettings(streams=streams, objectives=LatencyObjectives(ttft_p95_s=first_s, tpot_p95_s=1.0))
    return playing.play(candidate(bounds, name=name), traffic(), settings)


def row(name: str, first_s: float = 30.0) -> Repeated:
    return Repeated(name=name, runs=(played(name, first_s),), least=LeastSeconds(360.0, 360.0))


def with_changes(one: Repeated, number: int) -> Repeated:
    changes = tuple(
        PlayedDecision(at=60.0 * at, before=at, after=at + 1, reason=ScalingReason.TOKEN_DEMAND, message="more came")
        for at in range(number)
    )
    return replace(one, runs=tuple(replace(run, decisions=changes) for run in one.runs))


def comparison(*rows: Repeated, missing: tuple[str, ...] = (), queued: bool = False) -> ReportedComparison:
    return ReportedComparison(
        command="fairlead simulate fleet.yaml --traffic day.csv",
        traffic="day.csv: some requests",
        rows=rows,
        missing=missing,
        rates=ArrivalRates.of(traffic()),
        queued=queued,
    )

"""Fairlead alone on one traffic, with every change of its decision: explains a row of the table."""

from collections.abc import Iterator

from bench.autoscaling.contestants import ours
from bench.autoscaling.playing import Stage, played
from bench.autoscaling.traffic import Traffic
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import EnginePodPhase, ScalingFacts


class Changes:
    """Listens to every decision and keeps a line for each that changed the number."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, facts: ScalingFacts, memory: ScalingState, answer: Recommendation, now: float) -> None:  # noqa: ARG002  # not shown
        """Note a changed decision."""
        if answer.replicas == facts.wanted:
            return
        ready = sum(one.phase is EnginePodPhase.READY for one in facts.pods)
        text = " ".join(f"{one.signal}={one.replicas}" for one in answer.candidates)
        limits = " ".join(one.bound for one in answer.limits)
        count = f"{facts.wanted:>3} ->{answer.replicas:>3}, {ready:>3} ready"
        self.lines.append(f"{now:>9.0f} s {count}  {answer.reason:<16} {text}  {limits}")


def lines_of(traffic: Traffic, cold_s: float, replicas: int) -> Iterator[str]:
    """Yield a line for each change, then the figures."""
    part, changes = traffic.reported, Changes()
    stage = Stage(traffic=traffic, part=part, arrivals=part.arrivals(), cold_s=cold_s, replicas=replicas)
    run = played(stage, "Fairlead", ours(traffic, changes.note))
    yield from changes.lines
    kept = f"{run.attainment:.1%} kept (first token {run.first:.1%}, pace {run.pace:.1%})"
    yield f"{traffic.name}, cold start {cold_s:.0f} s: {kept}, {run.gpu_hours:.2f} GPU hours, {run.reversals} reversals"

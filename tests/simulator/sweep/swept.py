"""Sweeps of engines that never ran: what they would have measured, from known step times."""

from collections.abc import Iterable
from dataclasses import replace

from fairlead.fleet.sweeps import EngineVariant, KvCapacity, SkippedWork
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep import plan, stretches, sweep_file
from fairlead.simulator.sweep.measurements import (
    EngineColdStart,
    StepMeasurement,
    SweepPoint,
    SweepRecord,
    SweepWork,
    SweptDeployment,
)
from fairlead.simulator.sweep.plan import SweepLimits
from fairlead.simulator.sweep.sweep_file import SweepLine
from tests.simulator.timing import published_rows

LIMITS = SweepLimits(context=8192, sequences=64, batch_tokens=2048)
LACKS = (
    SkippedWork(what=EngineVariant.NGRAM, why="it has none"),
    SkippedWork(what=EngineVariant.SLEEP, why="nor this"),
)
DEPLOYMENT = SweptDeployment(
    model=published_rows.SMALL,
    product=published_rows.H200,
    tensor=1,
    pipeline=1,
    weights="none",
    dtype="auto",
    context=8192,
    sequences=64,
    batch_tokens=2048,
    engine="vLLM 0.32.0",
    command=("--max-model-len", "8192", "--max-num-seqs", "64", "--max-num-batched-tokens", "2048"),
)
START = EngineColdStart(
    variant=EngineVariant.AS_GIVEN,
    kept=False,
    seconds=61.5,
    phases={"import": 20.0, "load": 11.5, "compile": 20.0, "graphs": 4.0, "warmUp": 5.0, "serve": 1.0},
    graphs_gib=0.75,
    capacity=KvCapacity(tokens=160_000, blocks=10_000, block_tokens=16),
)


def measured(point: SweepPoint, times: StepTimes) -> StepMeasurement:
    """What an engine with these step times shows at a point: a hundred steps, or ten prompts."""
    prompts = 0 if point.work is SweepWork.DECODE else 10
    drafts = 3 * point.batch if point.variant is EngineVariant.NGRAM else 0
    found = StepMeasurement(
        point=point,
        seconds=1.0,
        steps=10 if point.work is SweepWork.PREFILL else 100,
        decode_tokens=point.batch + drafts,
        attended=point.batch * (point.context + 50),
        prompts=prompts,
    )
    return replace(found, seconds=stretches.stretch(found, DEPLOYMENT.batch_tokens).predicted(times))


def record(times: StepTimes, points: Iterable[SweepPoint] | None = None) -> SweepRecord:
    """A whole sweep, or these points of it."""
    chosen = plan.points(LIMITS) if points is None else points
    return SweepRecord(deployment=DEPLOYMENT, steps=tuple(measured(one, times) for one in chosen), starts=(START,))


def text(record: SweepRecord) -> str:
    """Its file."""
    lines: tuple[SweepLine, ...] = (*record.steps, *record.starts, *record.sleeps, *record.skipped)
    return sweep_file.header(record.deployment) + "".join(sweep_file.line(one) for one in lines)

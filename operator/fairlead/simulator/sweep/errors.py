"""The errors of step times on measurements: of predictions made before any, and of a sweep itself, leaving one out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep import step_table, stretches
from fairlead.simulator.sweep.measurements import StepMeasurement, SweepRecord, SweepWork
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing.measured_step_times import MeasuredStepTimes
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel


@dataclass(frozen=True, slots=True)
class WorkError:
    """The errors of one kind of work, as shares of the measured values."""

    work: SweepWork
    errors: tuple[float, ...]
    """Signed: above 0 if the prediction was too high."""

    @property
    def size(self) -> float:
        """Median absolute error."""
        return median(map(abs, self.errors))

    @property
    def words(self) -> str:
        """Formatted: `decode: median error 3.1 %, worst +12.0 %, of 14`."""
        worst = max(self.errors, key=abs)
        return f"{self.work}: median error {self.size:.1%}, worst {worst:+.1%}, of {len(self.errors)}"


def of_predictions(record: SweepRecord, times: StepTimes) -> tuple[WorkError, ...]:
    """Return the errors of other step times than the sweep's."""
    limit = record.deployment.batch_tokens
    return _by_work((one, _error(one, times, limit)) for one in _plain(record))


def left_one_out(record: SweepRecord) -> tuple[WorkError, ...]:
    """Return the sweep's own errors: each measurement is predicted from all others, if they determine it."""
    return _by_work(each_left_out(record))


def step_times(record: SweepRecord, graph_tokens: int | None = None) -> MeasuredStepTimes | TooFewMeasurements:
    """Return the sweep's step times, with its errors as provenance; with graphs of longer steps, if measured."""
    limit = record.deployment.batch_tokens
    table = step_table.of(record.steps, limit, graph_tokens)
    if isinstance(table, TooFewMeasurements):
        return table
    sizes = {one.work: one.size for one in left_one_out(record)}
    provenance = Provenance(
        level=ProvenanceLevel.RECORDED,
        source=f"a sweep of {record.deployment.engine} by `fairlead calibrate --sweep`",
        measurements=len(_plain(record)),
        token_error=sizes.get(SweepWork.DECODE),
        first_token_error=sizes.get(SweepWork.PREFILL),
        note="errors are of steps, each measurement left out once",
    )
    return MeasuredStepTimes(table, provenance)


def each_left_out(record: SweepRecord) -> Iterator[tuple[StepMeasurement, float]]:
    """Yield each measurement with the error of the others' prediction."""
    limit = record.deployment.batch_tokens
    provenance = Provenance(level=ProvenanceLevel.RECORDED, source="a sweep")
    for one in _plain(record):
        table = step_table.of([other for other in record.steps if other is not one], limit)
        if not isinstance(table, TooFewMeasurements):
            yield one, _error(one, MeasuredStepTimes(table, provenance), limit)


def _by_work(errors: Iterator[tuple[StepMeasurement, float]]) -> tuple[WorkError, ...]:
    pairs = [(one.point.work, error) for one, error in errors]
    own = {work: tuple(error for other, error in pairs if other is work) for work in SweepWork}
    return tuple(WorkError(work, found) for work, found in own.items() if found)


def _error(one: StepMeasurement, times: StepTimes, batch_tokens: int) -> float:
    return stretches.stretch(one, batch_tokens).predicted(times) / one.seconds - 1


def _plain(record: SweepRecord) -> Sequence[StepMeasurement]:
    return [one for one in record.steps if one.point.variant is EngineVariant.AS_GIVEN]

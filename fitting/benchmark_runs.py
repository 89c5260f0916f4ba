"""All published runs of a text, ready for fitting and prediction, each measurement once; unusable rows are listed."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.simulator.timing import correction_groups
from fairlead.sizing.catalogue import Catalogue
from fitting import silicon_deployments, silicon_layouts, silicon_rows
from fitting.columns import BenchmarkRun
from fitting.silicon_layouts import MeasuredRow
from fitting.silicon_rows import MeasurementIdentity


@dataclass(frozen=True, slots=True)
class BenchmarkRuns:
    """Runs, and which run each row belongs to."""

    runs: tuple[BenchmarkRun, ...]
    listed: tuple[int, ...]
    """For each predictable row of the text, the index of its measurement in `runs`."""
    left_out: tuple[str, ...]
    """A line for each row that is not predicted, with the reason."""


def read(text: str, catalogue: Catalogue) -> BenchmarkRuns:
    """Read all rows; those of one measurement become one run, described by the row of the dump if there is one."""
    rows, strange = silicon_rows.read(text)
    best: dict[MeasurementIdentity, MeasuredRow] = {}
    for one in silicon_layouts.completed_rows(rows):
        catalogued_as = best.setdefault(one.row.identity, one)
        if one.row.dumped and not catalogued_as.row.dumped:
            best[one.row.identity] = one
    runs: list[BenchmarkRun] = []
    places: dict[MeasurementIdentity, int] = {}
    unknown: dict[MeasurementIdentity, str] = {}
    for identity, one in best.items():
        run = _run(one, catalogue)
        if isinstance(run, BenchmarkRun):
            places[identity] = len(runs)
            runs.append(run)
        else:
            unknown[identity] = run
    left_out = [f"{one.name}: {one.because}" for one in strange]
    left_out += [f"{row.name}: line {row.line}: {unknown[row.identity]}" for row in rows if row.identity in unknown]
    listed = [places[row.identity] for row in rows if row.identity in places]
    return BenchmarkRuns(tuple(runs), tuple(listed), tuple(left_out))


def _run(one: MeasuredRow, catalogue: Catalogue) -> BenchmarkRun | str:
    readers = silicon_deployments.question(one.row, one.row.prefill, catalogue)
    writers = silicon_deployments.question(one.row, one.row.decode, catalogue)
    if isinstance(readers, str):
        return readers
    return writers if isinstance(writers, str) else BenchmarkRun(one, readers, writers)


def models(runs: Sequence[BenchmarkRun]) -> list[str]:
    """Each run's architecture; checkpoints of one architecture count as one model, and are left out together."""
    return [correction_groups.architecture(run.writers.shape) for run in runs]


def systems(runs: Sequence[BenchmarkRun]) -> list[str]:
    """Each run's GPU."""
    return [run.writers.accelerator.product for run in runs]


def loads(runs: Sequence[BenchmarkRun]) -> list[str]:
    """Each run's load: model, GPU, engine, lengths and concurrency.

    Runs of one load are always in the same fold, so that a measurement that two listings describe differently is never
    used to predict itself.
    """
    return [
        "/".join(
            map(str, (model, system, run.measured.row.backend, run.measured.row.nominal, run.measured.row.concurrency))
        )
        for run, model, system in zip(runs, models(runs), systems(runs), strict=True)
    ]


def configurations(runs: Sequence[BenchmarkRun]) -> list[str]:
    """Each run's load and everything else in its row, except version, day and times."""
    rows = [run.measured.row for run in runs]
    return [
        "/".join(map(str, (load, row.mode, row.format.removesuffix("_block"), row.prefill, row.decode)))
        for row, load in zip(rows, loads(runs), strict=True)
    ]

"""All published runs of a text, ready to be fitted and predicted, each measurement once; what cannot be is named."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.simulator.timing import silicon_deployments, silicon_layouts, silicon_rows
from fairlead.simulator.timing.columns import BenchmarkRun
from fairlead.simulator.timing.silicon_layouts import MeasuredRow
from fairlead.simulator.timing.silicon_rows import MeasurementIdentity
from fairlead.sizing.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class BenchmarkRuns:
    """Runs, and which run each listed row is."""

    runs: tuple[BenchmarkRun, ...]
    listed: tuple[int, ...]
    """By predictable row of the text: the place of its measurement in `runs`."""
    left_out: tuple[str, ...]
    """A line for each row that is not predicted, with the reason."""


def read(text: str, known: Catalogue) -> BenchmarkRuns:
    """Rows that list one measurement twice become one run, described by the dump where it is in it."""
    rows, strange = silicon_rows.read(text)
    best: dict[MeasurementIdentity, MeasuredRow] = {}
    for one in silicon_layouts.completed_rows(rows):
        known_as = best.setdefault(one.row.identity, one)
        if one.row.dumped and not known_as.row.dumped:
            best[one.row.identity] = one
    runs: list[BenchmarkRun] = []
    places: dict[MeasurementIdentity, int] = {}
    unknown: dict[MeasurementIdentity, str] = {}
    for identity, one in best.items():
        run = _run(one, known)
        if isinstance(run, BenchmarkRun):
            places[identity] = len(runs)
            runs.append(run)
        else:
            unknown[identity] = run
    left_out = [f"{one.name}: {one.because}" for one in strange]
    left_out += [f"{row.name}: {unknown[row.identity]}" for row in rows if row.identity in unknown]
    listed = [places[row.identity] for row in rows if row.identity in places]
    return BenchmarkRuns(tuple(runs), tuple(listed), tuple(left_out))


def _run(one: MeasuredRow, known: Catalogue) -> BenchmarkRun | str:
    readers = silicon_deployments.question(one.row, one.row.prefill, known)
    writers = silicon_deployments.question(one.row, one.row.decode, known)
    if isinstance(readers, str):
        return readers
    return writers if isinstance(writers, str) else BenchmarkRun(one, readers, writers)


def models(runs: Sequence[BenchmarkRun]) -> list[str]:
    """By run: its architecture's name. Checkpoints that are computed alike are one model: none of them stays behind."""
    return [silicon_deployments.architecture(run.writers.shape) for run in runs]


def systems(runs: Sequence[BenchmarkRun]) -> list[str]:
    """By run: its GPU."""
    return [run.writers.accelerator.product for run in runs]


def loads(runs: Sequence[BenchmarkRun]) -> list[str]:
    """By run: model, GPU, engine, lengths and concurrency.

    Runs of one load stay together when samples are cut, whatever else is said of them: a measurement that two listings
    describe differently never helps to predict itself.
    """
    return [
        "/".join(
            map(str, (model, system, run.measured.row.backend, run.measured.row.nominal, run.measured.row.concurrency))
        )
        for run, model, system in zip(runs, models(runs), systems(runs), strict=True)
    ]


def configurations(runs: Sequence[BenchmarkRun]) -> list[str]:
    """By run: its load and all else that a row says but its version, its day and its times."""
    rows = [run.measured.row for run in runs]
    return [
        "/".join(map(str, (load, row.mode, row.format.removesuffix("_block"), row.prefill, row.decode)))
        for row, load in zip(rows, loads(runs), strict=True)
    ]

"""All published runs of a text, ready to be fitted and predicted, each measurement once; what cannot be is named."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.sim.timing import silicon, silicon_layouts, silicon_questions
from fairlead.sim.timing.columns import Run
from fairlead.sim.timing.silicon import Identity
from fairlead.sim.timing.silicon_layouts import Measured
from fairlead.sizing.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Sample:
    """Runs, and which run each listed row is."""

    runs: tuple[Run, ...]
    listed: tuple[int, ...]
    """By predictable row of the text: the place of its measurement in `runs`."""
    left_out: tuple[str, ...]
    """A line for each row that is not predicted, with the reason."""


def read(text: str, known: Catalogue) -> Sample:
    """Rows that list one measurement twice become one run, described by the dump where it is in it."""
    rows, strange = silicon.read(text)
    best: dict[Identity, Measured] = {}
    for one in silicon_layouts.completed(rows):
        known_as = best.setdefault(one.row.identity, one)
        if one.row.dumped and not known_as.row.dumped:
            best[one.row.identity] = one
    runs: list[Run] = []
    places: dict[Identity, int] = {}
    unknown: dict[Identity, str] = {}
    for identity, one in best.items():
        run = _run(one, known)
        if isinstance(run, Run):
            places[identity] = len(runs)
            runs.append(run)
        else:
            unknown[identity] = run
    left_out = [f"{one.name}: {one.because}" for one in strange]
    left_out += [f"{row.name}: {unknown[row.identity]}" for row in rows if row.identity in unknown]
    listed = [places[row.identity] for row in rows if row.identity in places]
    return Sample(tuple(runs), tuple(listed), tuple(left_out))


def _run(one: Measured, known: Catalogue) -> Run | str:
    readers = silicon_questions.question(one.row, one.row.prefill, known)
    writers = silicon_questions.question(one.row, one.row.decode, known)
    if isinstance(readers, str):
        return readers
    return writers if isinstance(writers, str) else Run(one, readers, writers)


def models(runs: Sequence[Run]) -> list[str]:
    """By run: its architecture's name. Checkpoints that are computed alike are one model: none of them stays behind."""
    return [silicon_questions.architecture(run.writers.shape) for run in runs]


def systems(runs: Sequence[Run]) -> list[str]:
    """By run: its GPU."""
    return [run.writers.accelerator.product for run in runs]


def loads(runs: Sequence[Run]) -> list[str]:
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


def configurations(runs: Sequence[Run]) -> list[str]:
    """By run: its load and all else that a row says but its version, its day and its times."""
    rows = [run.measured.row for run in runs]
    return [
        "/".join(map(str, (load, row.mode, row.format.removesuffix("_block"), row.prefill, row.decode)))
        for row, load in zip(rows, loads(runs), strict=True)
    ]

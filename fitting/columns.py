"""Measurements as columns of numbers, so that a fit evaluates all of them at once.

The arithmetic is that of `fixed_concurrency`, with arrays in place of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from fairlead.simulator.timing import step_work
from fairlead.simulator.timing.correction_groups import RowDrafting, ServingMode
from fairlead.simulator.timing.efficiency import REFERENCE_BATCH, StepEfficiency
from fairlead.simulator.timing.physics import EngineBehaviour, FirstTokenOverhead, Physics
from fairlead.simulator.timing.step_work import StepWork
from fairlead.sizing.sizing_input import SizingInput
from fitting import fixed_concurrency
from fitting.fixed_concurrency import ConcurrencyLoad, CorrectionFactors, WorkerPool
from fitting.silicon_layouts import MeasuredRow
from fitting.silicon_rows import BenchmarkRow

Column = NDArray[Any]
RunIndices = NDArray[np.intp]
RunMask = NDArray[np.bool_]

DRAFTS: Final = 2.0
"""Drafted tokens per step of a run with drafting: between the one and three of published recipes."""
BUDGET: Final = 8192.0
"""Prompt tokens of one step: the default of vLLM, SGLang and TensorRT-LLM on GPUs of this size."""
_BATCH_RANGE: Final = (-4.0, 6.0)
"""Range of the logarithm of batch over reference batch in which a correction's power applies."""


@dataclass(frozen=True, slots=True)
class BenchmarkRun:
    """A measurement that can be predicted."""

    measured: MeasuredRow
    readers: SizingInput
    writers: SizingInput


class ModeColumns:
    """The runs of one serving mode."""

    __slots__ = ("backend", "drafted", "engines", "load", "mode", "places", "readers", "writers")

    def __init__(self, runs: Sequence[BenchmarkRun], places: RunIndices, engines: Sequence[str]) -> None:
        chosen = [runs[place] for place in places]
        rows = [run.measured.row for run in chosen]
        self.mode = rows[0].mode if rows else ServingMode.TOGETHER
        self.places = places
        self.engines = engines
        self.backend = np.array([engines.index(row.backend) for row in rows], dtype=np.intp)
        self.drafted = np.array([run.measured.drafting is RowDrafting.LIKELY for run in chosen], dtype=np.float64)
        self.readers = _workers([run.readers for run in chosen], [row.prefill.number for row in rows])
        self.writers = _workers([run.writers for run in chosen], [row.decode.number for row in rows])
        self.load = _load(rows, self.drafted)

    def seen(self, physics: Physics, factors: CorrectionFactors) -> tuple[Column, Column]:
        """Logarithms of the predicted TTFT and TPOT in seconds."""
        behaviour = _behaviour([physics.behaviours[name] for name in self.engines], self.backend)
        load = replace(self.load, kept=as_number(1 + (physics.gain - 1) * self.drafted))
        mine = CorrectionFactors(*(as_number(_as_column(factor)[self.places]) for factor in factors))
        if self.mode is ServingMode.TOGETHER:
            seen = fixed_concurrency.aggregated_figures(self.writers, behaviour, load, mine)
        else:
            seen = fixed_concurrency.disaggregated_figures(self.readers, self.writers, behaviour, load, mine)
        return np.log(_as_column(seen.first_token_s)), np.log(_as_column(seen.token_s))


class RunColumns:
    """All runs, with their measured times."""

    def __init__(self, runs: Sequence[BenchmarkRun]) -> None:
        rows = [run.measured.row for run in runs]
        self.runs = tuple(runs)
        self.engines = tuple(sorted({row.backend for row in rows}))
        modes = np.array([row.mode is ServingMode.TOGETHER for row in rows], dtype=np.bool_)
        places = (np.flatnonzero(modes), np.flatnonzero(~modes))
        self.parts = tuple(ModeColumns(runs, one, self.engines) for one in places if len(one))
        self.first = np.log(np.array([row.first_token_s for row in rows]))
        self.token = np.log(np.array([row.token_s for row in rows]))
        self.batch = np.clip(np.log([_batch(row) / REFERENCE_BATCH for row in rows]), *_BATCH_RANGE)

    def seen(self, physics: Physics, factors: CorrectionFactors | None = None) -> tuple[Column, Column]:
        """The closed form's prediction for each run: logarithms of TTFT and TPOT in seconds."""
        ones = as_number(np.ones(len(self.runs)))
        first, token = np.zeros(len(self.runs)), np.zeros(len(self.runs))
        for part in self.parts:
            first[part.places], token[part.places] = part.seen(physics, factors or CorrectionFactors(ones, ones, ones))
        return first, token


def as_number(column: Column) -> float:
    """Cast a column to a number, for arithmetic that is typed for numbers."""
    return cast("float", column)


def _as_column(number: float) -> Column:
    return cast("Column", number)


def _batch(row: BenchmarkRow) -> float:
    return row.concurrency / (row.decode.number * row.decode.data)


def _workers(questions: Sequence[SizingInput], numbers: Sequence[int]) -> WorkerPool:
    ready = {one: step_work.of(one) for one in set(questions)}
    works = [ready[one] for one in questions]
    named = {field.name: _numbers([getattr(one, field.name) for one in works]) for field in fields(StepWork)}
    ranks = [one.parallelism.data for one in questions]
    return WorkerPool(StepWork(**named), _numbers(numbers), _numbers(ranks))


def _numbers(values: Sequence[float]) -> float:
    return as_number(np.array(values, dtype=np.float64))


def _load(rows: Sequence[BenchmarkRow], drafted: Column) -> ConcurrencyLoad:
    prompts = np.array([row.prompt for row in rows], dtype=np.float64)
    batches = np.array([_batch(row) for row in rows], dtype=np.float64)
    return ConcurrencyLoad(
        prompt=as_number(prompts),
        output=_numbers([row.output for row in rows]),
        clients=_numbers([row.concurrency for row in rows]),
        chunks=as_number(np.maximum(prompts / BUDGET, 1.0)),
        others=as_number(np.maximum(batches - 1.0, 0.0)),
        drafts=as_number(DRAFTS * drafted),
        kept=1.0,
    )


def _behaviour(ordered: Sequence[EngineBehaviour], backend: RunIndices) -> EngineBehaviour:
    reached = {
        field.name: as_number(np.array([getattr(one.efficiency, field.name) for one in ordered])[backend])
        for field in fields(StepEfficiency)
    }
    front = {
        field.name: as_number(np.array([getattr(one.overhead, field.name) for one in ordered])[backend])
        for field in fields(FirstTokenOverhead)
    }
    return EngineBehaviour(StepEfficiency(**reached), FirstTokenOverhead(**front))

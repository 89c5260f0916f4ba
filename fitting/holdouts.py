"""Errors of step times: every run is predicted by coefficients that were fitted without it, in several ways."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never
from zlib import crc32

import numpy as np

from fitting import assumed_physics, benchmark_runs, coefficient_fit, corrections
from fitting.columns import Column, RunColumns, RunMask

FOLDS: Final = 5


class HoldoutKind(StrEnum):
    """The runs that the coefficients were fitted to."""

    ROOFLINE = "roofline"
    """None: assumed shares."""
    MODEL_OUT = "modelOut"
    """All runs but those of the same architecture."""
    SYSTEM_OUT = "systemOut"
    """All runs but those on the same GPU."""
    FITTED = "fitted"
    """The other four fifths of loads, a run's model, GPU and parallelism at other lengths or concurrency included."""
    PLANNED = "planned"
    """As `FITTED`, without corrections of single versions, days and lengths, which a plan cannot know."""
    IN_SAMPLE = "inSample"
    """All runs, the predicted one included."""


@dataclass(frozen=True, slots=True)
class RunPredictions:
    """Logarithms of predicted seconds, by run."""

    first: Column
    token: Column


@dataclass(frozen=True, slots=True)
class ErrorFigures:
    """Errors of one figure over some rows."""

    rows: int
    median: float
    tenth: float
    """One row in ten has a larger error."""
    bias: float
    """Median of the signed error."""


def predictions(columns: RunColumns, kind: HoldoutKind) -> RunPredictions:
    """Predict all runs, each with coefficients of this kind."""
    every = np.ones(len(columns.runs), dtype=np.bool_)
    match kind:
        case HoldoutKind.ROOFLINE:
            return RunPredictions(*columns.seen(assumed_physics.physics(columns.engines)))
        case HoldoutKind.IN_SAMPLE:
            return _learned_predictions(columns, every)
        case HoldoutKind.FITTED:
            return _left_out(columns, _folds(columns), _learned_predictions)
        case HoldoutKind.PLANNED:
            return _left_out(columns, _folds(columns), _planned_predictions)
        case HoldoutKind.MODEL_OUT:
            return _left_out(columns, benchmark_runs.models(columns.runs), _physics_only)
        case HoldoutKind.SYSTEM_OUT:
            return _left_out(columns, benchmark_runs.systems(columns.runs), _physics_only)
        case _:
            assert_never(kind)


def errors(columns: RunColumns, found: RunPredictions, rows: Sequence[int]) -> tuple[ErrorFigures, ErrorFigures]:
    """Errors of TTFT and TPOT over the rows with these indices of runs."""
    places = np.array(rows, dtype=np.intp)
    return (
        error((found.first - columns.first)[places]),
        error((found.token - columns.token)[places]),
    )


def error(logarithms: Column) -> ErrorFigures:
    """Errors from logarithms of predicted over measured."""
    share = np.exp(logarithms) - 1
    size = np.abs(share)
    median, tenth = float(np.median(size)), float(np.quantile(size, 0.9))
    return ErrorFigures(len(share), median, tenth, float(np.median(share)))


def _left_out(
    columns: RunColumns, parts: Sequence[str], predict: Callable[[RunColumns, RunMask], RunPredictions]
) -> RunPredictions:
    part = np.array(parts)
    total = RunPredictions(np.zeros(len(part)), np.zeros(len(part)))
    for one in sorted(set(parts)):
        held = part == one
        found = predict(columns, ~held)
        total.first[held] = found.first[held]
        total.token[held] = found.token[held]
    return total


def _folds(columns: RunColumns) -> list[str]:
    return [str(crc32(name.encode()) % FOLDS) for name in benchmark_runs.loads(columns.runs)]


def _learned_predictions(columns: RunColumns, chosen: RunMask, levels: int | None = None) -> RunPredictions:
    physics = coefficient_fit.fit(columns, chosen)
    learnt = corrections.learn(columns, physics, chosen)
    return RunPredictions(*columns.seen(physics, corrections.factors(columns, learnt, levels)))


def _planned_predictions(columns: RunColumns, chosen: RunMask) -> RunPredictions:
    return _learned_predictions(columns, chosen, corrections.PLANNED)


def _physics_only(columns: RunColumns, chosen: RunMask) -> RunPredictions:
    """Predict without corrections, which a group whose model or GPU is left out cannot have."""
    return RunPredictions(*columns.seen(coefficient_fit.fit(columns, chosen)))

"""How wrong step times are: every run predicted by coefficients that never saw it, in each of the ways that matter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never
from zlib import crc32

import numpy as np

from fairlead.sim.timing import corrections, fitting, groups, roofline, samples
from fairlead.sim.timing.columns import Chosen, Column, Columns

FOLDS: Final = 5


class Kind(StrEnum):
    """What the coefficients had seen."""

    ROOFLINE = "roofline"
    """Nothing: assumed shares."""
    MODEL_OUT = "modelOut"
    """All runs but those of the same architecture."""
    SYSTEM_OUT = "systemOut"
    """All runs but those on the same GPU."""
    FITTED = "fitted"
    """The other four fifths of all loads; the same model, GPU and parallelism at other lengths or concurrency."""
    PLANNED = "planned"
    """The same, less what a plan cannot know: corrections of single versions, days and lengths."""
    IN_SAMPLE = "inSample"
    """Everything, the run itself too."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """Logarithms of seconds, by run."""

    first: Column
    token: Column


@dataclass(frozen=True, slots=True)
class Error:
    """Of one figure over some rows."""

    rows: int
    median: float
    tenth: float
    """One row in ten is further off than this."""
    bias: float
    """Median of the signed error."""


def predicted(columns: Columns, kind: Kind) -> Predicted:
    """All runs, each by coefficients of this kind."""
    every = np.ones(len(columns.runs), dtype=np.bool_)
    match kind:
        case Kind.ROOFLINE:
            return Predicted(*columns.seen(roofline.physics(columns.engines)))
        case Kind.IN_SAMPLE:
            return _learnt(columns, every)
        case Kind.FITTED:
            return _left_out(columns, _folds(columns), _learnt)
        case Kind.PLANNED:
            return _left_out(columns, _folds(columns), _planned)
        case Kind.MODEL_OUT:
            return _left_out(columns, samples.models(columns.runs), _physics_only)
        case Kind.SYSTEM_OUT:
            return _left_out(columns, samples.systems(columns.runs), _physics_only)
        case _:
            assert_never(kind)


def errors(columns: Columns, found: Predicted, rows: Sequence[int]) -> tuple[Error, Error]:
    """Of the first token and of a token, over rows given by their runs' places."""
    places = np.array(rows, dtype=np.intp)
    return (
        error((found.first - columns.first)[places]),
        error((found.token - columns.token)[places]),
    )


def error(logarithms: Column) -> Error:
    """Of logarithms of predicted over measured."""
    share = np.exp(logarithms) - 1
    size = np.abs(share)
    median, tenth = float(np.median(size)), float(np.quantile(size, 0.9))
    return Error(len(share), median, tenth, float(np.median(share)))


def _left_out(columns: Columns, parts: Sequence[str], predict: Callable[[Columns, Chosen], Predicted]) -> Predicted:
    part = np.array(parts)
    total = Predicted(np.zeros(len(part)), np.zeros(len(part)))
    for one in sorted(set(parts)):
        held = part == one
        found = predict(columns, ~held)
        total.first[held] = found.first[held]
        total.token[held] = found.token[held]
    return total


def _folds(columns: Columns) -> list[str]:
    return [str(crc32(name.encode()) % FOLDS) for name in samples.loads(columns.runs)]


def _learnt(columns: Columns, chosen: Chosen, levels: int | None = None) -> Predicted:
    physics = fitting.fit(columns, chosen)
    learnt = corrections.learn(columns, physics, chosen)
    return Predicted(*columns.seen(physics, corrections.factors(columns, learnt, levels)))


def _planned(columns: Columns, chosen: Chosen) -> Predicted:
    return _learnt(columns, chosen, groups.PLANNED)


def _physics_only(columns: Columns, chosen: Chosen) -> Predicted:
    """A group that lost its model or its GPU has no correction to take from others."""
    return Predicted(*columns.seen(fitting.fit(columns, chosen)))

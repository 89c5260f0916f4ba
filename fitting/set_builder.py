"""Builds the packaged sets from measured runs (physics, corrections of groups, errors), and predicts with them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from fairlead.simulator.timing.correction_groups import RowDrafting, ServingMode
from fairlead.simulator.timing.fitted_sets import FitError, FittedGroup, FittedSets
from fitting import coefficient_fit, corrections, silicon_rows
from fitting.columns import RunColumns
from fitting.holdouts import HoldoutKind, RunPredictions

LICENCE: Final = "Apache-2.0"


def build_sets(columns: RunColumns, found: Mapping[HoldoutKind, RunPredictions], listed: Sequence[int]) -> FittedSets:
    """Build the sets: errors from the hold-outs, coefficients from all runs; `listed` are the runs of all rows."""
    every = np.ones(len(columns.runs), dtype=np.bool_)
    physics = coefficient_fit.fit(columns, every)
    learnt = corrections.learn(columns, physics, every)
    members: dict[str, list[int]] = defaultdict(list)
    for place, keys in enumerate(corrections.run_keys(columns)):
        measured = columns.runs[place].measured
        if measured.row.mode is ServingMode.TOGETHER and measured.drafting is RowDrafting.NO:
            for key in keys[: corrections.PLANNED]:
                members[key].append(place)
    left = [_wrong(columns, found[kind], listed) for kind in (HoldoutKind.MODEL_OUT, HoldoutKind.SYSTEM_OUT)]
    return FittedSets(
        source=silicon_rows.SOURCE,
        licence=LICENCE,
        runs=len(columns.runs),
        physics=physics,
        groups={
            key: FittedGroup(learnt[key], len(places), _wrong(columns, found[HoldoutKind.PLANNED], places))
            for key, places in members.items()
        },
        wrong=FitError(max(one.token for one in left), max(one.first_token for one in left)),
    )


def predictions(columns: RunColumns, sets: FittedSets) -> RunPredictions:
    """Predict with given sets; for models that the sets lack, this is what a user gets."""
    learnt = {key: group.correction for key, group in sets.groups.items()}
    return RunPredictions(*columns.seen(sets.physics, corrections.factors(columns, learnt)))


def _wrong(columns: RunColumns, found: RunPredictions, places: Sequence[int]) -> FitError:
    at = np.array(places, dtype=np.intp)
    first = np.abs(np.exp((found.first - columns.first)[at]) - 1)
    token = np.abs(np.exp((found.token - columns.token)[at]) - 1)
    return FitError(float(np.median(token)), float(np.median(first)))

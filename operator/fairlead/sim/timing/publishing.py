"""Makes the packaged sets from a sample, and predicts with them: physics of all runs, corrections of groups, errors."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from fairlead.sim.timing import corrections, fitting, groups, silicon
from fairlead.sim.timing.columns import Columns
from fairlead.sim.timing.fitted_sets import FittedSets, Group, Wrong
from fairlead.sim.timing.holdouts import Kind, Predicted
from fairlead.sim.timing.silicon import Mode
from fairlead.sim.timing.silicon_layouts import Drafting

LICENCE: Final = "Apache-2.0"


def published(columns: Columns, found: Mapping[Kind, Predicted], listed: Sequence[int]) -> FittedSets:
    """Errors come from the hold-outs, coefficients from all runs; `listed` are the runs of all rows."""
    every = np.ones(len(columns.runs), dtype=np.bool_)
    physics = fitting.fit(columns, every)
    learnt = corrections.learn(columns, physics, every)
    members: dict[str, list[int]] = defaultdict(list)
    for place, keys in enumerate(corrections.run_keys(columns)):
        measured = columns.runs[place].measured
        if measured.row.mode is Mode.TOGETHER and measured.drafting is Drafting.NO:
            for key in keys[: groups.PLANNED]:
                members[key].append(place)
    left = [_wrong(columns, found[kind], listed) for kind in (Kind.MODEL_OUT, Kind.SYSTEM_OUT)]
    return FittedSets(
        source=silicon.SOURCE,
        licence=LICENCE,
        runs=len(columns.runs),
        physics=physics,
        groups={
            key: Group(learnt[key], len(places), _wrong(columns, found[Kind.PLANNED], places))
            for key, places in members.items()
        },
        wrong=Wrong(max(one.token for one in left), max(one.first_token for one in left)),
    )


def predicted(columns: Columns, sets: FittedSets) -> Predicted:
    """Runs by sets as they are: of models that the sets never saw this is what a user gets."""
    learnt = {key: group.correction for key, group in sets.groups.items()}
    return Predicted(*columns.seen(sets.physics, corrections.factors(columns, learnt)))


def _wrong(columns: Columns, found: Predicted, places: Sequence[int]) -> Wrong:
    at = np.array(places, dtype=np.intp)
    first = np.abs(np.exp((found.first - columns.first)[at]) - 1)
    token = np.abs(np.exp((found.token - columns.token)[at]) - 1)
    return Wrong(float(np.median(token)), float(np.median(first)))

"""How far repeats of one configuration lie apart: what no model that knows the configuration alone can beat."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from fairlead.simulator.timing import benchmark_runs, holdouts
from fairlead.simulator.timing.columns import Column, RunColumns
from fairlead.simulator.timing.holdouts import ErrorFigures


class RepeatErrors(NamedTuple):
    """Each repeat against the median of the others."""

    first: ErrorFigures
    token: ErrorFigures


def repeat_errors(columns: RunColumns) -> RepeatErrors:
    """Over all configurations that were measured more than once; drafted and undrafted runs are not repeats."""
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, name in enumerate(benchmark_runs.configurations(columns.runs)):
        members[name, columns.runs[place].measured.drafting].append(place)
    several = [np.array(places, dtype=np.intp) for places in members.values() if len(places) > 1]
    return RepeatErrors(_repeat_distances(columns.first, several), _repeat_distances(columns.token, several))


def _repeat_distances(logarithms: Column, several: list[Column]) -> ErrorFigures:
    found = []
    for places in several:
        values = logarithms[places]
        found += [float(np.median(np.delete(values, one)) - values[one]) for one in range(len(values))]
    return holdouts.error(np.array(found))

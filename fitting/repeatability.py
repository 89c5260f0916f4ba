"""The spread of repeated measurements of one configuration: a lower bound on the error of any model."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from fitting import benchmark_runs, holdouts
from fitting.columns import Column, RunColumns
from fitting.holdouts import ErrorFigures


class RepeatErrors(NamedTuple):
    """Errors of each repeat against the median of the others."""

    first: ErrorFigures
    token: ErrorFigures


def repeat_errors(columns: RunColumns) -> RepeatErrors:
    """Errors over all configurations with several measurements; drafted and undrafted runs are not repeats."""
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

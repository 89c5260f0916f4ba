"""How far repeats of one configuration lie apart: what no model that knows the configuration alone can beat."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from fairlead.sim.timing import holdouts, samples
from fairlead.sim.timing.columns import Column, Columns
from fairlead.sim.timing.holdouts import Error


class Repeats(NamedTuple):
    """Each repeat against the median of the others."""

    first: Error
    token: Error


def repeats(columns: Columns) -> Repeats:
    """Over all configurations that were measured more than once; drafted and undrafted runs are not repeats."""
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, name in enumerate(samples.configurations(columns.runs)):
        members[name, columns.runs[place].measured.drafting].append(place)
    several = [np.array(places, dtype=np.intp) for places in members.values() if len(places) > 1]
    return Repeats(_apart(columns.first, several), _apart(columns.token, several))


def _apart(logarithms: Column, several: list[Column]) -> Error:
    found = []
    for places in several:
        values = logarithms[places]
        found += [float(np.median(np.delete(values, one)) - values[one]) for one in range(len(values))]
    return holdouts.error(np.array(found))

"""How wide the span from low to high must be: calibrated on groups of measured starts; `kv_left_out` evaluates it.

A group is a release, a card and a parallelism. Its starts share their causes, so each group has one vote, divided among
its starts. The error is counted in bytes beyond what the input itself explains (the weights' own span), as a share of
what no data sheet gives: activations, graphs, memory outside the tensors, and 1 GiB on every card.
The calibrated share is the conformal quantile: of G groups and the one to come, the stated part lies within.

What the estimate itself takes from measurements, GiB outside the tensors by kind, is learnt here too, so that a group
can be left out of everything learnt. `python -m fitting.kv_intervals` writes the share for the product.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.fleet.quantization import KvFormat
from fairlead.sizing import memory, overheads
from fairlead.sizing.sizing_input import GIB
from fitting import kv_starts
from fitting.kv_starts import MeasuredStart

COVERAGE: Final = 0.95
"""Nineteen of twenty, as stated by `Estimate`."""
TABLE: Final = kv_starts.ROOT / "operator" / "fairlead" / "sizing" / "measured_error.py"
CORRECTED: Final = frozenset({"115", "117"})
"""Rows whose tokens are exact pages of a 16-bit cache (docs/reference/fit.md): learnt so, evaluated as published."""
_SORTING: Final = 36.0 - 12.4
"""Bytes per logit that sorting takes before 0.17; an image that holds FlashInfer samples without it."""


class OutsideKind(StrEnum):
    """What decides how much memory lies outside the tensors."""

    SINGLE_OLD = "one GPU before 0.18"
    SINGLE = "one GPU from 0.18 on"
    SWITCHED_OLD = "behind a switch before 0.15"
    SWITCHED = "behind a switch from 0.15 on"
    EXCHANGE = "over PCIe, beside one GPU's"
    PIPELINE = "a pipeline's stage"


Outside = Mapping[OutsideKind, float]
"""GiB by kind, for two GPUs if several take part."""


@dataclass(frozen=True, slots=True)
class SizedStart:
    """One start with its estimate, split into what the calibration needs; bytes."""

    start: MeasuredStart
    measured: float
    inside: float
    """The likely cache before memory outside the tensors is subtracted."""
    below: float
    above: float
    """Explained by the input itself: an unread checkpoint, an undescribed tower."""
    loose: float
    """The base of the error's share, without memory outside the tensors."""

    @property
    def kinds(self) -> tuple[OutsideKind, ...]:
        """The kinds that add up to its memory outside the tensors; the one that this start can teach is last."""
        sizing, release = self.start.sizing, self.start.release
        single = OutsideKind.SINGLE if release >= (0, 18) else OutsideKind.SINGLE_OLD
        if sizing.parallelism.tensor > 1 and overheads.switched(sizing.accelerator):
            return (OutsideKind.SWITCHED if release >= (0, 15) else OutsideKind.SWITCHED_OLD,)
        if sizing.parallelism.tensor > 1:
            return single, OutsideKind.EXCHANGE
        return (OutsideKind.PIPELINE,) if sizing.parallelism.pipeline > 1 else (single,)

    @property
    def more(self) -> float:
        """GiB for each GPU beyond two behind a switch."""
        switched = self.kinds[0] in {OutsideKind.SWITCHED, OutsideKind.SWITCHED_OLD}
        return overheads.ANOTHER_GIB * (self.start.sizing.parallelism.tensor - 2) if switched else 0.0


def sized(start: MeasuredStart) -> SizedStart:
    """Estimate this start, and add the memory outside its tensors back."""
    breakdown = memory.memory(start.sizing)
    held, drafted, aside = breakdown.weights, breakdown.draft, start.sizing.release.sets_graphs_aside
    return SizedStart(
        start=start,
        measured=start.kv_bytes,
        inside=breakdown.kv.likely + breakdown.framework.likely,
        below=held.high - held.likely + drafted.high - drafted.likely,
        above=held.likely - held.low + drafted.likely - drafted.low,
        loose=memory.ALWAYS + breakdown.activations.likely + (breakdown.graphs.likely if aside else 0.0),
    )


def corrected(start: MeasuredStart) -> MeasuredStart:
    """The start as it is learnt from."""
    if start.row["id"] not in CORRECTED:
        return start
    return replace(start, sizing=replace(start.sizing, kv=KvFormat.AUTO))


def outside(seen: Sequence[SizedStart]) -> dict[OutsideKind, float]:
    """GiB outside the tensors by kind: the median of the groups' medians, for the kinds that occur."""
    found: dict[OutsideKind, float] = {}
    for kind in OutsideKind:
        members = [one for one in seen if one.kinds[-1] is kind]
        if members:
            found[kind] = statistics.median(_medians(members, lambda one: _implied(one, found)))
    return found


def _implied(one: SizedStart, found: Outside) -> float:
    """GiB that must have been outside the tensors, at least 0."""
    taken = (one.inside - one.measured) / GIB - one.more
    if taken < 0 and one.start.release < (0, 17):
        sizing = one.start.sizing
        logits = sizing.batch_sequences * sizing.shape.padded_vocab
        taken += _SORTING * logits / GIB
    return max(0.0, taken - sum(_gib(kind, found) for kind in one.kinds[:-1]))


def _gib(kind: OutsideKind, found: Outside) -> float:
    """GiB of a kind; one never measured is derived from one GPU's, and from an exchange between several."""
    if kind in found:
        return found[kind]
    single = found.get(OutsideKind.SINGLE, found.get(OutsideKind.SINGLE_OLD, 0.0))
    exchange = found.get(OutsideKind.EXCHANGE, 0.0)
    return single if kind in {OutsideKind.SINGLE, OutsideKind.SINGLE_OLD, OutsideKind.PIPELINE} else single + exchange


def share(seen: Sequence[SizedStart], found: Outside, coverage: float = COVERAGE) -> float:
    """The conformal quantile of the groups' errors; the largest if the groups are too few for the coverage."""
    votes = _votes(seen)
    scored = sorted((_score(one, found), votes[one.start.group]) for one in seen)
    groups = len(votes)
    wanted, reached = coverage * (groups + 1), 0.0
    for score, vote in scored:
        reached += vote
        if reached >= wanted - 1e-9:
            return score
    return scored[-1][0]


def _score(one: SizedStart, found: Outside) -> float:
    taken = _taken(one, found)
    error = one.measured - (one.inside - taken)
    unexplained = error - one.above if error > 0 else -error - one.below
    return max(0.0, unexplained) / (one.loose + taken)


def predicted(one: SizedStart, found: Outside, calibrated: float) -> Estimate:
    """Low, likely and high, computed as in `sizing`."""
    taken = _taken(one, found)
    likely, error = one.inside - taken, calibrated * (one.loose + taken)
    return Estimate(likely - one.below - error, likely, likely + one.above + error)


def _taken(one: SizedStart, found: Outside) -> float:
    return (sum(_gib(kind, found) for kind in one.kinds) + one.more) * GIB


def _votes(seen: Iterable[SizedStart]) -> dict[tuple[str, str, str], float]:
    """One vote per group, divided among its starts."""
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in seen:
        counts[one.start.group] += 1
    return {group: 1 / count for group, count in counts.items()}


def _medians(members: Iterable[SizedStart], figure: Callable[[SizedStart], float]) -> list[float]:
    by_group: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for one in members:
        by_group[one.start.group].append(figure(one))
    return [statistics.median(found) for found in by_group.values()]


def all_starts(measured: Path = kv_starts.MEASURED) -> list[MeasuredStart]:
    """The starts of this tree, or of another copy of the published table, and those found afterwards."""
    context = kv_starts.catalogue_here()
    texts = (path.read_text("utf-8") for path in (measured, kv_starts.OTHERS))
    return [start for text in texts for start in kv_starts.starts(text, context)]


def written(starts: Sequence[MeasuredStart]) -> str:
    """The product's table."""
    seen = [sized(corrected(start)) for start in starts]
    calibrated = share(seen, outside(seen))
    groups = len({start.group for start in starts})
    return _TABLE.format(
        share=round(calibrated + 0.005, 2), starts=len(starts), groups=groups, of=round(COVERAGE * 100)
    )


_TABLE: Final = '''\
"""How far measured starts lay from the estimate. Written by `python -m fitting.kv_intervals`; changes here are lost."""

from typing import Final

SHARE: Final = {share}
"""Of activations, graphs, what lies outside the tensors, and 1 GiB: {of} of 100 groups lie within, by {starts}
starts in {groups} groups of release, card and parallelism."""
'''


if __name__ == "__main__":
    TABLE.write_text(written(all_starts()), "utf-8")
    print(f"wrote {TABLE.relative_to(kv_starts.ROOT)}")

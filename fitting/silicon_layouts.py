"""Completes published rows from other rows: the number of workers, and whether tokens were drafted.

Uses descriptions only. Measured times identify rows of one measurement, but never determine a layout.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from fairlead.simulator.timing.correction_groups import RowDrafting, ServingMode
from fitting.silicon_rows import BenchmarkRow, MeasurementIdentity, WorkerGroup

ONE_NODE: Final = 8
RACKS: Final = frozenset({"gb200", "gb300"})
"""Systems whose early listings give all GPUs of a run as one tensor-parallel group of 12 to 72."""
MAY_DRAFT: Final = "DeepSeek-R1"
"""The model whose listings mix runs with and without its MTP head."""
FIRST_DRAFTED: Final = "2026-01-01"
"""From this day on, runs missing from the dump are drafted even if it lacks their day; older ones were superseded."""
_DECODING_SHARE: Final = 2 / 3
"""Share of decode GPUs, for a run whose row gives only their total."""
_FAR: Final = 6.0
"""Distance, in doublings, from which a run's layout is not used for another one."""


class LayoutSource(StrEnum):
    """Where a row's layout comes from."""

    STATED = "said"
    SAME_RUN = "sameRun"
    """Another row of the same measurement has it."""
    LIKE_RUN = "likeRun"
    """Taken from the most similar run: same engine and GPUs, nearest concurrency."""
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """A row with its layout completed."""

    row: BenchmarkRow
    found: LayoutSource
    drafting: RowDrafting


class _BenchmarkDay(NamedTuple):
    system: str
    backend: str
    mode: ServingMode
    format: str
    measured: str


def completed_rows(rows: Sequence[BenchmarkRow]) -> list[MeasuredRow]:
    """All rows with their layouts, in the same order."""
    stated: dict[MeasurementIdentity, BenchmarkRow] = {}
    for row in rows:
        if row.decode.number and not _sums_gpus(row) and (row.identity not in stated or row.dumped):
            stated[row.identity] = row
    alike: dict[str, list[BenchmarkRow]] = defaultdict(list)
    for row in stated.values():
        if row.mode is ServingMode.APART:
            alike[row.backend].append(row)
    undrafted = {row.identity for row in rows if row.dumped}
    days = {_day(row) for row in rows if row.identity in undrafted}
    return [_complete(row, stated, alike[row.backend], _drafting(row, undrafted, days)) for row in rows]


def _day(row: BenchmarkRow) -> _BenchmarkDay:
    return _BenchmarkDay(row.system, row.backend, row.mode, row.format.removesuffix("_block"), row.measured)


def _drafting(row: BenchmarkRow, undrafted: set[MeasurementIdentity], days: set[_BenchmarkDay]) -> RowDrafting:
    if not row.model.endswith(MAY_DRAFT) or row.identity in undrafted:
        return RowDrafting.NO
    return RowDrafting.LIKELY if _day(row) in days or row.measured >= FIRST_DRAFTED else RowDrafting.NO


def _sums_gpus(row: BenchmarkRow) -> bool:
    """Whether the row gives all GPUs as one group, the same for prefill and decode."""
    wide = row.decode.tensor > ONE_NODE and row.decode.number < 2
    return row.system in RACKS and wide and row.prefill == row.decode


def _unsaid(row: BenchmarkRow) -> bool:
    """Whether the row gives neither workers nor GPUs: one listing has 1 for unknown numbers."""
    return not row.decode.number and row.decode.gpus == 1 == row.prefill.gpus


def _complete(
    row: BenchmarkRow,
    stated: Mapping[MeasurementIdentity, BenchmarkRow],
    alike: Sequence[BenchmarkRow],
    drafting: RowDrafting,
) -> MeasuredRow:
    if row.decode.number and not _sums_gpus(row):
        return MeasuredRow(row, LayoutSource.STATED, drafting)
    same = stated.get(row.identity)
    if same is not None:
        return MeasuredRow(_laid_out(row, same), LayoutSource.SAME_RUN, drafting)
    like = min(alike, key=lambda other: _distance(row, other), default=None)
    if like is not None and _distance(row, like) < _FAR:
        return MeasuredRow(_laid_out(row, like), LayoutSource.LIKE_RUN, drafting)
    return MeasuredRow(_guessed(row), LayoutSource.GUESSED, drafting)


def _laid_out(row: BenchmarkRow, like: BenchmarkRow) -> BenchmarkRow:
    return replace(row, mode=like.mode, prefill=like.prefill, decode=like.decode)


def _distance(row: BenchmarkRow, other: BenchmarkRow) -> float:
    """The difference of two runs, in doublings of concurrency; other differences have assumed weights."""
    if _unsaid(row):
        gpus = 0.0
    elif _sums_gpus(row):
        total = other.prefill.gpus * other.prefill.number + other.decode.gpus * other.decode.number
        gpus = abs(math.log2(row.decode.tensor / total))
    else:
        decode, prefill = row.decode.gpus / other.decode.gpus, row.prefill.gpus / other.prefill.gpus
        gpus = abs(math.log2(decode)) * _FAR + abs(math.log2(prefill))
    unlike = (row.system != other.system) + 0.5 * sum(
        one != two for one, two in zip(row.nominal, other.nominal, strict=True)
    )
    return gpus + unlike + abs(math.log2(row.concurrency / other.concurrency))


def _guessed(row: BenchmarkRow) -> BenchmarkRow:
    """An assumed layout: one worker of the given size each; a total of GPUs is split 1 to 2 into prefill and decode."""
    if not _sums_gpus(row):
        return replace(row, prefill=_single_worker(row.prefill), decode=_single_worker(row.decode))
    total = row.decode.tensor
    decoding = max(int(total * _DECODING_SHARE) // ONE_NODE * ONE_NODE, ONE_NODE)
    reading = max((total - decoding) // 4, 1)
    return replace(
        row, mode=ServingMode.APART, prefill=WorkerGroup(reading, 1, 4, True), decode=WorkerGroup(1, 1, decoding, True)
    )


def _single_worker(workers: WorkerGroup) -> WorkerGroup:
    """One worker; one larger than two nodes counts as data parallel, since tensor parallelism ends there."""
    if workers.tensor > 2 * ONE_NODE:
        return WorkerGroup(1, 1, workers.tensor, True)
    return workers._replace(number=1)

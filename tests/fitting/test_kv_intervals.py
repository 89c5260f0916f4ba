"""The low and high estimates hold on held-out data, which the fit does not see."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.sizing import measured_error, memory, overheads
from fitting import kv_intervals, kv_left_out
from fitting.kv_intervals import OutsideKind
from fitting.kv_left_out import GroupKey
from fitting.kv_starts import MeasuredStart

STARTS = kv_intervals.all_starts()
BY_GROUP = kv_left_out.GROUPS["release, card and parallelism"]
TRUE = kv_left_out.left_out(STARTS, BY_GROUP)
GROUPS = sorted({BY_GROUP(start) for start in STARTS})


def test_the_products_table_is_what_the_command_writes() -> None:
    assert kv_intervals.TABLE.read_text("utf-8") == kv_intervals.written(STARTS), "run `python -m fitting.kv_intervals`"


def test_the_products_span_is_the_one_that_is_judged() -> None:
    start = next(one for one in STARTS if one.row["id"] == "13")
    one, breakdown = kv_intervals.sized(start), memory.memory(start.sizing)
    shipped = {OutsideKind.SINGLE: VllmRelease(0, 19).context_gib}
    estimate = kv_intervals.predicted(one, shipped, measured_error.SHARE)
    assert (estimate.low, estimate.likely, estimate.high) == pytest.approx(
        (breakdown.kv.low, breakdown.kv.likely, breakdown.kv.high)
    )


def test_what_lies_outside_the_tensors_is_in_the_product_as_the_starts_show_it() -> None:
    found = kv_intervals.outside([kv_intervals.sized(kv_intervals.corrected(start)) for start in STARTS])
    shipped = {
        OutsideKind.SINGLE_OLD: VllmRelease(0, 17).context_gib,
        OutsideKind.SINGLE: VllmRelease(0, 18).context_gib,
        OutsideKind.SWITCHED_OLD: VllmRelease(0, 14).switched_gib,
        OutsideKind.SWITCHED: VllmRelease(0, 15).switched_gib,
        OutsideKind.EXCHANGE: overheads.EXCHANGE_GIB,
        OutsideKind.PIPELINE: overheads.PIPELINE_GIB,
    }
    assert found == pytest.approx(shipped, abs=0.25), "a hundredth of a small card"


@pytest.mark.parametrize("key", kv_left_out.GROUPS.values(), ids=kv_left_out.GROUPS)
def test_nine_of_ten_lie_inside_whatever_is_left_out_at_once(key: GroupKey) -> None:
    found = kv_left_out.figures(kv_left_out.left_out(STARTS, key))
    assert found.coverage >= 0.9
    assert found.median_error <= 0.05
    assert found.median_ratio <= 1.3


@given(st.sampled_from(GROUPS), st.floats(0.2, 5))
def test_what_a_left_out_group_measured_always_leaves_its_own_prediction_alone(group: str, factor: float) -> None:
    misled = kv_left_out.left_out([_lied(one, factor) if BY_GROUP(one) == group else one for one in STARTS], BY_GROUP)
    assert [one.predicted for one in misled if one.group == group] == [
        one.predicted for one in TRUE if one.group == group
    ]


def _lied(start: MeasuredStart, factor: float) -> MeasuredStart:
    """The same start with another result."""
    other = {name: str(float(start.row[name] or 0) * factor) for name in ("kv_tokens", "avail_kv_gib")}
    return replace(start, row={**start.row, **other})


@pytest.mark.parametrize("blank", ["", " "])
def test_a_start_whose_log_has_no_gib_is_known_by_its_tokens(blank: str) -> None:
    start = next(one for one in STARTS if one.row["avail_kv_gib"] and one.sizing.parallelism.pipeline == 1)
    tokens = replace(start, row={**start.row, "avail_kv_gib": blank})
    assert tokens.kv_bytes == pytest.approx(start.kv_bytes, rel=0.02)


def test_too_few_groups_for_the_coverage_are_taken_at_their_largest_error() -> None:
    few = [kv_intervals.sized(one) for one in STARTS if one.row["id"] in {"111", "113", "13"}]
    found = kv_intervals.outside(few)
    assert kv_intervals.share(few, found) >= kv_intervals.share(few, found, coverage=0.2)


def test_a_kind_without_measurements_is_taken_for_one_gpu_and_an_exchange() -> None:
    switched = next(one for one in STARTS if one.row["id"] == "43")
    without = {OutsideKind.SINGLE: 0.25, OutsideKind.EXCHANGE: 0.1}
    measured = {OutsideKind.SWITCHED: 0.35}
    one = kv_intervals.sized(switched)
    assert kv_intervals.predicted(one, without, 0.5) == kv_intervals.predicted(one, measured, 0.5)

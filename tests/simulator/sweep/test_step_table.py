"""From measurements to step times: known times are recovered, and noise does not reverse any trend."""

from collections.abc import Iterator
from dataclasses import astuple, replace

import pytest

from fairlead.fleet import draft_cost
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.sweep import errors, plan
from fairlead.simulator.sweep.measurements import StepMeasurement, SweepPoint, SweepRecord, SweepWork
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing import drafted_step, roofline
from fairlead.simulator.timing.drafted_step import DraftedStep
from fairlead.simulator.timing.measured_step_times import (
    MeasuredLine,
    MeasuredStepTimes,
    PromptCurve,
    StepTable,
)
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.sizing.sizing_input import DraftSetup
from tests.simulator.sweep import swept
from tests.simulator.timing import published_rows

TRUE = published_rows.times(published_rows.question(), published_rows.packaged())
ORIGIN = Provenance(level=ProvenanceLevel.RECORDED, source="this test")


def found(record: SweepRecord) -> MeasuredStepTimes:
    times = errors.step_times(record)
    assert isinstance(times, MeasuredStepTimes)
    return times


def one_row(lines: tuple[MeasuredLine, ...]) -> tuple[float, ...]:
    (one,) = lines
    return (one.sequences, one.base_s, one.context_token_s)


UNSEEN = (
    published_rows.decoding(3, 300),
    published_rows.decoding(24, 1500),
    published_rows.decoding(100, 700),
    StepBatch(prefills=1, prefill_tokens=700, prefill_pairs=245_350, prefill_context=700),
    StepBatch(prefills=3, prefill_tokens=1500, prefill_pairs=375_750, prefill_context=1500),
    StepBatch(
        decodes=12,
        decode_tokens=12,
        decode_context=6000,
        prefills=1,
        prefill_tokens=600,
        prefill_pairs=180_300,
        prefill_context=600,
    ),
)


@pytest.mark.parametrize("batch", UNSEEN)
def test_steps_that_no_sweep_contained_are_predicted(batch: StepBatch) -> None:
    assert found(swept.record(TRUE)).seconds(batch) == pytest.approx(TRUE.seconds(batch), rel=0.08)


def test_its_own_error_is_that_of_points_left_out() -> None:
    record = swept.record(TRUE)
    own = {one.work: one for one in errors.left_one_out(record)}
    assert set(own) == set(SweepWork)
    assert max(one.size for one in own.values()) < 0.05
    times = found(record)
    assert times.provenance.token_error == own[SweepWork.DECODE].size
    assert times.provenance.line().startswith("step times: recorded (")
    assert "a sweep of vLLM 0.32.0" in times.provenance.line()


def test_predictions_are_held_against_what_was_measured() -> None:
    slower = replace(
        swept.record(TRUE), steps=tuple(replace(one, seconds=2 * one.seconds) for one in swept.record(TRUE).steps)
    )
    (decode, *_) = errors.of_predictions(slower, TRUE)
    assert decode.size == pytest.approx(0.5)
    assert decode.words == f"decode: median error 50.0%, worst -50.0%, of {len(decode.errors)}"


def test_speculation_costs_what_steps_with_drafts_took_longer() -> None:
    drafted = SweepPoint(variant=EngineVariant.NGRAM, work=SweepWork.DECODE, batch=8, context=64)
    plain = found(swept.record(TRUE))
    line = plain.decode_line(8, 8)
    longer = replace(swept.measured(drafted, TRUE), seconds=100 * (line.seconds(8 * 114) + 0.012))
    times = found(replace(swept.record(TRUE), steps=(*_as_given(), longer)))
    assert times.decode_line(8, 32).base_s - times.decode_line(8, 8).base_s == pytest.approx(0.012)


@pytest.mark.parametrize(
    ("step_s", "token_s"), [(0.002, 0.0001), (0.0, 0.0002), (0.003, 0.0)], ids=["both", "tokens only", "steps only"]
)
def test_a_lookup_costs_by_step_and_by_token(step_s: float, token_s: float) -> None:
    plain = found(swept.record(TRUE))
    table = found(replace(swept.record(TRUE), steps=(*_as_given(), *_drafted(plain, step_s, token_s)))).table
    assert (table.draft_step_s, table.draft_token_s) == pytest.approx((step_s, token_s), abs=1e-9)


def test_what_drafts_cost_is_never_below_nothing() -> None:
    plain = found(swept.record(TRUE))
    for step_s, token_s in ((-0.001, 0.0001), (-0.001, 0.0), (0.002, -0.0001)):
        table = found(replace(swept.record(TRUE), steps=(*_as_given(), *_drafted(plain, step_s, token_s)))).table
        assert table.draft_step_s is not None
        assert table.draft_step_s >= 0
        assert table.draft_token_s >= 0


def _drafted(plain: MeasuredStepTimes, step_s: float, token_s: float) -> Iterator[StepMeasurement]:
    """Steps with three drafts a request, longer by this much."""
    for batch in (1, 2, 8):
        point = SweepPoint(variant=EngineVariant.NGRAM, work=SweepWork.DECODE, batch=batch, context=64)
        measured = swept.measured(point, TRUE)
        line = plain.decode_line(batch, batch)
        seconds = line.seconds(measured.attended) + step_s + 3 * batch * token_s
        yield replace(measured, seconds=measured.steps * seconds)


def test_without_drafts_one_costs_what_a_token_of_a_prompt_does() -> None:
    table = found(replace(swept.record(TRUE), steps=_as_given())).table
    rise = table.prompts.seconds[-1] - table.prompts.seconds[0]
    assert table.draft_token_s == rise / (table.prompts.tokens[-1] - table.prompts.tokens[0])


def _as_given() -> tuple[StepMeasurement, ...]:
    return tuple(one for one in swept.record(TRUE).steps if one.point.variant is EngineVariant.AS_GIVEN)


FEW = (
    ([SweepPoint(work=SweepWork.DECODE, batch=1, context=64)], TooFewMeasurements(1, 0)),
    ([SweepPoint(work=SweepWork.PREFILL, prompt=64)], TooFewMeasurements(0, 1)),
    ([SweepPoint(work=SweepWork.PREFILL, prompt=4096)], TooFewMeasurements(0, 0)),
)


@pytest.mark.parametrize(("points", "answer"), FEW)
def test_one_kind_of_work_is_not_enough(points: list[SweepPoint], answer: TooFewMeasurements) -> None:
    assert errors.step_times(swept.record(TRUE, points)) == answer
    assert "run `fairlead calibrate --sweep` with the same --out again" in str(answer)


def test_two_points_are_enough_for_a_first_answer() -> None:
    points = [SweepPoint(work=SweepWork.DECODE, batch=1, context=64), SweepPoint(work=SweepWork.PREFILL, prompt=64)]
    record = swept.record(TRUE, points)
    table = found(record).table
    assert one_row(table.lines) == pytest.approx((1, record.steps[0].seconds / 100, 0.0))
    assert (table.shared_s, table.draft_token_s) == (0.0, 0.0)
    assert errors.left_one_out(record) == ()


def test_chance_makes_no_line_fall_and_no_longer_prompt_shorter() -> None:
    points = [
        *(SweepPoint(work=SweepWork.DECODE, batch=4, context=context) for context in (64, 512)),
        *(SweepPoint(work=SweepWork.PREFILL, prompt=prompt) for prompt in (16, 32, 64)),
    ]
    steps = swept.record(TRUE, points).steps
    turned = (*(replace(one, seconds=1.1 - number / 10) for number, one in enumerate(steps)),)
    table = found(replace(swept.record(TRUE, points), steps=turned)).table
    assert one_row(table.lines) == pytest.approx((4, 0.0105, 0.0))
    assert list(table.prompts.seconds) == sorted(table.prompts.seconds)


def test_a_line_that_would_begin_below_nothing_is_level() -> None:
    points = [
        *(SweepPoint(work=SweepWork.DECODE, batch=4, context=context) for context in (64, 512)),
        SweepPoint(work=SweepWork.PREFILL, prompt=16),
    ]
    short, long, prompt = swept.record(TRUE, points).steps
    steep = (replace(short, seconds=0.01), replace(long, seconds=1.0), prompt)
    table = found(replace(swept.record(TRUE, points), steps=steep)).table
    assert one_row(table.lines) == pytest.approx((4, (0.0001 + 0.01) / 2, 0.0))


def test_pairs_come_from_prompts_of_several_steps() -> None:
    record = swept.record(TRUE)
    with_pairs, without = (
        found(replace(record, steps=tuple(one for one in record.steps if one.point.prompt <= longest))).table
        for longest in (8192, 2048)
    )
    assert with_pairs.prompts.pair_s > 0.0 == without.prompts.pair_s
    gaps = [one for one in record.steps if one.point.prompt != 2048]
    assert found(replace(record, steps=tuple(gaps))).table.prompts.pair_s == 0.0


TABLE = StepTable(
    lines=(MeasuredLine(2, 0.010, 1e-6), MeasuredLine(4, 0.014, 3e-6)),
    prompts=PromptCurve(tokens=(10, 110), seconds=(0.02, 0.12), pair_s=0.0),
    shared_s=0.009,
    draft_token_s=0.001,
)


def test_between_batches_and_beyond_them() -> None:
    times = MeasuredStepTimes(TABLE, ORIGIN)
    assert times.decode_line(0, 0) == DecodeLine(0.0, 0.0)
    assert times.decode_line(1, 1) == DecodeLine(0.010, 1e-6)
    assert astuple(times.decode_line(3, 3)) == pytest.approx((0.012, 2e-6))
    assert astuple(times.decode_line(6, 6)) == pytest.approx((0.018, 3e-6))
    assert astuple(times.decode_line(2, 6)) == pytest.approx((0.014, 1e-6))
    assert times.decode_line(6, 6) is times.decode_line(6, 6)


def test_steps_with_drafts_take_longer_by_the_step_and_by_the_token() -> None:
    times = MeasuredStepTimes(replace(TABLE, draft_step_s=0.002), ORIGIN)
    assert astuple(times.decode_line(2, 6)) == pytest.approx((0.016, 1e-6))
    assert times.decode_line(2, 2) == DecodeLine(0.010, 1e-6)


def test_a_draft_that_was_not_swept_takes_its_passes_in_the_place_of_a_lookups_time() -> None:
    deployment = replace(published_rows.question(), drafting=DraftSetup(tokens=2, mtp=True))
    draft = drafted_step.of(deployment)
    assert draft is not None
    passes = draft.of_passes(roofline.ASSUMED, 2)
    times = MeasuredStepTimes(replace(TABLE, draft_step_s=0.002), ORIGIN, draft)
    assert astuple(times.decode_line(2, 6)) == pytest.approx((0.014 + passes.base_s, 1e-6 + passes.context_token_s))
    assert times.decode_line(2, 2) == DecodeLine(0.010, 1e-6)


def test_the_passes_of_a_head_take_what_was_measured_of_one() -> None:
    deployment = replace(published_rows.question(), drafting=DraftSetup(tokens=2, head=True))
    draft = drafted_step.of(deployment)
    assert draft is not None
    estimated = draft.of_passes(roofline.ASSUMED, 2)
    unmeasured = MeasuredStepTimes(TABLE, ORIGIN, draft)
    assert unmeasured.decode_line(2, 6).base_s == pytest.approx(0.014 + estimated.base_s)
    measured = MeasuredStepTimes(replace(TABLE, head_pass_s=0.0005), ORIGIN, draft)
    assert astuple(measured.decode_line(2, 6)) == pytest.approx((0.015, 1e-6 + estimated.context_token_s))
    assert measured.decode_line(2, 2) == DecodeLine(0.010, 1e-6)


def test_the_time_of_a_lookup_is_part_of_every_step_where_drafts_come_from_lookups() -> None:
    times = MeasuredStepTimes(replace(TABLE, draft_step_s=0.002), ORIGIN, DraftedStep())
    assert astuple(times.decode_line(2, 2)) == pytest.approx((0.012, 1e-6))
    assert astuple(times.decode_line(2, 6)) == pytest.approx((0.016, 1e-6))


def test_a_step_with_both_is_shorter_than_two_and_no_shorter_than_one() -> None:
    times = MeasuredStepTimes(TABLE, ORIGIN)
    assert times.seconds(StepBatch()) == 0.0
    prompt = StepBatch(prefills=1, prefill_tokens=60, prefill_pairs=0, prefill_context=60)
    assert times.seconds(prompt) == pytest.approx(0.07)
    both = replace(prompt, decodes=2, decode_tokens=2, decode_context=1000)
    assert times.seconds(both) == pytest.approx(0.07 + 0.011 - 0.009)
    much = MeasuredStepTimes(replace(TABLE, shared_s=1.0), ORIGIN)
    assert much.seconds(both) == pytest.approx(0.07)


def test_a_lookup_by_the_gpu_takes_what_was_measured_of_it_or_else_what_others_took() -> None:
    by_gpu = DraftedStep(lookup=draft_cost.BY_GPU)
    swept_both = replace(TABLE, draft_step_s=0.002, gpu_draft_step_s=0.0005)
    assert astuple(MeasuredStepTimes(swept_both, ORIGIN, by_gpu).decode_line(2, 2)) == pytest.approx((0.0105, 1e-6))
    swept_one = replace(TABLE, draft_step_s=0.002)
    assert astuple(MeasuredStepTimes(swept_one, ORIGIN, by_gpu).decode_line(2, 2)) == pytest.approx(
        (0.010 + draft_cost.BY_GPU.seconds(2), 1e-6)
    )


def test_a_lookup_by_the_host_takes_what_was_measured_of_it_or_else_what_others_took() -> None:
    by_host = DraftedStep(lookup=draft_cost.BY_HOST)
    swept_both = replace(TABLE, draft_step_s=0.002, gpu_draft_step_s=0.0005)
    assert astuple(MeasuredStepTimes(swept_both, ORIGIN, by_host).decode_line(2, 2)) == pytest.approx((0.012, 1e-6))
    swept_one = replace(TABLE, gpu_draft_step_s=0.0005)
    usual = (0.010 + draft_cost.BY_HOST.seconds(2), 1e-6)
    for table in (swept_one, TABLE):
        assert astuple(MeasuredStepTimes(table, ORIGIN, by_host).decode_line(2, 2)) == pytest.approx(usual)


def test_without_draft_settings_a_sweeps_only_lookup_counts() -> None:
    swept_one = MeasuredStepTimes(replace(TABLE, gpu_draft_step_s=0.0005), ORIGIN)
    assert astuple(swept_one.decode_line(2, 6)) == pytest.approx((0.0145, 1e-6))


def test_every_point_of_the_plan_has_a_place_in_the_table() -> None:
    assert len(found(swept.record(TRUE)).table.lines) == len(
        {one.batch for one in plan.points(swept.LIMITS) if one.batch}
    )

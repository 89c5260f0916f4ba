"""The order of a sweep: coarse first, what fits the budget, nothing twice, and what it leaves out with the reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.sweeps import EngineVariant, SkippedWork
from fairlead.simulator.sweep import plan
from fairlead.simulator.sweep.measurements import SleepMeasurement, SweepPoint, SweepRecord, SweepWork
from fairlead.simulator.sweep.plan import (
    AllMeasured,
    MeasurePoint,
    MeasureSleep,
    OutOfTime,
    StartVariant,
    SweepLimits,
    SweepTime,
)
from tests.simulator.sweep import swept
from tests.simulator.timing import published_rows

PLENTY = SweepTime(left_s=1e6, start_s=60.0, point_s=10.0)
TIMES = published_rows.times(published_rows.question())
EMPTY = SweepRecord(deployment=swept.DEPLOYMENT)
ANY_LIMITS = st.builds(
    SweepLimits,
    context=st.integers(2, 200_000),
    sequences=st.integers(1, 1024),
    batch_tokens=st.integers(1, 16_384),
    lacks=st.sampled_from([(), swept.LACKS]),
    quantized=st.booleans(),
    sixteen_bit=st.booleans(),
    drafts=st.sampled_from([frozenset(), plan.DRAFTS]),
    chosen=st.sets(st.sampled_from(EngineVariant)).map(frozenset),
)


def run(limits: SweepLimits, record: SweepRecord, time: SweepTime = PLENTY) -> tuple[SweepRecord, list[str]]:
    """Everything that the plan requests, done at once; and the order in words."""
    running, order = None, []
    while True:
        match plan.next_step(limits, record, running, time):
            case StartVariant(variant):
                running = variant
                kept = any(one.variant is EngineVariant.AS_GIVEN for one in record.starts)
                start = replace(swept.START, variant=variant, kept=kept)
                record = replace(record, starts=(*record.starts, start))
                order.append(f"start {variant}")
            case MeasurePoint(point):
                assert point.variant is running
                record = replace(record, steps=(*record.steps, swept.measured(point, TIMES)))
                order.append(point.words)
            case MeasureSleep():
                record = replace(record, sleeps=(SleepMeasurement(asleep_s=1.0, awake_s=1.0),))
                order.append("sleep")
            case OutOfTime():
                return record, [*order, "out of time"]
            case AllMeasured():
                return record, order


@given(ANY_LIMITS)
def test_everything_is_measured_once_and_within_the_engines_limits(limits: SweepLimits) -> None:
    left_out = tuple(plan.left_out(limits))
    record, order = run(limits, replace(EMPTY, skipped=left_out))
    assert sorted(one.point.words for one in record.steps) == sorted(one.words for one in plan.points(limits))
    given = EngineVariant.AS_GIVEN in limits.chosen
    assert len(order) == len(set(order)) + given, "only the engine as given is started twice"
    assert {one.kept for one in record.starts if one.variant is EngineVariant.AS_GIVEN} == (
        {False, True} if given else set()
    )
    for point in plan.points(limits):
        assert point.batch <= min(limits.sequences, limits.batch_tokens)
        assert max(point.context, point.prompt) < limits.context
        assert point.variant not in {one.what for one in left_out}
        if point.work is SweepWork.MIXED:
            assert point.batch + point.prompt <= limits.batch_tokens
            assert point.batch < limits.sequences


def test_the_first_points_span_the_whole_range() -> None:
    first = plan.points(swept.LIMITS)[:13]
    assert [one.words for one in first] == [
        "1 decoding at 64",
        "1 decoding at 4,096",
        "64 decoding at 64",
        "64 decoding at 4,096",
        "8 decoding at 64",
        "8 decoding at 4,096",
        "a prompt of 16",
        "a prompt of 4,096",
        "a prompt of 256",
        "prompts of 64 beside 4 decoding at 64",
        "prompts of 1,024 beside 4 decoding at 64",
        "prompts of 64 beside 16 decoding at 64",
        "prompts of 1,024 beside 16 decoding at 64",
    ]


def test_an_engine_is_ended_only_when_nothing_of_it_is_left() -> None:
    _, order = run(swept.LIMITS, EMPTY)
    starts = [one for one in order if one.startswith("start")]
    variants = ("asGiven", "asGiven", "ngram", "ngramGpu", "fp8", "kvFp8", "graphs", "sleep")
    assert starts == [f"start {one}" for one in variants]
    assert order[-1] == "sleep"
    assert order.index("ngram: 1 decoding at 64") > order.index("start ngram")


def test_a_draft_model_is_measured_where_one_was_given() -> None:
    _, order = run(replace(swept.LIMITS, drafts=frozenset({EngineVariant.DRAFT})), EMPTY)
    own = [one for one in order if "draftModel" in one]
    assert own[:2] == ["start draftModel", "draftModel: 1 decoding at 64"]
    assert len(own) == 7
    assert not [one for one in order if "eagle3" in one]


def test_a_head_is_measured_as_a_draft_model_is() -> None:
    _, order = run(replace(swept.LIMITS, drafts=plan.DRAFTS), EMPTY)
    of_model = [one.removeprefix("draftModel") for one in order if one.startswith("draftModel")]
    assert [one.removeprefix("eagle3") for one in order if one.startswith("eagle3")] == of_model


def test_only_the_chosen_variants_are_started_and_the_next_run_measures_the_others() -> None:
    chosen = frozenset({EngineVariant.AS_GIVEN, EngineVariant.FP8})
    record, order = run(replace(swept.LIMITS, chosen=chosen), EMPTY)
    assert [one for one in order if one.startswith("start")] == ["start asGiven", "start asGiven", "start fp8"]
    _, rest = run(swept.LIMITS, record)
    starts = [one for one in rest if one.startswith("start")]
    assert starts == [f"start {one}" for one in ("ngram", "ngramGpu", "kvFp8", "graphs", "sleep")]


def test_longer_graphs_are_for_prompts_that_would_run_without() -> None:
    _, order = run(swept.LIMITS, EMPTY)
    own = [one.removeprefix("graphs: ") for one in order if one.startswith("graphs: ")]
    assert own == [*(f"a prompt of {one}" for one in ("128", "256", "512", "1,024", "2,048")), "1 decoding at 64"]


def test_a_run_stops_before_what_it_could_not_end() -> None:
    short = SweepTime(left_s=5.0, start_s=60.0, point_s=10.0)
    every = len(plan.points(swept.LIMITS))
    assert plan.next_step(swept.LIMITS, EMPTY, None, short) == OutOfTime(every)
    assert plan.next_step(swept.LIMITS, EMPTY, EngineVariant.AS_GIVEN, short) == OutOfTime(every)
    enough = replace(short, left_s=10.0)
    assert isinstance(plan.next_step(swept.LIMITS, EMPTY, EngineVariant.AS_GIVEN, enough), MeasurePoint)
    assert isinstance(plan.next_step(swept.LIMITS, EMPTY, None, enough), OutOfTime)


def test_skipped_work_is_not_tried_again() -> None:
    first = plan.points(swept.LIMITS)[0]
    skipped = (SkippedWork(what=first.words, why="it hung"), SkippedWork(what="ngram", why="it did not start"))
    _, order = run(swept.LIMITS, replace(EMPTY, skipped=skipped))
    assert first.words not in order
    assert not [one for one in order if one.startswith(("start ngram ", "ngram: ")) or one == "start ngram"]


LEFT_OUT = (
    (replace(swept.LIMITS, lacks=swept.LACKS), {"bfloat16", "ngram", "sleep"}),
    (replace(swept.LIMITS, quantized=True, sixteen_bit=False), {"fp8"}),
)


@pytest.mark.parametrize(("limits", "names"), LEFT_OUT)
def test_what_the_engine_has_not_or_is_already_is_left_out(limits: SweepLimits, names: set[str]) -> None:
    found = list(plan.left_out(limits))
    assert {str(one.what) for one in found} == names
    assert all(one.why for one in found)


def test_requests_that_would_not_run_at_once_are_too_large() -> None:
    point = SweepPoint(work=SweepWork.DECODE, batch=8, context=1000)
    assert plan.too_large(point, 8000)
    assert not plan.too_large(point, 10_000)

"""What an H100 showed of drafts and of longer graphs, beside what the table of its sweep makes of it."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.fleet import draft_cost
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.sweep import errors, step_table, sweep_file
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing import step_work
from fairlead.simulator.timing.drafted_step import DraftedStep
from fairlead.simulator.timing.measured_step_times import MeasuredStepTimes, StepTable
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from house import gpu_page
from tests.simulator.timing import published_rows

KEPT: Final = gpu_page.PACKAGED / "llama-3.1-8b-vllm-0.32.0-on-h100.jsonl"
ORIGIN: Final = Provenance(level=ProvenanceLevel.RECORDED, source="a sweep")


def table(record: SweepRecord) -> StepTable:
    made = step_table.of(record.steps, record.deployment.batch_tokens)
    assert not isinstance(made, TooFewMeasurements)
    return made


def test_the_lookups_that_were_measured_on_a_gpu_are_found_again() -> None:
    record = sweep_file.read(KEPT.read_text(encoding="utf-8"))
    for variant, lookup in ((EngineVariant.NGRAM, draft_cost.BY_HOST), (EngineVariant.NGRAM_GPU, draft_cost.BY_GPU)):
        drafted = [one for one in record.steps if one.point.variant is variant]
        assert len(drafted) == 6
        errors = []
        for one in drafted:
            others = replace(record, steps=tuple(other for other in record.steps if other is not one))
            times = MeasuredStepTimes(table(others), ORIGIN, DraftedStep(lookup=lookup))
            line = times.decode_line(one.point.batch, int(one.decode_tokens))
            errors.append(abs(line.seconds(one.attended) / (one.seconds / one.steps) - 1))
        assert sorted(errors)[-2] < 0.25, "one lookup of the GPU is an outlier: two requests took longer than four"


def test_prompts_of_longer_graphs_are_those_that_ran_from_them_and_no_other_takes_longer() -> None:
    record = sweep_file.read(KEPT.read_text(encoding="utf-8"))

    def prompt_ms(tokens: int, graph_tokens: int | None) -> float:
        times = errors.step_times(record, graph_tokens)
        assert isinstance(times, MeasuredStepTimes)
        batch = StepBatch(prefills=1, prefill_tokens=tokens, prefill_pairs=tokens * tokens // 2, prefill_context=tokens)
        return 1e3 * times.seconds(batch)

    assert prompt_ms(512, None) == pytest.approx(25.7, rel=0.02)
    assert prompt_ms(512, 1024) == prompt_ms(512, 512) == pytest.approx(15.0, rel=0.02)
    assert prompt_ms(512, 256) == prompt_ms(512, None)
    for tokens in (16, 64, 128, 256, 1024, 4096, 8192):
        assert prompt_ms(tokens, 1024) <= prompt_ms(tokens, None) * 1.001


def test_a_draft_model_that_was_measured_takes_what_launching_it_was_taken_for() -> None:
    record = sweep_file.read(KEPT.read_text(encoding="utf-8"))
    own = DraftedStep(
        work=step_work.of(published_rows.question(published_rows.SMALL)),
        passes=3,
        pass_s=16 * draft_cost.LAYER_LAUNCH_S,
    )
    times = MeasuredStepTimes(table(record), ORIGIN, own)
    drafted = [one for one in record.steps if one.point.variant is EngineVariant.DRAFT and one.point.batch > 1]
    assert len(drafted) == 5
    for one in drafted:
        line = times.decode_line(one.point.batch, int(one.decode_tokens))
        assert line.seconds(one.attended) == pytest.approx(one.seconds / one.steps, rel=0.25)

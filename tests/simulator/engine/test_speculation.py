"""Drafts: their cost, how many are accepted, and what remains in the accounts."""

import random
from dataclasses import replace

import pytest

from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from tests.simulator.engine.engines import begun, core, drive, named, request

SURE = SpeculationSettings(tokens=3, acceptance=(1.0, 1.0, 1.0))
NEVER = SpeculationSettings(tokens=3, acceptance=(0.0, 1.0, 1.0))
ROOMY = EngineSettings(blocks=1000)


def test_where_all_drafts_hold_a_step_brings_one_token_more_than_drafted() -> None:
    engine = core(replace(ROOMY, speculation=SURE))
    engine.add(request(1, 20, 9))
    assert [one.tokens for one in drive(engine).emissions] == [1, 4, 4]
    counts = engine.counts
    assert (counts.drafts, counts.draft_tokens, counts.accepted) == (2, 6, 6)
    assert counts.accepted_per_position == [2, 2, 2]


def test_where_none_holds_each_step_brings_one() -> None:
    engine = core(replace(ROOMY, speculation=NEVER))
    engine.add(request(1, 20, 4))
    run = drive(engine)
    assert [one.tokens for one in run.emissions] == [1, 1, 1, 1]
    assert engine.counts.accepted_per_position == [0, 0, 0]
    assert engine.counts.computed_tokens == 20 + 3 * 4


def test_a_reply_ends_where_it_was_to_end_though_more_drafts_held() -> None:
    engine = core(replace(ROOMY, speculation=SURE))
    engine_request = request(1, 20, 3)
    engine.add(engine_request)
    drive(engine)
    assert engine_request.emitted == 3
    assert engine.counts.generation_tokens == 3


def test_near_the_end_of_the_context_fewer_are_drafted() -> None:
    engine = core(replace(ROOMY, speculation=SURE, context_tokens=24))
    engine.add(request(1, 20, 100))
    run = drive(engine)
    assert sum(one.tokens for one in run.emissions) == 4
    assert engine.counts.draft_tokens == 2


def test_each_draft_token_is_accepted_at_its_configured_rate_given_the_one_before() -> None:
    plan = SpeculationSettings(tokens=2, acceptance=(0.8, 0.5))
    engine = core(replace(ROOMY, speculation=plan, context_tokens=100_000, blocks=10_000))
    engine.add(request(1, 10, 20_000))
    drive(engine)
    counts = engine.counts
    first, second = counts.accepted_per_position
    assert first / counts.drafts == pytest.approx(0.8, abs=0.02)
    assert second / first == pytest.approx(0.5, abs=0.02)
    assert counts.generation_tokens == pytest.approx(counts.drafts * (1 + counts.accepted / counts.drafts), abs=3)


def test_a_drafting_model_takes_its_slot_of_the_budget() -> None:
    def sequences_in_a_step(slots: int) -> int:
        plan = SpeculationSettings(tokens=3, acceptance=(0.5,) * 3, draft_slots=slots)
        engine = core(replace(ROOMY, speculation=plan, batch_tokens=20))
        for serial in range(8):
            engine.add(request(serial, 2, 100))
        return max(step[1] for step in drive(engine, steps=12).steps)

    assert (sequences_in_a_step(0), sequences_in_a_step(1)) == (5, 4)


def test_slots_ahead_are_held_beyond_the_verified_tokens() -> None:
    def held(lookahead: int) -> int:
        plan = SpeculationSettings(tokens=3, acceptance=(1.0,) * 3, lookahead=lookahead)
        engine = core(replace(ROOMY, speculation=plan))
        engine_request = request(1, 62, 50)
        engine.add(engine_request)
        engine.begin(0.0)
        return engine_request.pages

    assert (held(0), held(3)) == (4, 5)


def test_drafting_from_the_models_own_layers_reads_the_last_page_found_again() -> None:
    def found(*, rereads: bool) -> int:
        plan = SpeculationSettings(tokens=1, acceptance=(0.5,), lookahead=1, rereads_page=rereads)
        engine = core(EngineSettings(blocks=100, block_tokens=32, speculation=plan))
        for serial in (1, 2):
            engine.add(named(serial, 101, 32))
            drive(engine)
        return engine.counts.hits

    assert (found(rereads=False), found(rereads=True)) == (96, 64)


def test_a_request_that_enters_with_one_token_is_computed_as_wide_as_the_others() -> None:
    plan = SpeculationSettings(tokens=3, acceptance=(0.5,) * 3)
    engine = core(EngineSettings(blocks=100, block_tokens=32, speculation=plan))
    engine.add(named(1, 65, 32, output=1))
    run = drive(engine)
    again = named(2, 65, 32, output=2)
    engine.add(again)
    drive(engine, run)
    assert again.cached_tokens == 64
    assert run.steps[1][2] == 4


def test_one_that_cannot_be_made_as_wide_waits() -> None:
    plan = SpeculationSettings(tokens=3, acceptance=(0.0,) * 3)
    engine = core(EngineSettings(blocks=100, block_tokens=32, batch_tokens=6, speculation=plan))
    engine.add(named(1, 33, 32, output=1))
    run = drive(engine)
    engine.add(request(2, 1, 50))
    drive(engine, run, steps=2)
    narrow = named(3, 33, 32, output=1)
    engine.add(narrow)
    drive(engine, run, steps=3)
    assert narrow.scheduled is None


def test_a_preempted_request_reads_the_last_page_it_left_again_too() -> None:
    plan = SpeculationSettings(tokens=1, acceptance=(0.0,), lookahead=1, rereads_page=True)
    engine = core(EngineSettings(blocks=16, block_tokens=16, speculation=plan), seed=3)
    requests = [request(serial, 60, 40) for serial in range(3)]
    for one in requests:
        engine.add(one)
    run = drive(engine)
    assert sum(one.preemptions for one in requests) > 0
    assert sum(one.tokens for one in run.emissions) == 120


def test_chance_is_all_that_differs_between_seeds() -> None:
    plan = SpeculationSettings(tokens=3, acceptance=(0.7, 0.5, 0.3))

    def steps(seed: int) -> int:
        engine = core(replace(ROOMY, speculation=plan), seed=seed)
        engine.add(request(1, 20, 400))
        return len(drive(engine).steps)

    seeds = random.Random(4).sample(range(100), 4)  # noqa: S311  # a choice of seeds, no secret
    assert len({steps(seed) for seed in seeds}) > 1
    assert steps(seeds[0]) == steps(seeds[0])


def test_while_many_run_none_is_drafted_for_the_step_after() -> None:
    by_batch = ((2, 3), (3, 0))
    engine = core(replace(ROOMY, speculation=replace(SURE, by_batch=by_batch)))
    for serial, length in enumerate((30, 30, 3)):
        engine.add(request(serial, 4, length))
    widths: list[tuple[int, int]] = []
    for _ in range(5):
        step = begun(engine, float(len(widths)))
        widths.append((step.batch.decodes, step.batch.decode_tokens))
        engine.complete(step, step.ends)
    assert widths == [(0, 0), (3, 3), (3, 3), (2, 2), (2, 8)]


def test_one_that_enters_is_not_made_as_wide_where_drafting_follows_the_load() -> None:
    plan = SpeculationSettings(tokens=3, acceptance=(0.5,) * 3, by_batch=((8, 3),))
    engine = core(EngineSettings(blocks=100, block_tokens=32, speculation=plan))
    engine.add(named(1, 65, 32, output=1))
    run = drive(engine)
    engine.add(named(2, 65, 32, output=2))
    drive(engine, run)
    assert run.steps[1][2] == 1

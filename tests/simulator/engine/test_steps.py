"""vLLM's scheduler by example: what goes into a step, what the cache saves, and who is preempted. vllm.md part 7."""

from dataclasses import replace

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.settings import EngineSettings, SchedulingPolicy
from fairlead.simulator.engine.steps import SchedulerRefusal
from tests.simulator.engine.engines import begun, core, drive, named, request

ROOMY = EngineSettings(blocks=1000)


def test_a_prompt_of_101_tokens_sent_twice_finds_96_of_them_in_the_cache() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=32))
    first, second = named(1, 101, 32), named(2, 101, 32)
    engine.add(first)
    drive(engine)
    engine.add(second)
    step = begun(engine)
    assert (first.cached_tokens, second.cached_tokens) == (0, 96)
    assert (engine.counts.queries, engine.counts.hits) == (202, 96)
    assert step.batch.prefill_tokens == 5


def test_a_prompt_that_is_all_in_the_cache_computes_its_last_page_again() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=32))
    for serial in (1, 2):
        engine.add(named(serial, 96, 32))
        drive(engine)
    assert engine.counts.hits == 64


def test_another_text_finds_nothing() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=32))
    for text in (1, 2):
        engine.add(named(text, 101, 32, text=text))
        drive(engine)
    assert engine.counts.hits == 0


def test_a_reply_is_found_by_the_next_turn_of_the_talk() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=16))
    turn = replace(request(1, 32, 33), prefix=(1, 2), reply=(3, 4))
    engine.add(turn)
    drive(engine)
    again = replace(request(2, 80, 1), prefix=(1, 2, 3, 4, 5))
    engine.add(again)
    drive(engine)
    assert again.cached_tokens == 64, "64 of the 65 tokens were computed, the last one never"


def test_equal_prompts_that_come_together_share_from_the_first_step_on() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=16))
    one, other = named(1, 64, 16), named(2, 64, 16)
    engine.add(one)
    engine.add(other)
    step = begun(engine)
    assert other.cached_tokens == 48
    assert step.batch.prefill_tokens == 64 + 16


def test_prompts_share_the_budget_and_the_last_is_cut_into_pieces() -> None:
    engine = core(replace(ROOMY, batch_tokens=100))
    engine.add(request(1, 60, 5))
    engine.add(request(2, 90, 5))
    pieces = [(step[1], step[2]) for step in drive(engine, steps=3).steps]
    assert pieces == [(0, 100), (1, 50), (2, 0)]


def test_those_that_decode_are_served_before_prompts() -> None:
    engine = core(replace(ROOMY, batch_tokens=64))
    engine.add(request(1, 64, 50))
    run = drive(engine, steps=1)
    engine.add(request(2, 1000, 5))
    drive(engine, run, steps=3)
    assert [(step[1], step[2]) for step in run.steps[1:]] == [(1, 63), (1, 63), (1, 63)]


def test_a_long_prompt_is_capped_while_others_are_there_and_not_when_alone() -> None:
    alone, among = (core(replace(ROOMY, long_prefill_tokens=100)) for _ in range(2))
    alone.add(request(1, 500, 5))
    among.add(request(1, 500, 5))
    among.add(request(2, 30, 5))
    assert begun(alone).batch.prefill_tokens == 500
    assert begun(among).batch.prefill_tokens == 130


def test_without_chunks_a_prompt_waits_for_a_step_with_room_for_all_of_it() -> None:
    engine = core(replace(ROOMY, batch_tokens=100, chunked_prefill=False))
    engine.add(request(1, 60, 30))
    engine.add(request(2, 60, 30))
    assert [step[2] for step in drive(engine, steps=2).steps] == [60, 60]
    assert engine.add(request(3, 90, 30)) is SchedulerRefusal.TOO_LONG


def test_a_prompt_that_does_not_fit_now_holds_up_shorter_ones_behind_it() -> None:
    engine = core(EngineSettings(blocks=11, block_tokens=16, prefix_caching=False))
    for one in (request(1, 96, 60), request(2, 96, 4), request(3, 16, 4)):
        engine.add(one)
    drive(engine, steps=5)
    assert (engine.running, engine.waiting) == (1, 2)


def test_a_share_of_the_pages_stays_free_at_admission_while_anything_runs() -> None:
    def entering(watermark: float) -> int:
        engine = core(EngineSettings(blocks=21, block_tokens=16, watermark=watermark))
        for serial in (1, 2):
            engine.add(request(serial, 150, 4))
        begun(engine)
        return engine.running

    assert (entering(0.0), entering(0.1)) == (2, 1)


def pressed(policy: SchedulingPolicy, *urgencies: int) -> tuple[EngineCore, list[EngineRequest]]:
    """Three that together need more pages than there are."""
    engine = core(EngineSettings(blocks=16, block_tokens=16, policy=policy))
    requests = [replace(request(at, 60, 40, arrived=float(at)), priority=one) for at, one in enumerate(urgencies)]
    for one in requests:
        engine.add(one)
    return engine, requests


def test_when_blocks_run_out_the_latest_request_is_preempted_and_resumes_first() -> None:
    engine, (first, second, third) = pressed(SchedulingPolicy.FCFS, 0, 0, 0)
    late = request(9, 16, 2, arrived=9.0)
    run = drive(engine, steps=1)
    engine.add(late)
    while not third.preemptions:
        drive(engine, run, steps=1)
    assert third.status is EngineRequestStatus.PREEMPTED
    assert (third.computed, third.pages) == (0, 0)
    drive(engine, run)
    assert (first.preemptions, second.preemptions, third.preemptions) == (0, 0, 1)
    assert engine.counts.preemptions == 1
    assert third.scheduled is not None
    assert late.scheduled is not None
    assert late.scheduled > third.scheduled
    assert sum(one.tokens for one in run.emissions if one.request is third) == 40


def test_by_priority_the_least_urgent_request_is_preempted_and_of_equals_the_latest() -> None:
    engine, (urgent, patient, other) = pressed(SchedulingPolicy.PRIORITY, 0, 5, 1)
    drive(engine)
    assert [one.preemptions for one in (urgent, patient, other)] == [0, 1, 0]
    engine, requests = pressed(SchedulingPolicy.PRIORITY, 5, 5, 1)
    drive(engine)
    assert [one.preemptions for one in requests] == [0, 1, 0]


def test_a_preempted_request_finds_what_is_left_of_its_blocks_and_is_not_queried_in_the_cache_twice() -> None:
    engine, requests = pressed(SchedulingPolicy.FCFS, 0, 0, 0)
    drive(engine)
    assert sum(one.preemptions for one in requests) == 1
    assert engine.counts.queries == 180
    assert engine.counts.hits == 0
    assert engine.counts.computed_tokens == 3 * 99 + 80 - 16, "of its five pages the first was left"

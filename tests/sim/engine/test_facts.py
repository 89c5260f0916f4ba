"""vLLM's scheduler by example: each fact that vllm.md part 7 states, told as a story."""

from dataclasses import replace

from fairlead.sim.engine.core import Core
from fairlead.sim.engine.request import Finish, Request, Standing
from fairlead.sim.engine.settings import EngineSettings, Policy
from fairlead.sim.engine.steps import Pause, Refused, Step
from tests.sim.engine.engines import core, drive, request

ROOMY = EngineSettings(blocks=1000)


def begun(engine: Core, now: float = 0.0) -> Step:
    """The next step, which must come."""
    step = engine.begin(now)
    assert step is not None
    return step


def named(serial: int, tokens: int, page: int, output: int = 4, text: int = 7) -> Request:
    """A prompt of this text, in pages of this size."""
    one = request(serial, tokens, output)
    return replace(one, prefix=tuple(text * 1000 + at for at in range(tokens // page)))


def test_a_prompt_of_101_tokens_asked_twice_finds_96_of_them() -> None:
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
    assert engine.add(request(3, 90, 30)) is Refused.TOO_LONG


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


def pressed(policy: Policy, *urgencies: int) -> tuple[Core, list[Request]]:
    """Three that together need more pages than there are."""
    engine = core(EngineSettings(blocks=16, block_tokens=16, policy=policy))
    asked = [replace(request(at, 60, 40, arrived=float(at)), priority=one) for at, one in enumerate(urgencies)]
    for one in asked:
        engine.add(one)
    return engine, asked


def test_when_pages_run_out_the_last_that_entered_gives_up_its_own_and_returns_first() -> None:
    engine, (first, second, third) = pressed(Policy.FCFS, 0, 0, 0)
    late = request(9, 16, 2, arrived=9.0)
    run = drive(engine, steps=1)
    engine.add(late)
    while not third.preemptions:
        drive(engine, run, steps=1)
    assert third.standing is Standing.PREEMPTED
    assert (third.computed, third.pages) == (0, 0)
    drive(engine, run)
    assert (first.preemptions, second.preemptions, third.preemptions) == (0, 0, 1)
    assert engine.counts.preemptions == 1
    assert third.scheduled is not None
    assert late.scheduled is not None
    assert late.scheduled > third.scheduled
    assert sum(one.tokens for one in run.emissions if one.request is third) == 40


def test_by_priority_the_least_urgent_gives_up_and_of_these_the_latest() -> None:
    engine, (urgent, patient, other) = pressed(Policy.PRIORITY, 0, 5, 1)
    drive(engine)
    assert [one.preemptions for one in (urgent, patient, other)] == [0, 1, 0]
    engine, asked = pressed(Policy.PRIORITY, 5, 5, 1)
    drive(engine)
    assert [one.preemptions for one in asked] == [0, 1, 0]


def test_a_preempted_request_finds_what_is_left_of_its_own_pages_and_is_not_looked_up_twice() -> None:
    engine, asked = pressed(Policy.FCFS, 0, 0, 0)
    drive(engine)
    assert sum(one.preemptions for one in asked) == 1
    assert engine.counts.queries == 180
    assert engine.counts.hits == 0
    assert engine.counts.computed_tokens == 3 * 99 + 80 - 16, "of its five pages the first was left"


def test_priority_orders_those_that_wait_and_moves_nobody_who_runs() -> None:
    engine = core(replace(ROOMY, max_sequences=1, policy=Policy.PRIORITY))
    running, patient, urgent = (replace(request(at, 10, 5), priority=one) for at, one in enumerate((9, 5, 0)))
    engine.add(running)
    run = drive(engine, steps=1)
    engine.add(patient)
    engine.add(urgent)
    drive(engine, run)
    assert [one.request for one in run.emissions if one.first] == [running, urgent, patient]
    assert running.preemptions == 0


def test_who_lacks_a_slot_for_its_adapter_is_passed_over_and_comes_next() -> None:
    engine = core(replace(ROOMY, adapter_slots=1))
    red, blue, plain = request(1, 10, 5), request(2, 10, 5), request(3, 10, 5)
    for one, adapter in ((red, "red"), (blue, "blue"), (plain, None)):
        one.adapter = adapter
        engine.add(one)
    run = drive(engine, steps=1)
    assert (engine.running, engine.waiting, engine.deferred) == (2, 1, 1)
    assert engine.adapters == ("red",)
    drive(engine, run)
    assert blue.scheduled == red.ended
    assert engine.deferred == 0


def test_no_more_run_than_there_are_seats() -> None:
    engine = core(replace(ROOMY, max_sequences=2))
    for serial in range(5):
        engine.add(request(serial, 10, 5))
    begun(engine)
    assert (engine.running, engine.waiting) == (2, 3)


def test_beyond_the_cap_on_unfinished_requests_the_next_is_refused() -> None:
    engine = core(replace(ROOMY, max_unfinished=2))
    assert [engine.add(request(serial, 10, 5)) for serial in range(3)] == [None, None, Refused.TOO_MANY]
    drive(engine)
    assert engine.add(request(4, 10, 5)) is None


def test_at_the_cap_on_unread_prompts_the_next_is_refused_until_one_is_read() -> None:
    engine = core(replace(ROOMY, max_backlog_tokens=100))
    assert [engine.add(request(serial, 60, 5)) for serial in range(3)] == [None, None, Refused.BACKLOG]
    assert engine.refuses(request(4, 1, 1)) is Refused.BACKLOG
    drive(engine, steps=1)
    assert engine.unfinished_prompts == 0
    assert engine.add(request(5, 60, 5)) is None


def test_what_can_never_fit_is_refused_at_the_door() -> None:
    engine = core(EngineSettings(blocks=10, block_tokens=16, context_tokens=400))
    assert engine.add(request(1, 400, 5)) is Refused.TOO_LONG
    assert engine.add(request(2, 100, 60)) is Refused.TOO_LONG
    assert engine.add(request(3, 100, 45)) is None


def test_a_full_context_ends_a_reply_by_length() -> None:
    engine = core(replace(ROOMY, context_tokens=50))
    cut = replace(request(1, 40, 100), finish=Finish.STOP)
    engine.add(cut)
    last = drive(engine).emissions[-1]
    assert (last.finished, cut.emitted) == (Finish.LENGTH, 10)
    assert engine.counts.finished[Finish.LENGTH] == 1


def test_the_last_piece_of_a_prompt_brings_the_first_token() -> None:
    engine = core(replace(ROOMY, batch_tokens=100))
    asked = request(1, 250, 2)
    engine.add(asked)
    run = drive(engine)
    assert asked.first_token == run.steps[2][0]
    assert asked.ended == run.steps[3][0]
    assert [one.first for one in run.emissions] == [True, False]


def test_remembered_pages_count_as_free() -> None:
    engine = core(EngineSettings(blocks=101, block_tokens=16))
    engine.add(named(1, 160, 16))
    begun(engine)
    assert engine.usage == 0.1
    step = engine.flight
    assert step is not None
    engine.complete(step, step.ends)
    run = drive(engine)
    assert run.emissions[-1].finished is Finish.LENGTH
    assert (engine.usage, engine.free_pages) == (0.0, 100)


def test_the_longest_unasked_text_is_forgotten_first_and_of_it_the_end() -> None:
    engine = core(EngineSettings(blocks=13, block_tokens=16))
    for text in (1, 2):
        engine.add(named(text, 81, 16, output=1, text=text))
        drive(engine)
    engine.add(request(3, 64, 1))
    drive(engine)
    old, young = named(4, 81, 16, output=1, text=1), named(5, 81, 16, output=1, text=2)
    engine.add(young)
    drive(engine)
    engine.add(old)
    begun(engine)
    assert young.cached_tokens == 80
    assert 0 < old.cached_tokens < 80, "its first pages were freed last"


def test_a_request_that_is_aborted_gives_back_everything_even_within_a_step() -> None:
    engine = core(ROOMY)
    gone, stays = request(1, 100, 50), request(2, 100, 50)
    engine.add(gone)
    engine.add(stays)
    step = begun(engine)
    engine.abort(gone, 0.005)
    engine.abort(gone, 0.006)
    assert engine.running == 1
    assert gone.ended == 0.005
    told = engine.complete(step, step.ends)
    assert [one.request for one in told] == [stays]
    drive(engine)
    assert engine.free_pages == 999


def test_one_that_waits_can_be_aborted_too() -> None:
    engine = core(replace(ROOMY, max_sequences=1))
    first, second, third = (request(serial, 10, 3) for serial in range(3))
    for one in (first, second, third):
        engine.add(one)
    run = drive(engine, steps=1)
    engine.abort(second, run.now)
    assert engine.waiting == 1
    drive(engine, run)
    assert third.scheduled == first.ended


def test_scheduled_ahead_an_ended_request_keeps_seat_and_pages_for_one_more_step() -> None:
    engine = core(replace(ROOMY, max_sequences=1, late_stop=True))
    first, second = (request(serial, 10, 3) for serial in range(2))
    engine.add(first)
    engine.add(second)
    drive(engine)
    assert first.ended is not None
    assert second.scheduled == first.ended, "with nothing else to do no step is wasted"
    busy = core(replace(ROOMY, max_sequences=2, late_stop=True))
    short, long, waits = request(1, 10, 3), request(2, 10, 9), request(3, 10, 3)
    for one in (short, long, waits):
        busy.add(one)
    drive(busy)
    assert short.ended is not None
    assert waits.scheduled is not None
    assert waits.scheduled > short.ended


def test_a_stop_that_could_not_be_foreseen_wastes_a_token() -> None:
    def step_after_the_end(finish: Finish) -> int:
        engine = core(replace(ROOMY, late_stop=True))
        engine.add(replace(request(1, 10, 2), finish=finish))
        engine.add(request(2, 10, 9))
        return drive(engine, steps=3).steps[2][1]

    assert (step_after_the_end(Finish.LENGTH), step_after_the_end(Finish.STOP)) == (1, 2)


def test_a_paused_engine_lets_nobody_in_or_does_nothing_at_all() -> None:
    engine = core(ROOMY)
    engine.add(request(1, 10, 9))
    run = drive(engine, steps=1)
    engine.pause(Pause.NEW)
    engine.add(request(2, 10, 9))
    drive(engine, run, steps=2)
    assert (engine.running, engine.waiting) == (1, 1)
    engine.pause(Pause.ALL)
    assert engine.paused is Pause.ALL
    assert engine.begin(run.now) is None
    engine.pause(Pause.NONE)
    drive(engine, run)
    assert engine.counts.finished[Finish.LENGTH] == 2


def test_the_cache_is_forgotten_only_when_nobody_holds_a_page() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=32))
    engine.add(named(1, 101, 32))
    run = drive(engine, steps=1)
    assert not engine.reset_prefix_cache()
    drive(engine, run)
    assert engine.reset_prefix_cache()
    engine.add(named(2, 101, 32))
    drive(engine, run)
    assert engine.counts.hits == 0

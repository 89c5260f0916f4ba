"""vLLM's scheduler by example: which request gets a slot, which is refused, and how requests end. vllm.md part 7."""

from dataclasses import replace

from fairlead.simulator.engine.requests import FinishReason
from fairlead.simulator.engine.settings import EngineSettings, SchedulingPolicy
from fairlead.simulator.engine.steps import PauseMode, SchedulerRefusal
from tests.simulator.engine.engines import begun, core, drive, named, request

ROOMY = EngineSettings(blocks=1000)


def test_priority_orders_waiting_requests_and_preempts_no_running_one() -> None:
    engine = core(replace(ROOMY, max_sequences=1, policy=SchedulingPolicy.PRIORITY))
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
    assert [engine.add(request(serial, 10, 5)) for serial in range(3)] == [None, None, SchedulerRefusal.TOO_MANY]
    drive(engine)
    assert engine.add(request(4, 10, 5)) is None


def test_at_the_cap_on_unread_prompts_the_next_is_refused_until_one_is_read() -> None:
    engine = core(replace(ROOMY, max_backlog_tokens=100))
    assert [engine.add(request(serial, 60, 5)) for serial in range(3)] == [None, None, SchedulerRefusal.BACKLOG]
    assert engine.add(request(4, 1, 1)) is SchedulerRefusal.BACKLOG
    drive(engine, steps=1)
    assert engine.unfinished_prompts == 0
    assert engine.add(request(5, 60, 5)) is None


def test_what_can_never_fit_is_refused_on_arrival() -> None:
    engine = core(EngineSettings(blocks=10, block_tokens=16, context_tokens=400))
    assert engine.add(request(1, 400, 5)) is SchedulerRefusal.TOO_LONG
    assert engine.add(request(2, 100, 60)) is SchedulerRefusal.TOO_LONG
    assert engine.add(request(3, 100, 45)) is None


def test_a_full_context_ends_a_reply_by_length() -> None:
    engine = core(replace(ROOMY, context_tokens=50))
    cut = replace(request(1, 40, 100), finish=FinishReason.STOP)
    engine.add(cut)
    last = drive(engine).emissions[-1]
    assert (last.finished, cut.emitted) == (FinishReason.LENGTH, 10)
    assert engine.counts.finished[FinishReason.LENGTH] == 1


def test_the_last_piece_of_a_prompt_brings_the_first_token() -> None:
    engine = core(replace(ROOMY, batch_tokens=100))
    engine_request = request(1, 250, 2)
    engine.add(engine_request)
    run = drive(engine)
    assert engine_request.first_token == run.steps[2][0]
    assert engine_request.ended == run.steps[3][0]
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
    assert run.emissions[-1].finished is FinishReason.LENGTH
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
    emissions = engine.complete(step, step.ends)
    assert [one.request for one in emissions] == [stays]
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
    def step_after_the_end(finish: FinishReason) -> int:
        engine = core(replace(ROOMY, late_stop=True))
        engine.add(replace(request(1, 10, 2), finish=finish))
        engine.add(request(2, 10, 9))
        return drive(engine, steps=3).steps[2][1]

    assert (step_after_the_end(FinishReason.LENGTH), step_after_the_end(FinishReason.STOP)) == (1, 2)


def test_a_paused_engine_starts_no_new_request_or_does_nothing_at_all() -> None:
    engine = core(ROOMY)
    engine.add(request(1, 10, 9))
    run = drive(engine, steps=1)
    engine.pause(PauseMode.NEW)
    engine.add(request(2, 10, 9))
    drive(engine, run, steps=2)
    assert (engine.running, engine.waiting) == (1, 1)
    engine.pause(PauseMode.ALL)
    assert engine.begin(run.now) is None
    engine.pause(PauseMode.NONE)
    drive(engine, run)
    assert engine.counts.finished[FinishReason.LENGTH] == 2


def test_the_prefix_cache_is_reset_only_when_no_request_holds_a_block() -> None:
    engine = core(EngineSettings(blocks=100, block_tokens=32))
    engine.add(named(1, 101, 32))
    run = drive(engine, steps=1)
    assert not engine.reset_prefix_cache()
    drive(engine, run)
    assert engine.reset_prefix_cache()
    engine.add(named(2, 101, 32))
    drive(engine, run)
    assert engine.counts.hits == 0


def test_scheduled_ahead_a_request_that_comes_within_a_step_misses_the_next_one_too() -> None:
    def waits(*, ahead: bool) -> int:
        engine = core(replace(ROOMY, late_stop=ahead, max_unfinished=2))
        engine.add(request(1, 10, 50))
        run = drive(engine, steps=3)
        step = begun(engine, run.now)
        late = request(2, 10, 5)
        engine.add(late)
        assert engine.waiting == 1
        assert engine.add(request(3, 10, 5)) is SchedulerRefusal.TOO_MANY
        engine.complete(step, step.ends)
        run.now = step.ends
        steps = 0
        while late.scheduled is None:
            drive(engine, run, steps=1)
            steps += 1
        return steps

    assert (waits(ahead=False), waits(ahead=True)) == (1, 2)


def test_scheduled_ahead_one_that_came_can_leave_before_it_is_seen() -> None:
    engine = core(replace(ROOMY, late_stop=True))
    engine.add(request(1, 10, 5))
    begun(engine)
    late = request(2, 10, 5)
    engine.add(late)
    engine.abort(late, 0.001)
    assert engine.waiting == 0
    step = engine.flight
    assert step is not None
    engine.complete(step, step.ends)
    drive(engine)
    assert late.scheduled is None
    assert engine.free_pages == 999

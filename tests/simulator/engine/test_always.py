"""Invariants for all engines and all traffic."""

from dataclasses import asdict, replace

from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus, FinishReason
from fairlead.simulator.engine.settings import EngineSettings, SchedulingPolicy
from fairlead.simulator.engine.steps import EngineStep
from tests.simulator.engine import engines, traffic
from tests.simulator.engine.traffic import ANY, PLAIN, TRAFFIC, RunTrace, TrafficRequest, Watch


@given(PLAIN, TRAFFIC)
def test_many_steps_at_once_always_equal_single_steps_to_the_bit(
    settings: EngineSettings, requests: list[TrafficRequest]
) -> None:
    compare(settings, requests)


FIRST_LACKS_A_SLOT = 209555
"""A request after one that lacks an adapter slot is looked up in each step, which stores the replies' blocks."""


@example(FIRST_LACKS_A_SLOT)
@given(st.integers(0, 1 << 32))
def test_in_a_crowd_too_many_steps_at_once_always_equal_single_steps(seed: int) -> None:
    compare(*traffic.crowd(seed))


def compare(settings: EngineSettings, requests: list[TrafficRequest]) -> None:
    """The fast path and the plain one, in everything visible."""
    fast, plain = engines.core(settings), engines.core(settings, plain=True)
    quick, slow = traffic.play(fast, requests), traffic.play(plain, requests)
    assert quick.first == slow.first
    assert quick.ended == slow.ended
    assert quick.tokens == slow.tokens
    assert quick.gauges == slow.gauges
    assert asdict(fast.counts) == asdict(plain.counts)
    assert [_story(one) for one in quick.requests] == [_story(one) for one in slow.requests]


def _story(request: EngineRequest) -> tuple[object, ...]:
    return (request.status, request.scheduled, request.first_token, request.ended, request.preemptions,
            request.cached_tokens)  # fmt: skip


@given(PLAIN, TRAFFIC)
def test_a_server_always_sees_the_steps_that_a_simulation_leaps_over(
    settings: EngineSettings, requests: list[TrafficRequest]
) -> None:
    simulated, served = engines.core(settings), engines.core(settings)
    quick, slow = traffic.play(simulated, requests), traffic.play(served, requests, Watch())
    assert (sorted(quick.first), sorted(quick.ended)) == (sorted(slow.first), sorted(slow.ended))
    assert asdict(simulated.counts) == asdict(served.counts)


@given(ANY, TRAFFIC)
def test_a_run_always_repeats_to_the_bit(settings: EngineSettings, requests: list[TrafficRequest]) -> None:
    once, again = (traffic.play(engines.core(settings, seed=7), requests) for _ in range(2))
    assert (once.first, once.ended, once.tokens, once.gauges) == (again.first, again.ended, again.tokens, again.gauges)


@given(ANY, TRAFFIC)
def test_tokens_out_are_always_tokens_requested(settings: EngineSettings, requests: list[TrafficRequest]) -> None:
    engine = engines.core(settings)
    record = traffic.play(engine, [replace(one, given_up_after=None) for one in requests])
    for request in (one for one in record.requests if one.status is not EngineRequestStatus.NEW):
        most = settings.context_tokens - request.prompt_tokens
        assert record.tokens[request.serial] == min(request.output_tokens, most) == request.emitted
    assert engine.counts.generation_tokens == sum(record.tokens.values())
    assert engine.counts.prompt_tokens == sum(
        one.prompt_tokens for one in record.requests if one.first_token is not None
    )


@given(ANY, TRAFFIC)
def test_every_accepted_request_always_ends_and_every_block_is_returned(
    settings: EngineSettings, requests: list[TrafficRequest]
) -> None:
    engine = engines.core(settings)
    record = traffic.play(engine, requests)
    let_in = [one for one in record.requests if one.status is not EngineRequestStatus.NEW]
    assert all(one.status is EngineRequestStatus.ENDED for one in let_in)
    assert engine.begin(1e9) is None
    assert (engine.running, engine.waiting, engine.deferred, engine.unfinished_prompts) == (0, 0, 0, 0)
    assert engine.free_pages == settings.blocks - 1
    assert engine.usage == 0.0
    assert engine.reset_prefix_cache()


class _Limits(Watch):
    def step(self, engine: EngineCore, step: EngineStep) -> None:
        settings = engine.settings
        assert step.tokens <= settings.batch_tokens
        assert engine.running <= settings.max_sequences
        assert step.ends > step.began


@given(ANY, TRAFFIC)
def test_no_step_ever_exceeds_the_budget_or_the_seats(settings: EngineSettings, requests: list[TrafficRequest]) -> None:
    engine = engines.core(settings)
    record = traffic.play(engine, requests, _Limits())
    assert engine.counts.steps > 0 or all(
        one.status in {EngineRequestStatus.NEW, EngineRequestStatus.ENDED} for one in record.requests
    )


class _Pages(Watch):
    """Counts pages from what requests hold, and compares with the pool's count."""

    def step(self, engine: EngineCore, step: EngineStep) -> None:
        del step
        running = list(engine.progress())
        shared = {page for request in running for page in request.named}
        alone = sum(request.pages - len(request.named) for request in running)
        assert engine.free_pages + alone + len(shared) == engine.settings.blocks - 1
        for request in running:
            assert request.pages * engine.settings.block_tokens >= request.computed
        for page in shared:
            assert page.holders == sum(page in request.named for request in running)


@given(ANY, TRAFFIC)
def test_pages_free_and_held_always_make_all_pages(settings: EngineSettings, requests: list[TrafficRequest]) -> None:
    engine = engines.core(settings)
    traffic.play(engine, requests, _Pages())
    assert engine.free_pages == settings.blocks - 1


@given(PLAIN, TRAFFIC)
def test_no_request_ever_starves_where_the_first_come_is_the_first_served(
    settings: EngineSettings, requests: list[TrafficRequest]
) -> None:
    fair = replace(settings, policy=SchedulingPolicy.FCFS, adapter_slots=0)
    record = traffic.play(engines.core(fair), requests)
    scheduled = [one.scheduled for one in record.requests if one.scheduled is not None]
    assert scheduled == sorted(scheduled), "who came first was in a step first"


@given(ANY, TRAFFIC)
def test_endings_are_always_counted_once_and_those_that_gave_up_never(
    settings: EngineSettings, requests: list[TrafficRequest]
) -> None:
    engine = engines.core(settings)
    record = traffic.play(engine, requests)
    assert sum(engine.counts.finished.values()) == len(record.ended) == len({serial for serial, _ in record.ended})
    assert engine.counts.finished[FinishReason.ABORT] == 0


def _hits(record: RunTrace) -> int:
    return sum(one.cached_tokens for one in record.requests)


@given(ANY, TRAFFIC)
def test_hits_are_always_whole_pages_and_never_the_whole_prompt(
    settings: EngineSettings, requests: list[TrafficRequest]
) -> None:
    engine = engines.core(settings)
    record = traffic.play(engine, requests)
    for one in record.requests:
        assert one.cached_tokens % settings.block_tokens == 0
        assert one.cached_tokens < one.prompt_tokens
    assert engine.counts.hits + engine.counts.host_hits == _hits(record)

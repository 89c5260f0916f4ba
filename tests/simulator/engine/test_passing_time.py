"""Virtual time: how far `advance` goes, what it reports, and what is visible in the middle of it."""

from collections.abc import Sequence

import pytest

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import FinishReason
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.engine.steps import PauseMode
from tests.simulator.engine.engines import core, drive, named, request

ROOMY = EngineSettings(blocks=1000)


def decoding(output: int = 100) -> tuple[EngineCore, float]:
    """An engine with one request that has its first token, and when it got it."""
    engine = core(ROOMY)
    engine.add(request(1, 50, output))
    return engine, engine.advance(0.0, 10.0).now


def test_time_stops_at_the_first_token_and_at_the_end() -> None:
    engine = core(ROOMY)
    engine_request = request(1, 50, 100)
    engine.add(engine_request)
    first = engine.advance(0.0, 100.0)
    assert [(one.tokens, one.first, one.finished) for one in first.emissions] == [(1, True, None)]
    assert first.now == engine_request.first_token
    last = engine.advance(first.now, 100.0)
    assert [(one.tokens, one.first, one.finished) for one in last.emissions] == [(99, False, FinishReason.LENGTH)]
    assert last.now == engine_request.ended
    assert engine.advance(last.now, 100.0).now == 100.0


def test_time_can_run_through_to_the_requested_moment() -> None:
    engine = core(ROOMY)
    engine.add(request(1, 50, 100))
    result = engine.advance(0.0, 100.0, stopping=False)
    assert result.now == 100.0
    assert [one.tokens for one in result.emissions] == [1, 99]


def test_a_reply_of_one_token_is_first_and_last_at_once() -> None:
    engine = core(ROOMY)
    engine.add(request(1, 50, 1))
    (only,) = engine.advance(0.0, 100.0).emissions
    assert (only.tokens, only.first, only.finished) == (1, True, FinishReason.LENGTH)


def test_a_request_that_comes_within_a_step_enters_the_next_one() -> None:
    engine, now = decoding()
    engine.advance(now, now + 0.0505)
    late = request(2, 10, 5, arrived=now + 0.0505)
    engine.add(late)
    step = engine.flight
    assert step is not None
    assert step.began < late.arrived < step.ends
    engine.advance(late.arrived, 10.0)
    assert late.scheduled == step.ends


def test_in_the_middle_of_many_steps_the_books_are_right() -> None:
    engine, now = decoding()
    plain = core(ROOMY, plain=True)
    plain.add(request(1, 50, 100))
    plain.advance(0.0, now)
    for at in (0.2, 0.5, 0.9):
        engine.advance(now, at)
        plain.advance(now, at)
        assert (engine.usage, engine.counts.generation_tokens) == (plain.usage, plain.counts.generation_tokens)
        (mine,), (theirs,) = engine.progress(), plain.progress()
        assert mine.emitted == theirs.emitted > 1


def test_a_step_on_its_way_ends_before_the_next_begins() -> None:
    engine = core(ROOMY)
    engine.add(request(1, 50, 5))
    step = engine.begin(0.0)
    assert step is not None
    assert step.seconds == step.ends > 0
    with pytest.raises(AssertionError, match="still on its way"):
        engine.begin(0.001)
    engine.complete(step, step.ends)
    with pytest.raises(AssertionError, match="only the step on its way"):
        engine.complete(step, step.ends)


def test_a_pause_in_the_middle_of_many_steps_ends_the_one_on_its_way() -> None:
    engine, now = decoding()
    engine.advance(now, 0.5)
    engine.pause(PauseMode.ALL)
    assert engine.advance(0.5, 50.0).emissions == []
    tokens = engine.counts.generation_tokens
    engine.pause(PauseMode.NONE)
    engine.advance(50.0, 100.0)
    assert tokens < engine.counts.generation_tokens == 100


def test_a_server_that_is_late_to_complete_a_step_goes_on_from_then() -> None:
    engine, now = decoding(output=3)
    step = engine.begin(now)
    assert step is not None
    engine.complete(step, step.ends + 1.0)
    after = engine.begin(step.ends + 1.0)
    assert after is not None
    assert after.began == step.ends + 1.0
    assert after.seconds == pytest.approx(step.seconds, rel=0.01)


def test_a_reply_whose_pages_have_names_needs_a_name_for_every_page_before() -> None:
    engine_request = request(1, 50, 50)
    engine_request.reply = (1, 2, 3)
    with pytest.raises(ValueError, match="prefix has 0 ids for 3 full pages"):
        core(ROOMY).add(engine_request)


class Notes:
    """A listener that records its calls."""

    def __init__(self) -> None:
        self.received: list[tuple[str, tuple[int, ...], int | None]] = []

    def stored(self, names: Sequence[int], parent: int | None) -> None:
        self.received.append(("stored", tuple(names), parent))

    def removed(self, name: int) -> None:
        self.received.append(("removed", (name,), None))

    def cleared(self) -> None:
        self.received.append(("cleared", (), None))


def test_a_listener_is_notified_of_blocks_that_fill_are_evicted_or_are_cleared() -> None:
    engine, notes = core(EngineSettings(blocks=7, block_tokens=16)), Notes()
    engine.listen(notes)
    engine_request = request(1, 40, 25)
    engine_request.prefix, engine_request.reply = (1, 2), (3, 4)
    engine.add(engine_request)
    run = drive(engine)
    assert notes.received == [("stored", (1, 2), None), ("stored", (3,), 2), ("stored", (4,), 3)]
    notes.received.clear()
    engine.add(named(2, 80, 16, output=1))
    drive(engine, run)
    assert [kind for kind, _, _ in notes.received] == ["removed", "removed", "removed", "stored"]
    assert [names for _, names, _ in notes.received[:3]] == [(4,), (3,), (2,)]
    assert engine.reset_prefix_cache()
    assert notes.received[-1] == ("cleared", (), None)

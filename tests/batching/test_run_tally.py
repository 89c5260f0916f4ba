"""The counts of a run."""

import pytest

from fairlead.batching.reply_facts import TokenUsage
from fairlead.batching.run_tally import RunEnd, RunTally


def test_what_is_neither_answered_nor_failed_is_left() -> None:
    tally = RunTally(requests=10, before=2)
    assert tally.seconds_left(5.0) is None
    tally.add_answer(TokenUsage(prompt=9, cached=8, output=4))
    tally.add_answer(TokenUsage(prompt=1))
    tally.add_failure("400 context_too_long")
    tally.add_retry("429 queue_full")
    assert (tally.answered, tally.failed, tally.left) == (2, 1, 5)
    assert (tally.prompt_tokens, tally.cached_tokens, tally.output_tokens) == (10, 8, 4)
    assert tally.seconds_left(6.0) == 10.0
    assert tally.retries == {"429 queue_full": 1}


def test_a_server_cannot_invent_reasons_without_end() -> None:
    tally = RunTally(requests=100)
    for number in range(100):
        tally.add_failure(f"400 code-{number % 50}")
    assert len(tally.failures) == 21
    assert (tally.failures["400 code-3"], tally.failures["other reasons"]) == (2, 60)


@pytest.mark.parametrize("end", [RunEnd.COMPLETE, RunEnd.INTERRUPTED, RunEnd.TIME_OVER])
def test_a_run_that_nothing_was_left_to_is_complete_whatever_ended_it(end: RunEnd) -> None:
    assert RunTally(requests=2, before=2).end_of(end) is RunEnd.COMPLETE


def test_a_run_with_a_rest_is_not_complete() -> None:
    tally = RunTally(requests=2, before=1)
    assert tally.end_of(RunEnd.COMPLETE) is RunEnd.INPUT_CHANGED
    assert [tally.end_of(one) for one in (RunEnd.INTERRUPTED, RunEnd.TIME_OVER)] == ["Interrupted", "TimeOver"]


@pytest.mark.parametrize("end", [RunEnd.NO_ANSWERS, RunEnd.UNUSABLE, RunEnd.INPUT_CHANGED])
def test_a_fault_is_the_end_even_if_nothing_was_left(end: RunEnd) -> None:
    assert RunTally(requests=0).end_of(end) is end

"""How many tokens are drafted at which load, as vLLM expands it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.emulator.engine import draft_schedule
from fairlead.emulator.engine.provision import CannotStart
from fairlead.simulator.engine import speculation
from fairlead.simulator.engine.settings import SpeculationSettings
from tests.emulator.engine.virtual import provided

NGRAM = '"method":"ngram","num_speculative_tokens":3,"num_speculative_tokens_per_batch_size"'


def drafted(rows: object, requests: int, most: int = 3) -> int:
    by_batch = draft_schedule.read(rows, most)
    return speculation.drafted_after(SpeculationSettings(tokens=most, acceptance=(0.7,), by_batch=by_batch), requests)


def test_gaps_and_what_is_above_the_last_row_have_the_tokens_of_the_row_before() -> None:
    rows = [[32, 64, 1], [1, 8, 3], [65, 65, 0]]
    assert [drafted(rows, requests) for requests in (1, 8, 9, 31, 32, 64, 65, 500)] == [3, 3, 3, 3, 1, 1, 0, 0]


def test_nothing_says_that_as_many_are_drafted_at_every_load() -> None:
    assert draft_schedule.read(None, 3) == ()
    assert drafted(None, 500) == 3


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 8))
def test_never_more_are_drafted_than_the_engine_has_room_for(last: int, requests: int, tokens: int) -> None:
    assert drafted([[1, last, tokens]], requests) == min(tokens, 3)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("32", "must be a non-empty list"),
        ("[]", "must be a non-empty list"),
        ("[3]", "must be a 3-item sequence"),
        ("[[1,2]]", "must be a 3-item sequence"),
        ("[[0,2,3]]", "must be positive"),
        ("[[4,2,3]]", "start must be <= end"),
        ("[[1,2,-1]]", "values must be >= 0"),
        ("[[1,4,3],[4,8,1]]", "non-overlapping"),
        ("[[2,4,3]]", "must start at 1"),
    ],
)
def test_a_schedule_that_vllm_would_not_start_with_is_refused_with_its_message(rows: str, message: str) -> None:
    with pytest.raises(CannotStart, match=message):
        provided("--speculative-config", f"{{{NGRAM}:{rows}}}")


def test_the_engine_drafts_by_the_load_but_not_on_data_parallel_ranks() -> None:
    config = "--speculative-config", f"{{{NGRAM}:[[1,8,3],[9,9,0]]}}"
    alone, ranks = provided(*config), provided(*config, "--data-parallel-size", "2")
    assert alone.settings.speculation is not None
    assert alone.settings.speculation.by_batch == ((8, 3), (9, 0))
    assert ranks.settings.speculation is not None
    assert ranks.settings.speculation.by_batch == ()

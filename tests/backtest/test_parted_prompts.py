"""Where prompts diverge: a service with the time of day at the start of its system prompt is named, others are not."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import parted_prompts
from fairlead.backtest.parted_prompts import FEWEST, PromptParting
from fairlead.simulator.traffic.arrivals import RequestArrival

BLOCK = 16


def request(number: int, *blocks: object, tokens: int | None = None, tenant: str | None = "team-a") -> RequestArrival:
    """A prompt of these blocks, whose names are chained as an engine's are."""
    names, before = [], 0
    for one in blocks:
        before = hash((before, one))
        names.append(before)
    return RequestArrival(
        time=float(number),
        prompt_tokens=len(names) * BLOCK + 3 if tokens is None else tokens,
        output_tokens=10,
        prefix=tuple(names),
        client=tenant,
    )


def system(blocks: int) -> list[object]:
    return [f"system {number}" for number in range(blocks)]


def test_the_time_at_the_start_of_a_system_prompt_is_named_with_what_it_costs() -> None:
    requests = [request(number, f"it is {number}", *system(60), f"question {number}") for number in range(40)]
    (found,) = parted_prompts.partings(requests, BLOCK)
    assert found == PromptParting(
        tenant="team-a",
        requests=40,
        block=0,
        block_tokens=BLOCK,
        ways=40,
        lost_tokens=62 * BLOCK + 3,
        share=1.0,
    )
    assert found.shared_tokens == 0


def test_an_identifier_within_a_system_prompt_is_named_by_its_block() -> None:
    requests = [request(number, *system(5), f"user {number}", *system(50)) for number in range(40)]
    (found,) = parted_prompts.partings(requests, BLOCK)
    assert (found.block, found.shared_tokens, found.lost_tokens) == (5, 5 * BLOCK, 51 * BLOCK + 3)


def test_questions_behind_a_whole_system_prompt_are_in_order() -> None:
    requests = [request(number, *system(60), *(f"{number} {part}" for part in range(5))) for number in range(40)]
    assert parted_prompts.partings(requests, BLOCK) == ()


def test_texts_of_every_length_are_not_taken_for_one_that_is_hidden() -> None:
    requests = [request(number, *(f"{number} {part}" for part in range(1 + 5 * number))) for number in range(60)]
    assert parted_prompts.partings(requests, BLOCK) == ()


def test_a_date_that_lasts_all_day_costs_nothing() -> None:
    requests = [request(number, f"day {number // 100}", *system(60), f"{number}") for number in range(400)]
    assert parted_prompts.partings(requests, BLOCK) == ()


def test_each_tenant_and_each_of_its_services_is_checked_separately() -> None:
    def both_services() -> Iterator[RequestArrival]:
        for number in range(40):
            yield request(number, "good", *system(60), f"{number}", tenant="team-b")
            yield request(number, "other", f"at {number}", *system(30))
            yield request(number, "third", f"at {number}", *system(90))

    found = parted_prompts.partings(both_services(), BLOCK)
    assert [(one.tenant, one.block, one.lost_tokens) for one in found] == [
        ("team-a", 1, 91 * BLOCK + 3),
        ("team-a", 1, 31 * BLOCK + 3),
    ]


def test_conversations_that_grow_do_not_part() -> None:
    turns = [request(turn, f"session {session}", *system(3 + 2 * turn)) for session in range(3) for turn in range(30)]
    assert parted_prompts.partings(turns, BLOCK) == ()


def test_requests_without_blocks_say_nothing() -> None:
    assert parted_prompts.partings([request(number, tokens=900) for number in range(90)], BLOCK) == ()


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=FEWEST, max_size=60))
def test_tokens_reported_as_lost_are_always_within_the_prompts(prompts: list[list[int]]) -> None:
    requests = [request(number, *blocks) for number, blocks in enumerate(prompts)]
    for one in parted_prompts.partings(requests, BLOCK):
        assert 0 < one.share <= 1
        assert one.requests >= FEWEST
        assert one.shared_tokens + one.lost_tokens <= max(each.prompt_tokens for each in requests)

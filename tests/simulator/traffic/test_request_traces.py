import pytest

from fairlead.simulator.traffic import request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic, joined
from tests.simulator.virtual_fleet.excerpts import lines


def test_azure_requests_come_at_their_distance_from_the_first() -> None:
    arrivals = list(request_traces.azure(lines("azure-excerpt.csv")))

    assert len(arrivals) == 600
    assert arrivals[0] == RequestArrival(time=0.0, prompt_tokens=374, output_tokens=44)
    assert arrivals[1] == RequestArrival(time=4.314579, prompt_tokens=396, output_tokens=109)
    assert sorted(arrivals, key=lambda one: one.time) == arrivals


def test_an_azure_time_with_an_offset_is_that_moment_whatever_its_digits() -> None:
    began = list[float]()
    for written in ("", ".5", ".50", ".500000", ".5000000"):
        rows = [f"2024-05-10 20:15:00{written}+02:00,1,1", f"2024-05-10 19:15:05{written}+01:00,1,1"]
        found = list(request_traces.azure(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows], began.append))
        assert [one.time for one in found] == [0.0, 5.0]
    assert began == [1_715_364_900.0] + [1_715_364_900.5] * 4


def test_mooncake_requests_carry_the_pages_of_their_blocks() -> None:
    first, second, *_ = request_traces.mooncake(lines("mooncake-excerpt.jsonl"), page_tokens=16)

    assert (first.time, first.prompt_tokens, first.output_tokens) == (0.0, 40160, 6)
    assert first.prefix == tuple(range(40160 // 16))
    assert len(second.prefix) == 36640 // 16
    assert not set(first.prefix) & set(second.prefix)


def test_a_line_that_is_none_is_named_with_what_was_expected() -> None:
    with pytest.raises(UnreadableTraffic, match=r"line 2: .* expected TIMESTAMP,ContextTokens,GeneratedTokens"):
        list(request_traces.azure(["TIMESTAMP,ContextTokens,GeneratedTokens", "yesterday,1,1"]))
    with pytest.raises(UnreadableTraffic, match=r"line 1: .* expected timestamp, input_length"):
        list(request_traces.mooncake(["{}"], page_tokens=16))


def test_a_trace_is_read_no_further_than_requested() -> None:
    rows = iter(["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:15:46.6,1,1", "unreadable"])

    assert next(request_traces.azure(rows)).time == 0.0


def test_sources_are_joined_by_time() -> None:
    def at(*times: float) -> list[RequestArrival]:
        return [RequestArrival(time=time, prompt_tokens=1, output_tokens=1) for time in times]

    assert [one.time for one in joined(at(1, 4), at(2, 3))] == [1, 2, 3, 4]


def test_plain_columns_are_timed_from_the_first_and_more_columns_are_passed_over() -> None:
    rows = ["seconds,prompt_tokens,output_tokens,note", "12.5,100,20,a", "13,0,0,b"]
    assert list(request_traces.columns(rows)) == [
        RequestArrival(time=0.0, prompt_tokens=100, output_tokens=20),
        RequestArrival(time=0.5, prompt_tokens=1, output_tokens=1),
    ]


@pytest.mark.parametrize(
    ("row", "because"),
    [
        ("nan,1,1", "line 2: seconds is nan, and must be a number"),
        ("1,-1,1", "line 2: prompt_tokens is -1, and must be between 0 and 10,000,000"),
        ("1,1.5,1", "line 2: prompt_tokens is 1.5, and must be a whole number"),
        ("1,1", "line 2: it has 2 fields, and the header 3"),
    ],
)
def test_a_row_of_plain_columns_that_is_none_is_named(row: str, because: str) -> None:
    with pytest.raises(UnreadableTraffic) as problem:
        list(request_traces.columns(["seconds,prompt_tokens,output_tokens", row]))
    assert str(problem.value).startswith(because)
    assert str(problem.value).endswith("expected seconds,prompt_tokens,output_tokens")


def test_a_row_before_the_first_one_is_named() -> None:
    with pytest.raises(
        UnreadableTraffic, match="line 3: it came 2 s before the request above it; write the file in order of time"
    ):
        list(request_traces.columns(["seconds,prompt_tokens,output_tokens", "5,1,1", "3,1,1"]))

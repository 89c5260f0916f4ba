"""Recorded traffic becomes a description; for what is no trace, the error says what would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.traffic import TokenLengths, Traffic
from fairlead.sizing import traces
from fairlead.sizing.traces import TraceRequest, UnreadableTrace

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:00:00.0000000,100,10
2023-11-16 18:00:30.0000000,300,20
2023-11-16 18:02:00.0000000,200,30
"""
BLOCKS = """{"timestamp": 0, "input_length": 1024, "output_length": 8, "hash_ids": [1, 2]}
{"timestamp": 1000, "input_length": 1536, "output_length": 8, "hash_ids": [1, 2, 3]}
{"timestamp": 2000, "input_length": 100, "output_length": 8, "hash_ids": []}
{"timestamp": 3000, "input_length": 512, "output_length": 8, "hash_ids": [3]}
"""
RATES = "t_s,client,rate_rps\n0,a,3\n0,b,1\n600,a,5\n600,b,1\n"
QUANTILES = "t_s,client,field,mean,p0,p50,p100\n" + "".join(
    f"0,{client},{field},1,{base},{base + 10},{base + 20}\n"
    for client, base in (("a", 100), ("b", 1000))
    for field in ("input_tokens", "output_tokens")
)


def read(text: str) -> Traffic:
    found = traces.read(text)
    assert isinstance(found, Traffic)
    return found


def test_a_csv_of_requests_gives_rate_burst_and_lengths() -> None:
    found = read(AZURE)
    assert found.requests_per_second == pytest.approx(3 / 120)
    assert found.burst == pytest.approx((2 / 60) / (3 / 120)), "two in the first minute"
    assert found.prompt == TokenLengths(p50=200, p95=300, p99=300, mean=200)
    assert found.output.mean == 20


def test_blocks_seen_before_are_cacheable_as_far_as_they_lead() -> None:
    found = read(BLOCKS)
    assert found.cacheable == pytest.approx((1024 + 512) / (1024 + 1536 + 100 + 512))


def test_servegen_weighs_clients_by_what_they_send() -> None:
    found = traces.read_rates(RATES, QUANTILES)
    assert isinstance(found, Traffic)
    assert found.requests_per_second == 5
    assert found.burst == pytest.approx(6 / 5)
    assert found.prompt.p50 == 115, "four of five requests come from the client with short prompts"
    assert found.prompt.p95 == 1015


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "{}", "{broken", AZURE[:80]])
def test_text_that_is_no_trace_is_reported_as_unreadable(text: str) -> None:
    assert isinstance(traces.read(text), UnreadableTrace)


@pytest.mark.parametrize(
    ("rates", "quantiles"), [("x\n1\n", QUANTILES), ("t_s,client,rate_rps\n", QUANTILES), (RATES, "")]
)
def test_text_that_is_not_servegen_is_reported_as_unreadable(rates: str, quantiles: str) -> None:
    assert isinstance(traces.read_rates(rates, quantiles), UnreadableTrace)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            AZURE.replace("2023-11-16 18:00:30", "yesterday"),
            "line 3: TIMESTAMP is not a time such as 2023-11-16 18:15:46",
        ),
        (AZURE.replace(",300,", ",-300,"), "line 3: ContextTokens is -300, and must be between 0 and 10,000,000"),
        (BLOCKS.replace("[3]", "[3.5]"), "line 4: hash_ids has 3.5, which is not a whole number"),
        (BLOCKS.splitlines()[0], "1 requests; a rate needs requests at two times"),
    ],
)
def test_a_bad_row_is_named_with_its_line(text: str, words: str) -> None:
    found = traces.read(text)
    assert isinstance(found, UnreadableTrace)
    assert found.because.startswith(words)


def test_a_time_with_a_zone_is_a_time() -> None:
    assert read(AZURE.replace("0000000,", "000000+00:00,")) == read(AZURE)


def test_zero_rates_and_lengths_of_clients_that_send_nothing_are_no_traffic() -> None:
    for rates, quantiles in (
        (RATES.replace("3", "0").replace("5", "0").replace(",1", ",0"), QUANTILES),
        (RATES, QUANTILES.replace("0,a,", "0,c,").replace("0,b,", "0,d,")),
    ):
        found = traces.read_rates(rates, quantiles)
        assert found == UnreadableTrace("no window with traffic, or no lengths of clients that send any")


def test_a_single_moment_has_a_rate_too() -> None:
    found = traces.summarize([TraceRequest(5.0, 10, 1), TraceRequest(5.0, 10, 1)])
    assert found.requests_per_second == 2
    assert found.burst >= 1


def test_retries_and_bursts_add_to_the_peak() -> None:
    one = TokenLengths(p50=1, p95=1, p99=1, mean=1)
    traffic = Traffic(requests_per_second=10, burst=2, prompt=one, output=one, retries=0.1, cacheable=0.25)
    assert traffic.peak == pytest.approx(22)
    assert traffic.computed_prompt == 0.75


@given(st.floats(1, 1e5), st.floats(1, 20), st.floats(1, 20))
def test_a_tail_never_lowers_the_mean_below_the_median(p50: float, to95: float, to99: float) -> None:
    found = TokenLengths.of_percentiles(p50, p50 * to95, p50 * to95 * to99)
    assert found.mean >= p50

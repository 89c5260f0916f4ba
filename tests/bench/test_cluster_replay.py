"""Parts of the comparison between a real run and a simulated one: waves, courses, and the events of two watches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cluster_replay import comparison, sending, waves
from bench.cluster_replay.comparison import WatchEvents
from bench.cluster_replay.courses import Course
from bench.cluster_replay.waves import Wave
from fairlead.cli.recorded_latency import RecordedLatency
from fairlead.simulator.traffic.arrivals import RequestArrival

WAVE = Wave(since=100.0, seconds=600.0, period=300.0, least=0.1, most=0.5, seed=3)
LATENCY = RecordedLatency(streams=100, ttft_p50=0.30, ttft_p95=0.8, tpot_p50=0.08)


def recording(requests: int) -> list[RequestArrival]:
    return [
        RequestArrival(time=number / 10, prompt_tokens=100 + number % 5000, output_tokens=10)
        for number in range(requests)
    ]


def test_a_wave_sends_few_requests_at_its_trough_many_at_its_crest_and_none_outside_its_time() -> None:
    thinned = list(WAVE.of(recording(20_000)))
    assert thinned[0].time == 0
    assert thinned[-1].time < 600
    foot, crest = (sum(since <= one.time < since + 60 for one in thinned) for since in (270, 120))
    assert foot < 0.2 * 600 < 0.4 * 600 < crest
    assert max(one.prompt_tokens for one in thinned) <= waves.LONGEST
    assert list(WAVE.of(recording(20_000))) == thinned, "the same again"


def test_a_course_counts_from_what_stood_at_its_beginning() -> None:
    one = Course.of(2, [(-5.0, 1), (60.0, 3), (90.0, 3), (120.0, 2)])
    assert one.moments == ((0.0, 1), (60.0, 3), (120.0, 2))
    assert [one.at(moment) for moment in (0, 59, 60, 500)] == [1, 1, 3, 2]
    assert one.seconds(180.0) == 60 * 1 + 60 * 3 + 60 * 2
    assert str(one) == "0.0 min 1, 1.0 min 3, 2.0 min 2"


def test_two_courses_are_apart_by_the_replica_seconds_in_which_they_differ() -> None:
    real, played = Course.of(1, [(60.0, 2)]), Course.of(1, [(70.0, 2), (110.0, 3)])
    assert real.apart(played, 120.0) == pytest.approx((10 * 1 + 10 * 1) / 180)
    assert real.apart(real, 120.0) == 0


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(1, 9)), max_size=8), st.integers(1, 9))
def test_courses_are_never_apart_by_less_than_their_sums_are(changes: list[tuple[float, int]], first: int) -> None:
    one, other = Course.of(first, changes), Course.of(3, [(100.0, 5), (200.0, 2)])
    assert one.apart(other, 300.0) * one.seconds(300.0) >= abs(one.seconds(300.0) - other.seconds(300.0)) - 1e-6


def test_the_events_of_two_watches_become_a_run() -> None:
    events = WatchEvents(
        counts=[(990.0, "1"), (1060.0, "2"), (1060.5, ""), (1240.0, "1")],
        pods=[(990.0, "ADDED a"), (1061.0, "ADDED b"), (1062.0, "MODIFIED b"), (1245.0, "DELETED b")],
        began=1000.0,
        seconds=300.0,
    )
    real = comparison.real(events, LATENCY)
    assert real.course.moments == ((0.0, 1), (60.0, 2), (240.0, 1))
    assert real.gpu_s == 300 + 184
    document = {
        "candidates": [
            {
                "figures": {
                    "gpuHours": {"mean": 490 / 3600},
                    "ttftP50Seconds": {"mean": 0.31},
                    "ttftP95Seconds": {"mean": 0.9},
                    "regret": None,
                },
                "runs": [{"decisions": [{"atSeconds": 65.0, "to": 2}, {"atSeconds": 240.0, "to": 1}]}],
            }
        ]
    }
    found = comparison.compared(real, comparison.played(document, 1, 300.0))
    assert found.words == "replica timeline +1.0%, TTFT p50 +3.3%, TTFT p95 +12.5%, GPU time +1.2%"
    assert not found.holds, "the 95th percentile is more than a tenth apart"
    assert real.words.startswith("TTFT p50 0.300 s, p95 0.800 s, GPU time 8.1 min; replicas: 0.0 min 1, ")


def test_prompts_have_as_many_tokens_as_recorded_and_no_two_begin_alike() -> None:
    one = RequestArrival(time=0.0, prompt_tokens=64, output_tokens=7)
    first, second = (sending.body(number, one) for number in (1, 2))
    assert isinstance(first["prompt"], list)
    assert len(first["prompt"]) == one.prompt_tokens
    assert first["prompt"] != second["prompt"]
    assert first["max_tokens"] == 7

"""What follows from the figures of a comparison: medians, ratios to the better peer, and broken promises."""

from collections.abc import Mapping
from dataclasses import replace

from bench.router_cpu import table
from bench.router_cpu.found import Cost, Delay, Found
from bench.router_cpu.plan import LINES
from bench.router_cpu.soak import Soaked

ROUTERS = {"fairlead": "1.0", "one-peer": "2.0", "other-peer": "3.0"}
SHORT = LINES[0].name


def found(
    cpu_us: Mapping[str, tuple[float, ...]], p99: Mapping[str, float] | None = None, memory: float = 40.0
) -> Found:
    """A run with one line; delays only where given, with a 99th percentile that is ten times as high at half load."""
    costs = [
        Cost(router=name, line=SHORT, cpu_us=each, per_second=1e6 / each, failed=0)
        for name, rounds in cpu_us.items()
        for each in rounds
    ]
    delays = [
        Delay(router=name, rate=rate, common=common, p50=100.0 + place, p99=each * times, failed=0)
        for place, (name, each) in enumerate((p99 or {}).items())
        for common, rate, times in ((False, 1000.0 - place, 10.0), (True, 500.0, 1.0))
    ]
    return Found(
        machine="2 CPUs",
        date="2026-11-20",
        versions=ROUTERS,
        costs=tuple(costs),
        delays=tuple(delays),
        memory_mb={"fairlead": memory, "one-peer": 90.0, "other-peer": 150.0},
        requests=dict.fromkeys(ROUTERS, 10),
    )


def test_the_ratio_is_of_medians_and_to_the_better_peer() -> None:
    run = found({"fairlead": (30.0, 34.0, 90.0), "one-peer": (120.0, 121.0, 122.0), "other-peer": (50.0, 52.0, 51.0)})
    assert run.ratio(SHORT) == 34.0 / 51.0
    assert run.broken == []


def test_each_broken_promise_is_reported_with_both_figures() -> None:
    run = found(
        {"fairlead": (40.0,), "one-peer": (50.0,), "other-peer": (60.0,)},
        {"fairlead": 900.0, "one-peer": 800.0, "other-peer": 1000.0},
        memory=91.0,
    )
    assert run.broken == [
        f"{SHORT}: 0.80 of the better peer, promised 0.70",
        "p99 added at one rate for all: 900 µs, a peer adds 800",
        "resident: 91 MB, a peer has 90",
    ]


def test_at_half_of_its_own_most_the_median_is_promised_and_the_99th_percentile_is_shown() -> None:
    run = found(
        {"fairlead": (30.0,), "one-peer": (50.0,), "other-peer": (60.0,)},
        {"one-peer": 400.0, "fairlead": 300.0, "other-peer": 500.0},
    )
    slower = [replace(one, p99=9000.0) if one.router == "fairlead" and not one.common else one for one in run.delays]
    run = replace(run, delays=tuple(slower))
    assert run.broken == [
        "p50 added at half of its own most: 101 µs, a peer adds 100",
        "p50 added at one rate for all: 101 µs, a peer adds 100",
    ]
    page = table.page(run)
    assert "| added µs p99, half load | 9,000 | 4,000 | 5,000 | 2.25 |" in page
    assert "| added µs p99, 500/s each | 300 | 400 | 500 | 0.75 (<1) |" in page


def test_a_run_of_one_router_has_no_ratio_and_breaks_nothing() -> None:
    alone = Found(
        machine="",
        date="",
        versions={"fairlead": "1.0"},
        costs=(Cost(router="fairlead", line=SHORT, cpu_us=30.0, per_second=1.0, failed=0, system_us=21.0),),
        delays=(),
        memory_mb={"fairlead": 40.0},
        requests={"fairlead": 10},
    )
    assert alone.ratio(SHORT) is None
    assert (alone.cpu_us("fairlead", SHORT), alone.system_us("fairlead", SHORT)) == (30.0, 21.0)
    assert alone.broken == []
    assert "30.0" in table.text(alone)


def test_a_wrong_answer_of_ours_breaks_a_promise() -> None:
    run = found({"fairlead": (30.0,), "one-peer": (50.0,), "other-peer": (60.0,)})
    bad = Cost(router="fairlead", line=SHORT, cpu_us=30.0, per_second=1.0, failed=2, wrong="HTTP/1.1 502")
    worse = Found(
        machine=run.machine,
        date=run.date,
        versions=run.versions,
        costs=(*run.costs, bad),
        delays=(),
        memory_mb=run.memory_mb,
        requests=run.requests,
    )
    assert worse.broken == [f"{SHORT}: 2 answers were wrong: 'HTTP/1.1 502'"]
    assert worse.failed == 2


def test_the_page_has_the_rows_of_the_table_and_says_what_held() -> None:
    run = found({"fairlead": (30.0,), "one-peer": (50.0,), "other-peer": (60.0,)})
    page = table.page(run)
    assert f"| CPU µs, {SHORT} | 30.0 | 50.0 | 60.0 | 0.60 (≤0.70) |" in page
    assert "every promise in brackets held" in page


def test_memory_is_flat_when_the_second_half_does_not_grow() -> None:
    filling = (30.0, 36.0, 40.0, 40.2, 40.1)
    flat = Soaked(requests=(0, 500_000, 1_000_000, 1_500_000, 2_000_000), memory_mb=filling, failed=0)
    assert flat.holds
    leaking = Soaked(requests=flat.requests, memory_mb=(30.0, 35.0, 40.0, 45.0, 50.0), failed=0)
    assert not leaking.holds
    assert (round(leaking.slope, 6), round(leaking.growth, 6)) == (10.0, 0.25)

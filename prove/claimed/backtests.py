"""The claims about `fairlead simulate`: what it compares with, how fast it is, and what it says of bad traces."""

import json
from typing import Any, Final

from house import chromium
from prove import programs
from prove.claims import Claim, Figure

BOUND: Final = "tests/backtest/test_lower_bound.py"
DOCUMENTED: Final = "tests/simulator/virtual_fleet/test_documented_autoscalers.py"
REPORT: Final = ("tests/cli/report", "tests/conformance/test_report_in_chromium.py")
TRACES: Final = "tests/cli/test_simulate_traces.py"
DAY_SECONDS: Final = 60.0
MOST_MIB: Final = 1024.0


def baselines_reproduce_their_examples() -> Figure:
    """Their own examples, by row."""
    return _passed(DOCUMENTED)


def bad_traces_are_named_or_repaired() -> Figure:
    """A story for each thing that can be wrong."""
    return _passed(TRACES)


def the_report_is_readable() -> Figure:
    """Asked of a real Chromium, which is installed where that can be done."""
    if chromium.main() != 0 or chromium.found() is None:
        return Figure(holds=False, text=f"none of {', '.join(chromium.PROGRAMS)} on this machine")
    return _passed(*REPORT)


def a_day_is_played_in_a_minute() -> Figure:
    """By the seconds of one core; a sample of it beside that."""
    ran = programs.module("bench.backtest_speed")
    if not ran.ok:
        return Figure(holds=False, text=f"the benchmark ended with {ran.code}")
    return judged(json.loads(ran.output[ran.output.index("{") :]))


def judged(figures: dict[str, Any]) -> Figure:
    """The bar is for the whole day."""
    whole, sampled, six = figures["whole"], figures["sampled"], figures["six"]
    off, interval = abs(sampled["kept"]["mean"] - whole["kept"]["mean"]), sampled["kept"]["margin95"]
    peak = max(whole["peak_mib"], sampled["peak_mib"], six["peak_mib"])
    return Figure(
        holds=whole["core_s"] <= DAY_SECONDS and peak <= MOST_MIB,
        text=f"{', '.join(whole['traffic'].split(', ')[:2])}: {whole['core_s']:.0f} s of one core (at most "
        f"{DAY_SECONDS:g}), {whole['replicas']['mean']:.1f} replicas, most {whole['most']}; in a sample "
        f"{sampled['core_s']:.0f} s, its share of kept requests {off:.2%} off (interval {interval:.2%}); peak of all "
        f"processes {peak:.0f} MiB, six candidates at once among them (at most {MOST_MIB:g})",
    )


def _passed(*tests: str) -> Figure:
    ended = programs.pytest(*tests)
    return Figure(holds=ended.ok and ended.tests.all_passed, text=str(ended.tests))


def the_bound_holds() -> Figure:
    """Drawn plans on drawn traffic, and on recorded traffic fixed fleets, baselines, Fairlead, and a searched plan."""
    tested = programs.pytest(BOUND)
    played = programs.module("bench.autoscaling.bounds")
    lines = "; ".join(line for line in played.output.splitlines() if "at least" in line)
    return Figure(
        holds=tested.ok and tested.tests.all_passed and played.ok,
        text=f"{tested.tests}; {lines}",
    )


CLAIMS: Final = (
    Claim(
        item="simulate.4",
        title="HPA, KEDA, Knative, AIBrix and llm-d's WVA, as `fairlead simulate --against` plays them, reproduce the "
        "examples that their own projects document or test",
        prove=baselines_reproduce_their_examples,
    ),
    Claim(
        item="simulate.6",
        title="A day of ten requests a second on up to 20 replicas takes `fairlead simulate` at most 60 s of one core, "
        "and six candidates at once stay within 1 GiB",
        prove=a_day_is_played_in_a_minute,
        slow=True,
    ),
    Claim(
        item="simulate.7",
        title="In real Chromium the report of `fairlead simulate --html` asks no network for anything, scrolls "
        "sideways neither at 1280 nor at 390 pixels, keeps text at a contrast of 4.5 by day and night, works by "
        "keyboard and names all for a screen reader; its lines are ten just-seen steps apart to colour-blind eyes",
        prove=the_report_is_readable,
    ),
    Claim(
        item="simulate.8",
        title="A trace out of order, with gaps, NaN, negative tokens, wrong columns, of ten gigabytes or cut off is "
        "refused with its line and what to do, or repaired and said",
        prove=bad_traces_are_named_or_repaired,
    ),
    Claim(
        item="simulate.10",
        title="On five traffics no fixed fleet, baseline, Fairlead's default policy or searched plan of who knows the "
        "trace keeps its objectives for less than the bound that every report of `fairlead simulate` shows regret "
        "against; nor does any drawn plan on drawn traffic",
        prove=the_bound_holds,
        slow=True,
    ),
)

"""The claims about `fairlead simulate`: its baselines, its speed, and its messages about bad traces."""

import json
from typing import Any, Final

from house import chromium
from prove import programs
from prove.claims import Claim, Figure

BOUND: Final = "tests/backtest/test_lower_bound.py"
DOCUMENTED: Final = "tests/simulator/virtual_fleet/test_documented_autoscalers.py"
ADVICE: Final = ("tests/cli/test_advise.py", "-k", "fault")
REPORT: Final = ("tests/cli/report", "tests/conformance/test_report_in_chromium.py")
TRACES: Final = "tests/cli/test_simulate_traces.py"
DAY_SECONDS: Final = 60.0
PLANS_KEPT: Final = 0.95
MIN_ANSWERED: Final = 30
"""For most questions something in the catalogue keeps the objectives."""
MAX_MIB: Final = 1024.0


def baselines_reproduce_their_examples() -> Figure:
    """The baselines' own documented examples, by row."""
    return _passed(DOCUMENTED)


def bad_traces_are_named_or_repaired() -> Figure:
    """A test for each possible error."""
    return _passed(TRACES)


def a_result_equals_a_real_run() -> Figure:
    """Twenty minutes on a cluster of this machine; the last line compares."""
    ran = programs.module("bench.cluster_replay")
    return Figure(holds=ran.ok, text=ran.output.splitlines()[-1])


def plans_hold_on_fresh_seeds() -> Figure:
    """Forty drawn questions, each plan judged by traffic that it was not made with."""
    ran = programs.module("bench.played_plans")
    if not ran.ok:
        return Figure(holds=False, text=f"the benchmark ended with {ran.code}")
    return plans_judged(json.loads(ran.output[ran.output.rindex("\n{\n") :]))


def plans_judged(figures: dict[str, Any]) -> Figure:
    """Count only the questions that had an answer."""
    answered, kept, cheapest = (figures[name] for name in ("answered", "kept", "cheapest"))
    return Figure(
        holds=answered >= MIN_ANSWERED and kept >= PLANS_KEPT * answered and cheapest >= PLANS_KEPT * answered,
        text=f"{answered} of {figures['questions']} questions answered, {figures['plays']:.0f} plays each; kept on "
        f"three fresh seeds: {kept}; no fleet at most ten elevenths as dear keeps them too: {cheapest}; cost beside "
        f"what arithmetic alone proposes: {figures['of_reckoned']:.0%}",
    )


def faults_are_named_first() -> Figure:
    """Services built with one known fault each; the patch is merged and simulated by another command."""
    return _passed(*ADVICE)


def the_report_is_readable() -> Figure:
    """Checked in a real Chromium, which is installed if possible."""
    if chromium.main() != 0 or chromium.found() is None:
        return Figure(holds=False, text=f"none of {', '.join(chromium.PROGRAMS)} on this machine")
    return _passed(*REPORT)


def a_day_is_played_in_a_minute() -> Figure:
    """Seconds of one core for a whole day, and for a sample of it."""
    ran = programs.module("bench.backtest_speed")
    if not ran.ok:
        return Figure(holds=False, text=f"the benchmark ended with {ran.code}")
    return judged(json.loads(ran.output[ran.output.index("{") :]))


def judged(figures: dict[str, Any]) -> Figure:
    """The limit applies to the whole day."""
    whole, sampled, six = figures["whole"], figures["sampled"], figures["six"]
    off, interval = abs(sampled["kept"]["mean"] - whole["kept"]["mean"]), sampled["kept"]["margin95"]
    peak = max(whole["peak_mib"], sampled["peak_mib"], six["peak_mib"])
    return Figure(
        holds=whole["core_s"] <= DAY_SECONDS and peak <= MAX_MIB,
        text=f"{', '.join(whole['traffic'].split(', ')[:2])}: {whole['core_s']:.0f} s of one core (at most "
        f"{DAY_SECONDS:g}), {whole['replicas']['mean']:.1f} replicas, most {whole['most']}; in a sample "
        f"{sampled['core_s']:.0f} s, its share of kept requests {off:.2%} off (interval {interval:.2%}); peak of all "
        f"processes {peak:.0f} MiB, six candidates at once among them (at most {MAX_MIB:g})",
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
        item="simulate.3",
        title="Twenty minutes of a recording, thinned by a wave, on a real API server, node, operator, autoscaler and "
        "routers before emulated engines: replica timeline, TTFT p50 and p95, and GPU time are within 10 % of what "
        "`fairlead simulate --from` plays of the routers' own access lines",
        prove=a_result_equals_a_real_run,
        slow=True,
    ),
    Claim(
        item="simulate.4",
        title="HPA, KEDA, Knative, AIBrix and llm-d's WVA, as `fairlead simulate --against` plays them, reproduce the "
        "examples that their own projects document or test",
        prove=baselines_reproduce_their_examples,
    ),
    Claim(
        item="simulate.5",
        title="For 40 drawn questions the fleet that `fairlead plan` proposes keeps the objectives on fresh seeds in "
        "at least 95 % of cases, and as often no fleet of its candidates that is over 10 % cheaper keeps them too",
        prove=plans_hold_on_fresh_seeds,
        slow=True,
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
        item="simulate.9",
        title="`fairlead advise` names first what was built into each of eight services (a cache that is off, a batch, "
        "a cache, a context too small, 16-bit weights, too few replicas, too many, too large a card); its patch helps",
        prove=faults_are_named_first,
        slow=True,
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

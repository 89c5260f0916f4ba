"""The claims on speed and on plans: how they judge a measurement."""

from typing import Any

from prove.claimed import backtests


def figures(core_s: float, peak_mib: float = 200.0) -> dict[str, Any]:
    run = {
        "traffic": "day.csv: 864,087 requests in 1,440.0 min, 10.00 a second on average, 1,101 prompt",
        "core_s": core_s,
        "peak_mib": peak_mib,
        "kept": {"mean": 0.97, "margin95": 0.004},
        "replicas": {"mean": 9.5, "margin95": None},
        "most": 17,
    }
    return {"whole": run, "sampled": run | {"core_s": 9.0}, "six": run}


def test_a_day_in_a_minute_holds_and_a_slower_or_larger_one_does_not() -> None:
    held = backtests.judged(figures(59.0))

    assert held.holds
    assert held.text.startswith(
        "day.csv: 864,087 requests in 1,440.0 min, 10.00 a second on average: 59 s of one core (at most 60), "
        "9.5 replicas, most 17; in a sample 9 s"
    )
    assert not backtests.judged(figures(61.0)).holds
    assert not backtests.judged(figures(40.0, peak_mib=1100.0)).holds


def test_plans_hold_that_were_kept_and_not_undercut_in_nineteen_of_twenty_cases() -> None:
    figures = {"questions": 40, "answered": 40, "kept": 38, "cheapest": 40, "of_reckoned": 0.8, "plays": 9.0}

    held = backtests.plans_judged(figures)

    assert held.holds
    assert held.text.startswith("40 of 40 questions answered, 9 plays each; kept on three fresh seeds: 38; ")
    assert not backtests.plans_judged(figures | {"kept": 37}).holds
    assert not backtests.plans_judged(figures | {"cheapest": 37}).holds
    assert not backtests.plans_judged(figures | {"answered": 20, "kept": 20, "cheapest": 20}).holds

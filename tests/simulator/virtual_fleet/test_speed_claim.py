from typing import Any

import pytest

from prove.claimed import simulator_speed


def figures(**changed: object) -> dict[str, Any]:
    """The benchmark's output."""
    run = {"requests": 19_366, "core_s": 1.2, "peak_mib": 30.0}
    day = {"requests": 3_000_000, "core_s": 280.0, "peak_mib": 44.0}
    estimates = {"TTFT p95 s": [0.28, 0.017]}
    found: dict[str, Any] = {"hour": run, "stepwise": run | {"core_s": 12.0}, "same": True, "day": day}
    return found | {"estimates": estimates, "apart": {"TTFT p95 s": [0.29, 0.28, 0.7]}} | changed


def test_a_fast_and_truthful_run_holds() -> None:
    judged = simulator_speed.judged(figures())

    assert judged.holds
    assert "1.2 s of one core" in judged.text
    assert "0.280 +- 0.017 s" in judged.text


@pytest.mark.parametrize(
    "worse",
    [
        {"hour": {"requests": 19_366, "core_s": 5.1, "peak_mib": 30.0}},
        {"day": {"requests": 3_000_000, "core_s": 601.0, "peak_mib": 44.0}},
        {"day": {"requests": 3_000_000, "core_s": 280.0, "peak_mib": 900.0}},
        {"same": False},
        {"apart": {"TTFT p95 s": [0.29, 0.28, 4.1]}},
    ],
    ids=["slow hour", "slow day", "much memory", "another tale step by step", "sample far from the truth"],
)
def test_a_run_that_misses_one_bar_does_not_hold(worse: dict[str, Any]) -> None:
    assert not simulator_speed.judged(figures(**worse)).holds

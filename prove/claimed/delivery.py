"""The claims about delivery: how often gates are wrong, on rollouts with a known truth."""

from typing import Final

from bench import simulated_rollouts
from prove import programs
from prove.claims import Claim, Figure

SEED: Final = 1
"""Fixed, so that figures are reproducible; `python -m bench.simulated_rollouts 127 SEED` gives others."""
BOUNDS: Final = (
    "tests/comparing/test_score_bounds.py",
    "tests/comparing/test_sample_size.py",
    "tests/comparing/test_evidence.py",
)


def gates_are_seldom_wrong() -> Figure:
    """Quality and service of equal candidates; quality of worse ones."""
    found = simulated_rollouts.first_claim(SEED)
    return Figure(
        holds=found["equal_rolled_back"] <= 0.01
        and found["worse_promoted"] <= 0.05
        and found["equal_passed_quality"] >= 0.85
        and found["broken_stopped_at"] <= 150,
        text=(
            f"of {simulated_rollouts.ROLLOUTS:,} equal candidates {found['equal_rolled_back']:.1%} rolled back, "
            f"{found['equal_passed_quality']:.1%} passed the quality gate and {found['equal_passed_service']:.1%} the "
            f"service gate; 3 points worse promoted {found['worse_promoted']:.1%}; 10 points worse stopped after "
            f"{found['broken_stopped_at']:.0f} items (median)"
        ),
    )


def slow_candidates_are_found() -> Figure:
    """TTFT from users' requests at both revisions."""
    found = simulated_rollouts.second_claim(SEED)
    return Figure(
        holds=found["slow_rolled_back"] >= 0.90 and found["idle_undecided"] == 1.0,
        text=(
            f"1.3 times TTFT at sigma 1: {found['slow_rolled_back']:.1%} of {simulated_rollouts.ROLLOUTS:,} rolled "
            f"back by 400 requests a side, {found['slow_passed']:.1%} passed; an hour without traffic, asked for every "
            f"minute: {found['idle_undecided']:.0%} undecided"
        ),
    )


def plans_hold() -> Figure:
    """A plan's promised power against how often such candidates pass; bounds against tables and scipy."""
    rows = simulated_rollouts.planned_power(SEED)
    near = all(abs(row["passed"] - row["planned"]) <= 0.1 * row["planned"] for row in rows)
    passed = "; ".join(f"{row['items']:,} items at {row['discordance']:.0%}: {row['passed']:.1%}" for row in rows)
    tests = programs.pytest(*BOUNDS)
    return Figure(
        holds=near and tests.ok and tests.tests.all_passed,
        text=f"80 % planned, passed with {passed}; bounds beside published tables and scipy: {tests.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="delivery.1",
        title="Of 1,000 simulated rollouts of an equal candidate at most 1 % are rolled back and at least 85 % pass; 3 "
        "points worse at a margin of 2 and 1,000 items is promoted in at most 5 %; 10 points worse is stopped within "
        "150 items",
        prove=gates_are_seldom_wrong,
        slow=True,
    ),
    Claim(
        item="delivery.2",
        title="1.3 times the time to the first token, at a log-normal spread of 1, is rolled back by 400 requests a "
        "side in at least 90 %; an hour without traffic promotes nothing",
        prove=slow_candidates_are_found,
        slow=True,
    ),
    Claim(
        item="delivery.7",
        title="Plans of an evaluation are within 10 % of simulated power, and the bounds agree with published tables",
        prove=plans_hold,
        slow=True,
    ),
)

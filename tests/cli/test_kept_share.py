"""A share of requests that met their objectives, as shown, never contradicts the verdict next to it."""

from dataclasses import replace

import pytest

from fairlead.backtest.played_plan import PlayedPlan, PlayedProposal
from fairlead.backtest.repeats import Repeated
from fairlead.cli import kept_share, plan_unanswered, simulate_text
from fairlead.fleet.capacity_plan import LatencyObjectives
from tests.backtest.test_played_plan import PLAYED, option


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.0, "100.0%"),
        (0.9551, "95.5%"),
        (0.95, "95.0%"),
        (0.9497, "94.97%"),
        (0.94996, "94.996%"),
        (0.949, "94.9%"),
        (0.0, "0.0%"),
        (0.95 - 1e-12, "95.000000%"),
    ],
)
def test_a_share_below_the_goal_is_not_rounded_up_to_it(share: float, shown: str) -> None:
    assert kept_share.kept(share) == shown


def test_a_candidate_that_just_misses_its_objectives_is_not_shown_with_the_share_that_keeps_them() -> None:
    missed = replace(PLAYED, report=replace(PLAYED.report, kept=0.9497))
    row = Repeated(name="chat", runs=(missed,))
    assert simulate_text.cells(row)[1] == "94.97% !"
    assert simulate_text.summary(row).startswith("chat: 94.97% SLO met, ")


def test_a_plan_names_what_the_nearest_fleet_keeps_with_every_seed() -> None:
    """It is refused where one seed misses the goal, although the mean of all may reach it."""
    runs = tuple(replace(PLAYED, report=replace(PLAYED.report, kept=one)) for one in (0.97, 0.9498))
    tried = (PlayedProposal(proposal=option("small", 1, 1.0), reckoned=1, runs=runs),)
    goal = LatencyObjectives(ttft_p95_s=1.0)
    message = plan_unanswered.unkept(goal, goal, PlayedPlan(best=None, tried=tried, left=0))
    assert message.startswith(
        "nothing that was simulated keeps --ttft-p95 1s for 95% of requests, the nearest for 94.98%"
    )

"""The claims about `fairlead simulate`: what it compares with, how fast it is, and what it says of bad traces."""

from typing import Final

from prove import programs
from prove.claims import Claim, Figure

BOUND: Final = "tests/backtest/test_lower_bound.py"


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
        item="simulate.10",
        title="On five traffics no fixed fleet, baseline, Fairlead's default policy or searched plan of who knows the "
        "trace keeps its objectives for less than the bound that every report of `fairlead simulate` shows regret "
        "against; nor does any drawn plan on drawn traffic",
        prove=the_bound_holds,
        slow=True,
    ),
)

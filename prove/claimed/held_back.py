"""The claim about docs/reference/held-back.md: who is best on held-back traffic after tuning on another part."""

import json
from collections.abc import Mapping
from typing import Any, Final

from bench.held_back import page, verdict
from prove import programs
from prove.claims import Claim, Figure

FRONTS: Final = 0.75
"""Share of traces: three of the four that are recorded here, and the same share of others in FAIRLEAD_TRACES."""


def ours_is_on_the_front() -> Figure:
    """Simulate all traces again, also those in the folder FAIRLEAD_TRACES."""
    ran = programs.module("bench.held_back", "--others")
    if not ran.ok:
        return Figure(holds=False, text=f"the benchmark ended with {ran.code}")
    return judged(json.loads(ran.output[ran.output.index("{\n") :]))


def judged(shown: Mapping[str, Any]) -> Figure:
    """On the front and keeping the objectives, with every loss named."""
    contests = shown["contests"]
    won = sum(verdict.wins(one) for one in contests)
    lost = [
        f"{one['name']}: {row['name']} {loss.value.lower()}" for one in contests for loss, row in verdict.losses(one)
    ]
    return Figure(
        holds=bool(contests) and won >= FRONTS * len(contests),
        text=page.summary(shown) + (f" Losses: {'; '.join(lost)}" if lost else " No losses"),
    )


CLAIMS: Final = (
    Claim(
        item="simulate.2",
        title="Tuned on one part of recorded traffic and judged on another that was held back, Fairlead is on the "
        "front of attainment and cost among all that `fairlead simulate` compares with, tuned alike, and keeps the "
        "objectives, on at least three of four traces (docs/reference/held-back.md)",
        prove=ours_is_on_the_front,
        slow=True,
    ),
)

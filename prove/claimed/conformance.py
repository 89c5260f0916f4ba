"""The simulator's claim of conformance: one suite that passes on `fairlead engine` and on real vLLM."""

from typing import Final

from house.conformance import OURS, REAL
from prove import programs
from prove.claims import Claim, Figure


def both_pass_one_suite() -> Figure:
    """The suite on ours, then on real vLLM on CPU (6 GB in the cache, created if missing)."""
    ran = [programs.module("house.conformance", side) for side in (OURS, REAL)]
    lines = [(one.output.splitlines() or ["nothing was said"])[-1] for one in ran]
    return Figure(holds=all(one.ok for one in ran), text="; ".join(lines))


CLAIMS: Final = (
    Claim(
        item="engine.7",
        title="One conformance suite, every row of vLLM's error table in it, passes on `fairlead engine` and on real "
        "vLLM 0.32 on CPU; differences that are meant are listed with their reasons",
        prove=both_pass_one_suite,
        slow=True,
    ),
)

"""An engine that passes its probes and writes nothing: how long its place stays empty of service."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

FLEETS: Final = 2
"""One of several replicas, and one of a single one."""


def hung_replicas_are_replaced() -> Figure:
    """In a fleet of three and in a fleet of one, on a real node, under traffic."""
    ran = noted.pytest("tests/node/serving/test_hung_replicas.py")
    seconds = ran.numbers.get("seconds", ())
    return Figure(
        holds=ran.well and len(seconds) == FLEETS and ran.total("events") == FLEETS,
        text=f"seconds from the hang to the end of its pod: {', '.join(f'{one:.0f}' for one in seconds) or 'none'} "
        f"(one of three replicas, the only one), {ran.total('events')} Events; {ran.ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="trial.7",
        title="An engine that passes its probes and writes no tokens is replaced, beside others and as the only "
        "replica; no other pod is touched, and an Event says why",
        prove=hung_replicas_are_replaced,
        slow=True,
    ),
)

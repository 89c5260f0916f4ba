"""Two deployments of different priority and too few GPUs for both: who gets one, and what it costs the other."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure


def a_higher_priority_gets_a_gpu() -> Figure:
    """On a real node with Kubernetes' own scheduler, under traffic to the lower one."""
    ran = noted.pytest("tests/node/serving/test_preemption.py")
    return Figure(holds=ran.well and ran.unharmed, text=f"{ran.traffic}; {ran.ended.tests}")


CLAIMS: Final = (
    Claim(
        item="trial.8",
        title="A deployment with a higher PriorityClass gets a GPU of one with a lower, whose status says for whom, "
        "whose requests do not fail, and which gets it back",
        prove=a_higher_priority_gets_a_gpu,
        slow=True,
    ),
)

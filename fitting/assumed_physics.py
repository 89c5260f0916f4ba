"""Physics without any fit: the roofline's shares, and round figures for what a first token and a draft cost."""

from collections.abc import Iterable
from typing import Final

from fairlead.simulator.timing import roofline
from fairlead.simulator.timing.physics import EngineBehaviour, FirstTokenOverhead, Physics

ASSUMED_OVERHEAD: Final = FirstTokenOverhead(start_s=0.03, token_s=5e-6, wave=0.15, stall=0.3, transfer_s=0.1)
"""Round figures; only TTFT depends on them, not the step times."""
GAIN: Final = 2.2
"""Tokens that a request gains from a step with two drafted tokens."""


def physics(engines: Iterable[str]) -> Physics:
    """The assumed physics, the same for all engines."""
    return Physics(dict.fromkeys(engines, EngineBehaviour(roofline.ASSUMED, ASSUMED_OVERHEAD)), GAIN)

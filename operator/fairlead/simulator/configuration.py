"""What vLLM finds out of its start without a GPU: its words are known by then, here the model's files are opened too.

What only a GPU shows (memory, an engine core that dies) is not found, as with vLLM.
"""

from collections.abc import Callable
from typing import Final

from fairlead.simulator.faults import Fault
from fairlead.simulator.live import last_words
from fairlead.simulator.pretence import Pretence
from fairlead.simulator.served import Served

SEEN: Final = frozenset({Fault.GATED, Fault.NO_MODEL})
"""Faults of a start that show while vLLM makes its configuration."""


def check(served: Served, pretended: Pretence, tell: Callable[[str], None]) -> int:
    """The exit code of a start that ends after its configuration."""
    if pretended.order.fault in SEEN:
        tell(last_words.of(pretended.order.fault, served))
        return 1
    tell("INFO the configuration holds; memory and kernels show on a GPU only (simulated)")
    return 0

"""What looking drafts up in a request's own tokens (n-gram) costs a step, before any token of them is verified.

No weights are read, but vLLM then schedules a step only when the one before it has ended, and the GPU waits: measured
with vLLM 0.32 on an H100 (docs/reference/gpu.md), at 1 to 32 requests; 1 to 2.6 ms a step on two cores of a processor.
"""

from typing import Final

STEP_S: Final = 2.4e-3
SEQUENCE_S: Final = 30e-6
"""For each request that decodes."""


def seconds(sequences: float) -> float:
    """Of the host, so that no GPU shortens it."""
    return STEP_S + sequences * SEQUENCE_S

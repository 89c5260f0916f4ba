"""Upper bounds of the buckets of the router's histograms, and why they are where they are."""

from typing import Final

TTFT: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75,
    1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0, 120.0,
)  # fmt: skip
"""Seconds. Objectives are written in tenths of a second, so those are bounds and can be read without guessing; below
are cached and simulated answers, above are long prompts and starts from zero."""
TPOT: Final = (
    0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.075, 0.1,
    0.15, 0.2, 0.3, 0.5, 1.0,
)  # fmt: skip
"""Seconds a token. vLLM's own begin at 10 ms, where a fast decoder already is; ours tell 100 from 130 tokens/s."""
WHOLE: Final = (
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
    90.0, 120.0, 180.0, 300.0, 600.0, 900.0,
)  # fmt: skip
"""Seconds. 900 is the default of the total time-out."""
WAIT: Final = (
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
)  # fmt: skip
"""Seconds. 300 is the default of the longest hold."""
LAG: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Seconds. What delays the loop delays every stream; 5 ms is how long another thread may keep the interpreter."""

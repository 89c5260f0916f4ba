"""A metrics page as `fairlead engine` writes it, with counters that grow each second and gauges that wander."""

import math
import re
from typing import Final

RATES: Final = {
    b"vllm:prompt_tokens_total": 3200.0,
    b"vllm:generation_tokens_total": 1100.0,
    b"vllm:prefix_cache_queries_total": 3200.0,
    b"vllm:prefix_cache_hits_total": 900.0,
    b"vllm:iteration_tokens_total_count": 42.0,
    b"vllm:iteration_tokens_total_sum": 4300.0,
}
"""Growth a second for one busy replica; other counters of vLLM grow by `OTHERS`."""
OTHERS: Final = 4.0
GAUGES: Final = (b"vllm:num_requests_running", b"vllm:num_requests_waiting", b"vllm:kv_cache_usage_perc")
_LINE: Final = re.compile(rb"(?m)^(vllm:[a-z_0-9]+)(\{[^\n]*\}) (\S+)$")
_BOUND: Final = re.compile(rb'le="([^"]+)"')


class Page:
    """One page, at any second of a run."""

    def __init__(self, written: bytes) -> None:
        self._pieces: list[bytes] = []
        self._values: list[tuple[bytes, float]] = []
        """Sample name and, for a bucket, the share of samples in it."""
        end = 0
        for found in _LINE.finditer(written):
            self._pieces.append(written[end : found.start(3)])
            self._values.append((found[1], _share(found[2])))
            end = found.end(3)
        self._rest = written[end:]

    def at(self, second: float) -> bytes:
        """The page as of this second."""
        parts: list[bytes] = []
        for piece, (name, share) in zip(self._pieces, self._values, strict=True):
            parts += (piece, _value(name, share, second))
        return b"".join((*parts, self._rest))


def _share(labels: bytes) -> float:
    found = _BOUND.search(labels)
    if found is None:
        return 1.0
    bound = float(found[1])
    return bound / (bound + 0.2) if math.isfinite(bound) else 1.0


def _value(name: bytes, share: float, second: float) -> bytes:
    if name in GAUGES:
        return b"%.3f" % (0.5 + 0.4 * math.sin(second))
    if name.endswith((b"_bucket", b"_count", b"_sum", b"_total")):
        return b"%.1f" % math.floor(share * second * RATES.get(name, OTHERS))
    return b"1.0"

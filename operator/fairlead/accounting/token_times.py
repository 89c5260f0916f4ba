"""How long a revision's tokens take, learnt from its requests; used as weights of shares and ceilings of budgets."""

from dataclasses import dataclass
from typing import Final

from fairlead.fleet.light_dataclass import light

STEP_TOKENS: Final = 2048
"""Prompt tokens that an engine computes in one step beside decoding: vLLM's usual budget of a step."""
KEPT: Final = 0.98
"""Weight that older samples keep at each new one: some fifty count."""
MARGIN: Final = 3.0
"""Chosen: how many times slower than usual a request may be before its excess counts as idle."""


@light
class SecondsPerToken:
    """Seconds of a replica."""

    request: float
    """Per request, whatever its length: scheduling, the first step."""
    prefill: float
    cached: float
    """Per prompt token found in the cache."""
    decode: float


CHOSEN: Final = SecondsPerToken(request=0.5, prefill=0.0005, cached=0.00002, decode=0.05)
"""Used until requests were seen. Chosen: slower than most, so that a budget reserves rather too much."""
CACHED_SHARE: Final = CHOSEN.cached / CHOSEN.prefill
"""Time of a cached token over that of a computed one. Chosen: finding a block is not free."""


@dataclass(slots=True, eq=False)
class TokenTimes:
    """Times of one revision, at one router."""

    prefill: float = CHOSEN.prefill
    decode: float = CHOSEN.decode
    _samples: float = 0.0
    _decode_samples: float = 0.0

    def learn(self, uncached: int, first_token_seconds: float, output: int, decode_seconds: float) -> None:
        """Learn from a successful request: its time to first token, and from there to the last."""
        if uncached > 0 and first_token_seconds >= 0:
            self._samples = self._samples * KEPT + 1
            sample = first_token_seconds / max(uncached, STEP_TOKENS // 8)
            self.prefill += (sample - self.prefill) / self._samples
        if output > 1 and decode_seconds >= 0:
            self._decode_samples = self._decode_samples * KEPT + 1
            self.decode += (decode_seconds / (output - 1) - self.decode) / self._decode_samples

    def prefill_weight(self, uncached: int, cached: int, inflight: int) -> float:
        """Return the share of a step that computing the prompt takes, relative to one decoding sequence."""
        step = (min(uncached, STEP_TOKENS) + min(cached, STEP_TOKENS) * CACHED_SHARE) * self.prefill
        return max(1.0, step * max(1, inflight) / self.decode) if self.decode > 0 else 1.0

    def slowest(self) -> SecondsPerToken:
        """Return the slowest usual times: the learnt ones with a margin; never below what any request takes."""
        if not self._samples and not self._decode_samples:
            return CHOSEN
        return SecondsPerToken(
            request=CHOSEN.request * MARGIN,
            prefill=self.prefill * MARGIN,
            cached=self.prefill * CACHED_SHARE * MARGIN,
            decode=self.decode * MARGIN,
        )

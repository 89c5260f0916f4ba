"""The ends of consecutive decode steps, the same to the bit whether steps are run singly or skipped together.

Summing step by step rounds at each step; a closed form rounds once. Both modes therefore compute each step's end by
the same formula, from the first step after something changed. Knows no requests.
"""

from fairlead.simulator.engine.batch import DecodeLine


class DecodeStretch:
    """Consecutive decode steps of the same requests, whose contexts grow by one token in each step."""

    __slots__ = ("_line", "_sequences", "_start", "_tokens", "ends", "steps")

    def __init__(self) -> None:
        self._start = 0.0
        self._line = DecodeLine(0.0, 0.0)
        self._sequences = 0
        self._tokens = 0
        self.steps = 0
        """Steps of this stretch, the one in flight included; 0 if the next step begins a new stretch."""
        self.ends = 0.0
        """When the last of these steps ends."""

    def begins(self, now: float, line: DecodeLine, sequences: int, tokens: int) -> None:
        """Begin a stretch with its first step."""
        self._start, self._line, self._sequences, self._tokens = now, line, sequences, tokens
        self.steps = 1
        self.ends = self.end(1)

    def goes_on(self, steps: int = 1) -> None:
        """Add so many steps."""
        self.steps += steps
        self.ends = self.end(self.steps)

    def continues_at(self, now: float) -> bool:
        """Whether a step that begins now is the next of the same stretch."""
        return self.steps > 0 and now == self.ends

    def breaks(self) -> None:
        """End the stretch, since the batch changes."""
        self.steps = 0

    def end(self, steps: int) -> float:
        """When so many steps of the stretch are done."""
        looked_back = steps * self._tokens + self._sequences * (steps * (steps - 1) // 2)
        return self._start + (steps * self._line.base_s + looked_back * self._line.context_token_s)

    def done_by(self, moment: float, most: int) -> int:
        """Of the next `most` steps, the one in flight first, how many have ended at this moment."""
        low, high = 0, most
        begins = self.end(self.steps - 1)
        first = self.end(self.steps) - begins
        if moment - begins < first * most:
            # No later step is shorter than the first, so no more of them fit.
            high = min(high, int((moment - begins) / first) + 1)
        while low < high:
            middle = (low + high + 1) // 2
            if self.end(self.steps - 1 + middle) <= moment:
                low = middle
            else:
                high = middle - 1
        return low

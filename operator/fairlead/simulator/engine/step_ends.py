"""When steps without prompts end, one after the other, so that many at once end to the bit when single ones would.

Adding up step by step rounds at each step; a closed form rounds once. Both modes therefore take each step's end from
the same formula, counted from the first step after something changed. Knows no requests.
"""

from fairlead.simulator.engine.batch import DecodeLine


class DecodeStretch:
    """A stretch of steps of the same requests, each step longer than the one before by one token each."""

    __slots__ = ("_line", "_sequences", "_start", "_tokens", "ends", "steps")

    def __init__(self) -> None:
        self._start = 0.0
        self._line = DecodeLine(0.0, 0.0)
        self._sequences = 0
        self._tokens = 0
        self.steps = 0
        """Of this stretch, the one in flight included; none if whatever comes next begins anew."""
        self.ends = 0.0
        """When the last of them does."""

    def begins(self, now: float, line: DecodeLine, sequences: int, tokens: int) -> None:
        """The first step of a stretch."""
        self._start, self._line, self._sequences, self._tokens = now, line, sequences, tokens
        self.steps = 1
        self.ends = self.end(1)

    def goes_on(self, steps: int = 1) -> None:
        """So many steps more."""
        self.steps += steps
        self.ends = self.end(self.steps)

    def continues_at(self, now: float) -> bool:
        """Whether a step that begins now is the next of the same stretch."""
        return self.steps > 0 and now == self.ends

    def breaks(self) -> None:
        """Somebody came or went."""
        self.steps = 0

    def end(self, steps: int) -> float:
        """When so many steps of the stretch are done."""
        looked_back = steps * self._tokens + self._sequences * (steps * (steps - 1) // 2)
        return self._start + (steps * self._line.base_s + looked_back * self._line.context_token_s)

    def done_by(self, moment: float, most: int) -> int:
        """Of the next `most` steps, the one in flight first, how many have ended at this moment."""
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            if self.end(self.steps - 1 + middle) <= moment:
                low = middle
            else:
                high = middle - 1
        return low

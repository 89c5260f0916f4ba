"""The ends of consecutive decode steps, the same to the bit whether steps are run singly or skipped together.

Summing step by step rounds at each step; a closed form rounds once. So both modes compute each step's end by the same
formula, from the first step after something changed. Requests are unknown here.
"""

from math import inf, sqrt

from fairlead.simulator.engine.batch import DecodeLine


class DecodeStretch:
    """Consecutive decode steps of the same requests, whose contexts grow by one token in each step."""

    __slots__ = ("_ended", "_line", "_moment", "_sequences", "_start", "_tokens", "ends", "steps")

    def __init__(self) -> None:
        self._start = 0.0
        self._line = DecodeLine(0.0, 0.0)
        self._sequences = 0
        self._tokens = 0
        self._moment = -inf
        self._ended = 0
        """The last result: steps of the stretch that have ended at that moment."""
        self.steps = 0
        """Steps of this stretch, including the one in flight; 0 if the next step begins a new stretch."""
        self.ends = 0.0
        """When the last of these steps ends; a step that begins then continues the stretch."""

    def begins(self, now: float, line: DecodeLine, sequences: int, tokens: int) -> float:
        """Begin a stretch with its first step; return when that ends."""
        self._start, self._line, self._sequences, self._tokens = now, line, sequences, tokens
        self._moment = -inf
        self.steps = 1
        self.ends = ends = now + (line.base_s + tokens * line.context_token_s)
        return ends

    def goes_on(self) -> float:
        """Add a step; return when it ends."""
        self._moment = -inf
        self.steps += 1
        self.ends = ends = self.end(self.steps)
        return ends

    def skip(self, steps: int, ends: float) -> None:
        """Add this many steps, the last of which ends at this time, as computed by `end`."""
        self.steps += steps
        self.ends = ends

    def breaks(self) -> None:
        """End the stretch, because the batch changes."""
        self.steps = 0

    def end(self, steps: int) -> float:
        """Return when this many steps have ended."""
        looked_back = steps * self._tokens + self._sequences * (steps * (steps - 1) // 2)
        line = self._line
        return self._start + (steps * line.base_s + looked_back * line.context_token_s)

    def done_by(self, moment: float, most: int) -> int:
        """Return how many of the next `most` steps, the one in flight first, have ended at this moment."""
        before = self.steps - 1
        if moment == self._moment:
            return min(self._ended - before, most)
        done = min(max(self._about(moment) - before, 0), most)
        end = self.end
        while done < most and end(before + done + 1) <= moment:
            done += 1
        while done and end(before + done) > moment:
            done -= 1
        self._moment, self._ended = moment, before + done
        return done

    def _about(self, moment: float) -> int:
        """Count steps that have ended at this moment, apart from rounding: the root of the parabola of ends."""
        slope = self._line.context_token_s
        bend = self._sequences * slope / 2
        first = self._line.base_s + self._tokens * slope - bend
        span = moment - self._start
        if bend <= 0.0 or span <= 0.0:
            return int(span / first) if first > 0.0 else 0
        return int((sqrt(first * first + 4 * bend * span) - first) / (2 * bend))

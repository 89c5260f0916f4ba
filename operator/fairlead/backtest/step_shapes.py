"""The least times of all steps that an engine can make, by decoding requests and prompt tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Final

from fairlead.simulator.engine.batch import StepBatch, StepTimes
from fairlead.simulator.engine.settings import EngineSettings

SINGLE_TOKENS: Final = 32
"""Pieces of prompts up to this many tokens are examined one by one, longer ones in ranges."""
RANGE: Final = 1.03


class StepShapes:
    """The least times of one engine's steps."""

    def __init__(self, times: StepTimes, settings: EngineSettings) -> None:
        most = settings.max_sequences
        self._rows = _rows(times, settings)
        self.dearest_prompt_s = min(seconds / tokens for tokens, seconds in self._rows[0].pieces if tokens)
        """For a prompt token, if no request decodes."""
        self.pair_s = min(_pair(times, number) for number in (0, 1, most))
        lines = (times.decode_line(number, number) for number in range(1, most + 1))
        self.context_s = max(min(line.context_token_s for line in lines), 0.0)

    def over(self, prompt_s: float, pace_weight: float, pace_s: float) -> list[float]:
        """Return, by decoding requests, how far prompt tokens at this price exceed a step's time at most."""
        return [row.over(prompt_s, pace_weight, pace_s) for row in self._rows]


@dataclass(frozen=True, slots=True)
class _Row:
    """All steps with one number of decoding requests: pieces of prompts in tokens, and the length of such a step."""

    decodes: int
    pieces: tuple[tuple[int, float], ...]
    """Only those that are the tightest for some price; a range of pieces has its most tokens and its least time."""

    def over(self, prompt_s: float, pace_weight: float, pace_s: float) -> float:
        """Return seconds; the weight counts a step by how much longer it is than the objective."""
        slower = 1 + pace_weight * self.decodes
        allowed = pace_weight * self.decodes * pace_s if pace_weight else 0.0
        return max([prompt_s * tokens - slower * seconds for tokens, seconds in self.pieces]) + allowed


def _rows(times: StepTimes, settings: EngineSettings) -> list[_Row]:
    """Return rows by decoding requests, from 0 on; each as short as the shortest with as many or more."""
    ranges = tuple(_ranges(settings.batch_tokens))
    shortest = [inf] * len(ranges)
    found = []
    for decodes in range(settings.max_sequences, -1, -1):
        hull: list[tuple[int, float]] = []
        for place, (least, greatest) in enumerate(ranges):
            shortest[place] = min(shortest[place], times.seconds(_batch(decodes, least)))
            _add(hull, (greatest, shortest[place]))
        found.append(_Row(decodes, tuple(hull)))
    return found[::-1]


def _batch(decodes: int, prompt_tokens: int, pairs: int = 0) -> StepBatch:
    return StepBatch(
        decodes=decodes,
        decode_tokens=decodes,
        prefills=min(prompt_tokens, 1),
        prefill_tokens=prompt_tokens,
        prefill_pairs=pairs,
    )


def _add(hull: list[tuple[int, float]], point: tuple[int, float]) -> None:
    """Keep only points on the lower edge, since only they can be the tightest."""
    while len(hull) > 1 and _above(hull[-2], hull[-1], point):
        hull.pop()
    hull.append(point)


def _above(first: tuple[int, float], middle: tuple[int, float], last: tuple[int, float]) -> bool:
    share = (middle[0] - first[0]) / (last[0] - first[0])
    return middle[1] >= first[1] + share * (last[1] - first[1])


def _ranges(most: int) -> Iterator[tuple[int, int]]:
    """Yield numbers of tokens as `(least, greatest)`: a step with more of them takes no less time."""
    singles = min(SINGLE_TOKENS, most)
    yield from ((number, number) for number in range(singles + 1))
    least = singles + 1
    while least <= most:
        greatest = min(int(least * RANGE), most)
        yield least, greatest
        least = greatest + 1


def _pair(times: StepTimes, decodes: int) -> float:
    """Return the cost of one more pair in a step with a prompt: no further pair costs less."""
    none, one = (times.seconds(_batch(decodes, 1, pairs)) for pairs in (0, 1))
    return max((one - none) * (1 - 1e-6), 0.0)

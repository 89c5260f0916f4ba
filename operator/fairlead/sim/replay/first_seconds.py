"""Which shares of bandwidth and arithmetic a GPU reaches, read off the first seconds of an engine's own metrics.

Two numbers from what every engine exports: tokens a second, requests running, cache usage. No request's latency is
looked at, so that latencies remain what the model is judged by.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from fairlead.sim.engine.batch import Batch, StepTimes
from fairlead.sim.engine.settings import EngineSettings
from fairlead.sim.replay.recorded import Second

SECONDS: Final = 10
"""How many are looked at: long enough for both kinds of step, short against any run."""
LOWEST, HIGHEST = 0.05, 2.0
"""Shares between which the answer is looked for; data sheets state less than some cards reach."""
FULL: Final = 0.9
"""With more of the cache held, the next prompt may not fit, and steps are narrower than the budget."""
STEADY: Final = 0.9
"""With fewer still running at a second's end than this share of those at its start, its mean says little."""
HALVINGS: Final = 40

Shared = Callable[[float, float], StepTimes]
"""Step times for these shares of bandwidth and arithmetic."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the data sheet's rates."""

    bandwidth: float
    arithmetic: float


def shares(seconds: Sequence[Second], settings: EngineSettings, times: Shared) -> Shares:
    """Those with which the tokens of the first seconds take just these seconds."""
    early = list(pairwise(seconds[:SECONDS]))
    decoding = [_decoding(settings, pair) for pair in early if _is_decoding(pair)]
    reading = [_reading(settings, pair) for pair in early if _is_full_of_prompts(pair)]
    if not decoding or not reading:
        raise ValueError(
            f"the first {SECONDS} s hold {len(decoding)} without prompts and {len(reading)} full of them; "
            "both are needed: take a run that starts under load"
        )
    bandwidth = _solve(lambda share: _length(times(share, 1.0), decoding) - len(decoding))
    return Shares(bandwidth, _solve(lambda share: _length(times(bandwidth, share), reading) - len(reading)))


def _is_decoding(pair: tuple[Second, Second]) -> bool:
    """Nothing is read, and those that run stay."""
    before, after = pair
    return not after.prompt_tokens and after.running > STEADY * before.running > 0


def _is_full_of_prompts(pair: tuple[Second, Second]) -> bool:
    """Somebody waits although the cache has room: then every step is as wide as the budget."""
    before, after = pair
    return after.prompt_tokens > 0 and after.waiting > 0 and before.usage < after.usage < FULL


def _decoding(settings: EngineSettings, pair: tuple[Second, Second]) -> tuple[float, Batch]:
    """How many steps the second held, and what one of them worked on."""
    running = (pair[0].running + pair[1].running) / 2
    sequences = max(1, round(running))
    batch = Batch(decodes=sequences, decode_tokens=sequences, decode_context=_context(settings, pair))
    return pair[1].generation_tokens / running, batch


def _reading(settings: EngineSettings, pair: tuple[Second, Second]) -> tuple[float, Batch]:
    sequences = round((pair[0].running + pair[1].running) / 2)
    tokens = settings.batch_tokens - sequences
    batch = Batch(decodes=sequences, decode_tokens=sequences, decode_context=_context(settings, pair))
    batch.prefills, batch.prefill_tokens, batch.prefill_context = 2, tokens, tokens
    batch.prefill_pairs = tokens * tokens // 4  # two prompts of half the step each
    return pair[1].prompt_tokens / tokens, batch


def _context(settings: EngineSettings, pair: tuple[Second, Second]) -> int:
    usage = (pair[0].usage + pair[1].usage) / 2
    return int(usage * (settings.blocks - 1) * settings.block_tokens)


def _length(times: StepTimes, work: list[tuple[float, Batch]]) -> float:
    return sum(steps * times.seconds(batch) for steps, batch in work)


def _solve(excess: Callable[[float], float]) -> float:
    """The share at which nothing is left over; more share, less time."""
    low, high = LOWEST, HIGHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2

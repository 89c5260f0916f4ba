"""The first seconds of a recorded run as stretches of work, from metrics that every engine exports each second.

These are tokens a second, running requests and KV cache usage. Request latencies are not used, so they can test the
model.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay.recordings import RecordedSecond
from fairlead.simulator.timing.rate_shares import WorkStretch

SECONDS: Final = 10
"""Seconds used: enough for both kinds of step, and few compared with any run."""
FULL: Final = 0.9
"""With higher KV cache usage the next prompt may not fit, and steps are smaller than the budget."""
STEADY: Final = 0.9
"""If fewer than this share of a second's running requests are left at its end, their mean is not representative."""


def stretches(seconds: Sequence[RecordedSecond], settings: EngineSettings) -> list[WorkStretch]:
    """Return seconds whose steps have a known batch."""
    early = list(pairwise(seconds[:SECONDS]))
    decoding = [_decoding(settings, pair) for pair in early if _is_decoding(pair)]
    room = [pair for pair in early if pair[0].running + pair[1].running < 2 * settings.batch_tokens]
    return decoding + [_reading(settings, pair) for pair in room if _is_full_of_prompts(pair)]


def _is_decoding(pair: tuple[RecordedSecond, RecordedSecond]) -> bool:
    """Whether a second has no prefill and nearly all requests keep running."""
    before, after = pair
    return not after.prompt_tokens and after.running > STEADY * before.running > 0


def _is_full_of_prompts(pair: tuple[RecordedSecond, RecordedSecond]) -> bool:
    """Whether requests wait although the KV cache has room: then every step uses the whole token budget."""
    before, after = pair
    return after.prompt_tokens > 0 and after.waiting > 0 and before.usage < after.usage < FULL


def _decoding(settings: EngineSettings, pair: tuple[RecordedSecond, RecordedSecond]) -> WorkStretch:
    """Return the number of steps in a second, and the batch of each."""
    running = (pair[0].running + pair[1].running) / 2
    sequences = max(1, round(running))
    batch = StepBatch(decodes=sequences, decode_tokens=sequences, decode_context=_context(settings, pair))
    return WorkStretch(1.0, ((pair[1].generation_tokens / running, batch),))


def _reading(settings: EngineSettings, pair: tuple[RecordedSecond, RecordedSecond]) -> WorkStretch:
    sequences = round((pair[0].running + pair[1].running) / 2)
    tokens = settings.batch_tokens - sequences
    batch = StepBatch(decodes=sequences, decode_tokens=sequences, decode_context=_context(settings, pair))
    batch.prefills, batch.prefill_tokens, batch.prefill_context = 2, tokens, tokens
    batch.prefill_pairs = tokens * tokens // 4  # two prompts of half the step each
    return WorkStretch(1.0, ((pair[1].prompt_tokens / tokens, batch),))


def _context(settings: EngineSettings, pair: tuple[RecordedSecond, RecordedSecond]) -> int:
    usage = (pair[0].usage + pair[1].usage) / 2
    return int(usage * (settings.blocks - 1) * settings.block_tokens)

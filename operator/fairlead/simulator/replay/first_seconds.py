"""The first seconds of a recorded run as stretches of work, read off what every engine exports each second.

Tokens a second, requests running, cache usage. No request's latency is looked at, so that latencies remain what the
model is judged by.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay.recordings import RecordedSecond
from fairlead.simulator.timing.rate_shares import WorkStretch

SECONDS: Final = 10
"""How many are looked at: long enough for both kinds of step, short against any run."""
FULL: Final = 0.9
"""With more of the cache held, the next prompt may not fit, and steps are narrower than the budget."""
STEADY: Final = 0.9
"""With fewer still running at a second's end than this share of those at its start, its mean says little."""


def stretches(seconds: Sequence[RecordedSecond], settings: EngineSettings) -> list[WorkStretch]:
    """Those seconds of which it is known what their steps held."""
    early = list(pairwise(seconds[:SECONDS]))
    decoding = [_decoding(settings, pair) for pair in early if _is_decoding(pair)]
    return decoding + [_reading(settings, pair) for pair in early if _is_full_of_prompts(pair)]


def _is_decoding(pair: tuple[RecordedSecond, RecordedSecond]) -> bool:
    """Nothing is read, and those that run stay."""
    before, after = pair
    return not after.prompt_tokens and after.running > STEADY * before.running > 0


def _is_full_of_prompts(pair: tuple[RecordedSecond, RecordedSecond]) -> bool:
    """Somebody waits although the cache has room: then every step is as wide as the budget."""
    before, after = pair
    return after.prompt_tokens > 0 and after.waiting > 0 and before.usage < after.usage < FULL


def _decoding(settings: EngineSettings, pair: tuple[RecordedSecond, RecordedSecond]) -> WorkStretch:
    """How many steps the second held, and what one of them worked on."""
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

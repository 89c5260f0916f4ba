"""Scrapes of a live engine's metrics as stretches of work: the batches of its steps between two scrapes.

vLLM counts its steps and their tokens, so only the distribution of prompts over steps is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from fairlead.fleet.engine_load import EngineLoad
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.timing.rate_shares import WorkStretch

FEW_PROMPTS: Final = 0.01
"""A stretch with a lower ratio of prompt tokens to generated tokens counts as one without prompts."""


class TimedScrape(NamedTuple):
    """One scrape with its time."""

    at: float
    load: EngineLoad


@dataclass(frozen=True, slots=True)
class _ScrapeInterval:
    """What happened between two scrapes."""

    seconds: float
    steps: float
    made: float
    """Tokens generated."""
    read: float
    """Prompt tokens computed, without cached ones."""
    prompts: float
    context: float
    """Tokens in the KV cache that requests hold."""


def stretches(scrapes: Sequence[TimedScrape], batch_tokens: int) -> list[WorkStretch]:
    """Return the busy intervals between scrapes; one without prompts is joined with a following one that has some.

    A step counts where it ends, so a step with prompts may have begun in the interval before, which seems to have none.
    """
    joined: list[WorkStretch] = []
    beside = False
    for between in (_busy(*pair) for pair in pairwise(scrapes)):
        if between is None:
            beside = False
            continue
        stretch = _stretch(between, batch_tokens)
        if beside and stretch.reads_prompts and not joined[-1].reads_prompts:
            joined[-1] = joined[-1].with_next(stretch)
        else:
            joined.append(stretch)
        beside = True
    return joined


def _busy(before: TimedScrape, after: TimedScrape) -> _ScrapeInterval | None:
    """Return the interval; None if the engine may have been idle, was restarted, or lacks a metric."""
    first, last = before.load, after.load
    if None in (last.steps, last.step_tokens, last.generation_tokens, last.kv_usage, last.capacity_tokens):
        return None
    if not (first.running and last.running):
        return None
    steps, tokens = _increase(first.steps, last.steps), _increase(first.step_tokens, last.step_tokens)
    made = _increase(first.generation_tokens, last.generation_tokens)
    if steps <= 0 or made <= 0:
        return None
    usage = ((first.kv_usage or 0.0) + (last.kv_usage or 0.0)) / 2
    prompts = _increase(_first_tokens(first), _first_tokens(last))
    return _ScrapeInterval(
        seconds=after.at - before.at,
        steps=steps / last.engines,
        made=made / last.engines,
        read=max(0.0, tokens - made) / last.engines,
        prompts=prompts / last.engines,
        context=usage * (last.capacity_tokens or 0) / last.engines,
    )


def _stretch(between: _ScrapeInterval, batch_tokens: int) -> WorkStretch:
    decodes = max(1, round(between.made / between.steps))
    alone = StepBatch(decodes=decodes, decode_tokens=decodes, decode_context=int(between.context))
    if between.read < FEW_PROMPTS * between.made:
        return WorkStretch(between.seconds, ((between.steps, alone),))
    prompts = max(1.0, between.prompts)
    mixed = min(between.steps, max(prompts, between.read / max(1, batch_tokens - decodes)))
    reading = StepBatch(decodes=decodes, decode_tokens=decodes, decode_context=int(between.context))
    reading.prefills = max(1, round(prompts / mixed))
    reading.prefill_tokens = reading.prefill_context = round(between.read / mixed)
    reading.prefill_pairs = round(between.read / mixed * between.read / prompts / 2)
    return WorkStretch(between.seconds, ((between.steps - mixed, alone), (mixed, reading)))


def _first_tokens(load: EngineLoad) -> float | None:
    return load.time_to_first_token.count if load.time_to_first_token else None


def _increase(before: float | None, after: float | None) -> float:
    return (after or 0.0) - (before or 0.0)

"""Measurements as stretches of work: the batches of their steps, as the scheduler would have built them."""

from collections.abc import Iterator
from dataclasses import replace

from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.sweep.measurements import StepMeasurement, SweepWork
from fairlead.simulator.timing.rate_shares import WorkStretch


def stretch(measured: StepMeasurement, batch_tokens: int) -> WorkStretch:
    """Return steps of one measurement, and how long they lasted."""
    chunks = list(prompt_steps(measured.point.prompt, batch_tokens - measured.point.batch))
    if measured.point.work is SweepWork.PREFILL:
        return WorkStretch(measured.seconds, tuple((measured.prompts, chunk) for chunk in chunks))
    alone = StepBatch(
        decodes=measured.point.batch,
        decode_tokens=round(measured.decode_tokens),
        decode_context=round(measured.attended),
    )
    beside = [
        replace(
            chunk,
            decodes=alone.decodes,
            decode_tokens=alone.decode_tokens,
            decode_context=alone.decode_context,
        )
        for chunk in chunks
    ]
    rest = max(0.0, measured.steps - measured.prompts * len(beside))
    return WorkStretch(measured.seconds, ((rest, alone), *((measured.prompts, step) for step in beside)))


def prompt_steps(prompt: int, room: int) -> Iterator[StepBatch]:
    """Yield the steps that prefill a prompt, each with room for this many of its tokens."""
    done = 0
    while done < prompt:
        tokens = min(max(1, room), prompt - done)
        pairs = tokens * done + tokens * (tokens + 1) // 2
        done += tokens
        yield StepBatch(prefills=1, prefill_tokens=tokens, prefill_pairs=pairs, prefill_context=done)

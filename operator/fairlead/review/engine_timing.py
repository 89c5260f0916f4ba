"""How long an engine may take to start and to drain, from what is known before it runs. Pure."""

from math import ceil
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.fit import Fit, MemoryBreakdown
from fairlead.fleet.quantization import WeightFormat
from fairlead.review.result import Review
from fairlead.sizing import weights

_PLAIN: Final = 2.0
"""Bytes of a weight in 16 bits."""


def of(review: Review) -> LifecycleParameters:
    """Return the bytes of weights that all GPUs together read before the engine is ready, and the drain times."""
    assert review.setup is not None
    assert review.drain is not None
    return LifecycleParameters(
        weight_bytes=_read_bytes(review.setup, review.fit.memory) if isinstance(review.fit, Fit) else None,
        deadline_seconds=review.progress_deadline_seconds,
        pre_stop_seconds=ceil(review.drain.settle_seconds),
        drain_seconds=ceil(review.drain.timeout_seconds),
    )


def _read_bytes(setup: EngineSetup, memory: MemoryBreakdown) -> int:
    """Count what stays in main memory too, and weights as the checkpoint has them if a format is made while loading."""
    kept = memory.weights.likely * setup.revision.parallelism.gpus + memory.offloaded
    draft = memory.draft.likely * setup.revision.parallelism.gpus
    stored = setup.weights if setup.shape is None else setup.shape.stored.format
    made = setup.weights is not stored and stored is WeightFormat.NONE
    return ceil(kept * (_PLAIN / weights.BYTES.get(setup.weights, _PLAIN) if made else 1.0) + draft)

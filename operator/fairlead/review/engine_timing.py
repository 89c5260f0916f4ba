"""How long an engine may take to start and to drain, from what is known before it runs. Pure."""

from math import ceil

from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.fit import Fit
from fairlead.review.result import Review


def of(review: Review) -> LifecycleParameters:
    """Return the bytes of weights that all GPUs together read before the engine is ready, and the drain times."""
    assert review.setup is not None
    assert review.drain is not None
    memory = review.fit.memory if isinstance(review.fit, Fit) else None
    gpus = review.setup.revision.parallelism.gpus
    return LifecycleParameters(
        weight_bytes=ceil((memory.weights.likely + memory.draft.likely) * gpus) if memory else None,
        deadline_seconds=review.progress_deadline_seconds,
        pre_stop_seconds=ceil(review.drain.settle_seconds),
        drain_seconds=ceil(review.drain.timeout_seconds),
    )

"""What routers are told of the replicas behind them: what follows from a review, before any of them runs. Pure."""

from fairlead.controller.review import Review
from fairlead.fleet.fit import Fit
from fairlead.objects.router_config import ReplicaCapacity


def replica(review: Review, revision: str = "") -> ReplicaCapacity:
    """Nothing where nobody knows."""
    asked, fit = review.asked, review.fit
    return ReplicaCapacity(
        revision=revision,
        max_context_tokens=asked.context_tokens if asked else None,
        max_sequences=asked.engine.max_sequences if asked else None,
        kv_tokens=int(fit.kv_tokens.likely) if isinstance(fit, Fit) else None,
    )

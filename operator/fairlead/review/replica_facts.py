"""The capacity of a replica for the routers' configuration, from a review, before any replica runs. Pure."""

from fairlead.fleet.accelerators import replica_price
from fairlead.objects.router_config import ReplicaCapacity
from fairlead.review.result import Review


def replica(review: Review, revision: str = "", first_token_seconds: float | None = None) -> ReplicaCapacity:
    """Return the capacity of one replica; None where unknown, as for a cache that likely does not exist.

    The time-to-first-token objective is passed in if the review did not read the policy.
    """
    setup, fit = review.setup, review.replica_fit
    price = setup.accelerator.price_an_hour if setup and setup.accelerator else None
    return ReplicaCapacity(
        revision=revision,
        max_context_tokens=setup.context_tokens if setup else None,
        max_sequences=review.replica_sequences,
        kv_tokens=(int(fit.kv_tokens.likely) or None) if fit else None,
        first_token_seconds=first_token_seconds or review.first_token_seconds,
        price_per_hour=replica_price(price, setup.revision.gpus_per_replica) if setup and price is not None else None,
    )

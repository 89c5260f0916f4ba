"""What a replica of each revision costs an hour: by the GPUs of its own Deployment, which the spec may not name. Pure.

A revision goes on running on its GPUs while an edit is refused, finds no node, is paused or is tried by a canary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.fleet.accelerators import replica_price
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.rollouts import RevisionState
from fairlead.objects import engine_placement
from fairlead.review.context import ReviewContext


def by_revision(
    engines: Sequence[Manifest], revision: DesiredRevision | None, context: ReviewContext
) -> Mapping[str, float]:
    """Return the prices that the catalogue has."""
    found = {snapshot.revision_of(one): _price(one, revision, context) for one in engines}
    return {name: price for name, price in found.items() if price is not None}


def per_hour(states: Sequence[RevisionState], prices: Mapping[str, float]) -> float | None:
    """Return the price of all live replicas; None if that of any is unknown."""
    live = {state.name: sum(not one.ending for one in state.replicas) for state in states}
    counted = [name for name, replicas in live.items() if replicas] or list(live)
    if not counted or any(name not in prices for name in counted):
        return None
    return sum(prices[name] * live[name] for name in counted)


def _price(engine: Manifest, revision: DesiredRevision | None, context: ReviewContext) -> float | None:
    pod = engine["spec"]["template"]["spec"]
    product = (pod.get("nodeSelector") or {}).get(engine_placement.PRODUCT)
    limits = (pod["containers"][0].get("resources") or {}).get("limits") or {}
    resource, count = next(((name, str(value)) for name, value in limits.items() if "/" in name), ("", ""))
    number = int(count) if count.isdigit() else None
    if revision is not None and product == engine_placement.node_selector(revision).get(engine_placement.PRODUCT):
        same = replace(revision, resource=resource or revision.resource)
        product, number = engine_placement.gpu_product(same), number or revision.gpus_per_replica
    accelerator = context.accelerator(engine_placement.part_of(product, resource)) if product else None
    if accelerator is None or accelerator.price_an_hour is None or number is None:
        return None
    return replica_price(accelerator.price_an_hour, number)

"""Converts the controller's review of a spec to the autoscaler's `ScalingSpec`: bounds, place, price, speed. Pure.

The two packages do not import each other; this module imports both.
"""

from collections.abc import Iterator
from typing import Final

from fairlead.autoscaler.scaling_spec import NO_DRAFTS, ScalingSpec, SpecReader
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.accelerators import Accelerator, replica_price
from fairlead.fleet.desired_state import DesiredRevision, SpeculationMethod
from fairlead.fleet.fit import Fit
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.traffic import TokenLengths, Traffic
from fairlead.objects import engine_placement, revisions
from fairlead.process import node_room
from fairlead.review import deployment_review, memory_fit
from fairlead.review.context import ReviewContext
from fairlead.review.deployment_review import DeploymentReview
from fairlead.review.result import Review
from fairlead.scaling.facts import AcceleratorOption, ReplicaSpeed
from fairlead.sizing import fit_alternatives, replica_supply
from fairlead.sizing.sizing_input import DraftSetup

PROMPT: Final = TokenLengths(p50=1000, p95=1000, p99=1000, mean=1000)
REPLY: Final = TokenLengths(p50=250, p95=250, p99=250, mean=250)
NOMINAL: Final = Traffic(requests_per_second=1.0, burst=1.0, prompt=PROMPT, output=REPLY)
"""A chat of ordinary length: the data sheet's speed is computed only for it, and measured speed replaces it."""
MANY: Final = 64
"""Running requests at the second point of the line of step times; most batches hold as many."""


def of(context: ReviewContext) -> SpecReader:
    """Return a reader of stored deployments with this context."""

    def understand(document: Manifest) -> ScalingSpec | None:
        return subject(deployment_review.read(document, context), context)

    return understand


def subject(deployment_review: DeploymentReview, context: ReviewContext) -> ScalingSpec | None:
    """Return the spec; None if it cannot be read or does not let the autoscaler choose the count."""
    deployment, spec, review = deployment_review.deployment, deployment_review.spec, deployment_review.review
    if deployment is None or spec is None or review is None or not isinstance(deployment.replicas, ReplicaBounds):
        return None
    revision = deployment.revision
    return ScalingSpec(
        bounds=deployment.replicas,
        kind=revision.engine.kind,
        revision=revisions.of(spec),
        place=node_room.requirement(revision),
        price_per_hour=_price(context.gpu_of(revision), revision),
        speculates=revision.engine.speculation.method is not SpeculationMethod.OFF,
        drafting=_drafting(review),
        sleeps=revision.engine.sleeps,
        speed=_speed(review, context.gpu_of(revision)),
        options=tuple(_options(review, revision, context)),
    )


def _drafting(review: Review) -> DraftSetup:
    if review.setup is None or review.engine is None:
        return NO_DRAFTS
    return memory_fit.drafting(review.setup, review.engine.draft_cost)


def _price(accelerator: Accelerator | None, revision: DesiredRevision) -> float | None:
    if accelerator is None or accelerator.price_an_hour is None:
        return None
    return replica_price(accelerator.price_an_hour, revision.gpus_per_replica)


def _options(review: Review, revision: DesiredRevision, context: ReviewContext) -> Iterator[AcceleratorOption]:
    """Yield every other priced product on which the same settings fit, in as many GPUs, but not in several parts of
    some; none for replicas on CPU, whose speed no data sheet has."""
    if revision.cpu is not None:
        return
    for product, accelerator in sorted(context.catalogue.accelerators.items()):
        price, speed = _price(accelerator, revision), None
        joined = accelerator.is_part and revision.gpus_per_replica > 1
        if price is not None and not joined and product != engine_placement.gpu_product(revision):
            speed = _speed(review, accelerator)
        if price is not None and speed is not None:
            yield AcceleratorOption(product=product, count=revision.gpus_per_replica, speed=speed, price_per_hour=price)


def _speed(review: Review, accelerator: Accelerator | None) -> ReplicaSpeed | None:
    """Return the data sheet's speed; None if model or GPU is unknown, or if it does not, or likely does not, fit."""
    setup, engine = review.setup, review.engine
    if accelerator is None or setup is None or setup.shape is None or engine is None:
        return None
    sizing = memory_fit.sizing_question(setup, setup.shape, accelerator, engine)
    fit = fit_alternatives.size(sizing)
    if not isinstance(fit, Fit) or not fit.kv_tokens.likely or not replica_supply.has_rates(accelerator):
        return None
    replica = replica_supply.of(sizing, fit, NOMINAL)
    many = max(2, min(MANY, sizing.batch_sequences))
    one = replica.step_s(1)
    each = max(0.0, (replica.step_s(many) - one) / (many - 1))
    rank = ReplicaSpeed(
        step_seconds=one - each,
        seconds_per_sequence=each,
        seconds_per_prompt_token=replica.prefill_s(PROMPT.mean) / PROMPT.mean,
        kv_tokens=fit.kv_tokens.likely,
        max_sequences=sizing.batch_sequences,
    )
    return rank.of_ranks(sizing.ranks)

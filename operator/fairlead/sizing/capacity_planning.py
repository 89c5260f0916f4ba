"""The cheapest fleet that meets the objectives in the busiest minute, and why each other one was rejected."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.capacity_plan import (
    CapacityPlan,
    FleetProposal,
    LatencyObjectives,
    LoneRequest,
    PlanReason,
    RejectedConfiguration,
    ReplicaSupply,
    ServingConfiguration,
    SupplyBound,
)
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import EngineMemory
from fairlead.fleet.fit import FitVerdict, MemoryBreakdown, NoFit
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.traffic import Traffic
from fairlead.sizing import assessment, replica_supply
from fairlead.sizing.replica_supply import ReplicaModel
from fairlead.sizing.sizing_input import EngineObjection, SizingInput, no_objection

USABLE: Final = 0.8
"""The planned part of a replica's supply; the rest absorbs peaks within a minute and a lost replica."""
TENSOR: Final = (1, 2, 4, 8)
CONTEXT_STEP: Final = 1024
NATIVE_FP8: Final = (8, 9)
RUNNERS_UP: Final = 2
FINE_MS: Final = 10
"""Below this a pace has one decimal, since a miss by less than a millisecond would look like none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything that a plan is made from."""

    shape: ModelShape
    accelerators: Sequence[Accelerator]
    traffic: Traffic
    release: EngineMemory
    """Of the engine that will serve."""
    objectives: LatencyObjectives = LatencyObjectives()
    quantize: bool = True
    """Whether weights and cache may be held in eight bits; an evaluation must then check quality."""
    objection: EngineObjection = no_objection
    """What that engine refuses."""

    @property
    def context(self) -> int:
        """The context of 99 of 100 requests, rounded up to whole steps, at most the model's."""
        needed = self.traffic.prompt.p99 + self.traffic.output.p99
        return min(math.ceil(needed / CONTEXT_STEP) * CONTEXT_STEP, self.shape.positions)


def plan(inputs: PlanInputs) -> CapacityPlan:
    """Choose the cheapest configuration; among equals the one that changes the model least, then by name."""
    weighed = [_weigh(inputs, accelerator, configuration) for accelerator, configuration in _configurations(inputs)]
    working = sorted((one for one in weighed if isinstance(one, FleetProposal)), key=_order)
    refused = tuple(one for one in weighed if isinstance(one, RejectedConfiguration))
    if not working:
        return CapacityPlan(best=None, runners_up=(), others=refused)
    best = working[0]
    lost = [_outbid(one, best) for one in working[1:]]
    next_best = _one_a_product(lost, best.configuration.product)[:RUNNERS_UP]
    others = tuple(one for one in lost if one not in next_best) + refused
    return CapacityPlan(best=best, runners_up=tuple(next_best), others=others)


def _one_a_product(lost: Sequence[RejectedConfiguration], taken: str) -> list[RejectedConfiguration]:
    """Keep one configuration a product, the best's product last: another GPU says more than the same GPU again."""
    first: dict[str, RejectedConfiguration] = {}
    for one in lost:
        first.setdefault(one.configuration.product, one)
    same = first.pop(taken, None)
    return [*first.values(), *([same] if same else [])]


def _configurations(inputs: PlanInputs) -> Iterator[tuple[Accelerator, ServingConfiguration]]:
    for accelerator in inputs.accelerators:
        for weights, kv in _formats(inputs, accelerator):
            for tensor in TENSOR[:1] if accelerator.is_part else TENSOR:
                yield (
                    accelerator,
                    ServingConfiguration(
                        product=accelerator.product,
                        weights=weights,
                        kv=kv,
                        parallelism=Parallelism(tensor=tensor),
                        context=inputs.context,
                    ),
                )


def _formats(inputs: PlanInputs, accelerator: Accelerator) -> Iterator[tuple[WeightFormat, KvFormat]]:
    """Yield the stored format, and eight bits if the GPU computes in them; other formats need another checkpoint."""
    stored = inputs.shape.stored.format
    yield stored, KvFormat.AUTO
    if inputs.quantize and accelerator.capability >= NATIVE_FP8:
        yield stored, KvFormat.FP8
        if stored is WeightFormat.NONE:
            yield WeightFormat.FP8_PER_TENSOR, KvFormat.AUTO
            yield WeightFormat.FP8_PER_TENSOR, KvFormat.FP8


def _weigh(
    inputs: PlanInputs, accelerator: Accelerator, configuration: ServingConfiguration
) -> FleetProposal | RejectedConfiguration:
    sizing = _question(inputs, accelerator, configuration)
    fit = assessment.assess(sizing)
    if isinstance(fit, NoFit) or fit.verdict is not FitVerdict.FITS:
        return RejectedConfiguration(
            configuration=configuration,
            reason=PlanReason.DOES_NOT_FIT,
            because=fit.because,
            memory_share=_share(fit.memory),
        )
    if accelerator.price_an_hour is None:
        why = f"no price is known for {accelerator.product}: give one with --products FILE"
        return RejectedConfiguration(configuration=configuration, reason=PlanReason.NO_PRICE, because=why)
    if not replica_supply.has_rates(accelerator):
        why = f"bandwidth or compute of {accelerator.product} is unknown: give both with --products FILE"
        return RejectedConfiguration(configuration=configuration, reason=PlanReason.NO_RATES, because=why)
    if (why_not := inputs.objection(sizing)) is not None:
        return RejectedConfiguration(configuration=configuration, reason=PlanReason.ENGINE_REFUSES, because=why_not)
    replica = replica_supply.of(sizing, fit, inputs.traffic)
    supply = replica_supply.supply(replica, inputs.objectives)
    if not isinstance(supply, ReplicaSupply):
        return _missing(inputs, accelerator.price_an_hour, configuration, (replica, supply))
    return _proposal(inputs, accelerator.price_an_hour, configuration, supply)


def _share(memory: MemoryBreakdown | None) -> float | None:
    return None if memory is None else round(1 - memory.kv.likely / memory.budget.likely, 3)


def _missing(
    inputs: PlanInputs, price: float, configuration: ServingConfiguration, missed: tuple[ReplicaModel, SupplyBound]
) -> RejectedConfiguration:
    """Reject what a single request misses, with the fleet that it would take at all of the roofline, if any."""
    replica, bound = missed
    best, alone = replica_supply.at_best(replica), _alone(replica)
    pace = alone.tpot_s * 1000
    latencies = f"{pace:.{int(pace < FINE_MS)}f} ms a token, first token after {alone.ttft_p95_s:.2f} s"
    why = f"even a single request misses {bound.value}: {latencies}"
    possible = replica_supply.supply(best, inputs.objectives)
    found = None
    if isinstance(possible, ReplicaSupply):
        found = _proposal(inputs, price, configuration, possible)
        assumption = f"at all of the GPU's bandwidth and compute; at the usual part, {why}"
        found = replace(found, arithmetic=(assumption, *found.arithmetic), at_best=True)
    return RejectedConfiguration(
        configuration=configuration,
        reason=PlanReason.MISSES_OBJECTIVE,
        because=why,
        proposal=found,
        alone=alone,
        alone_at_best=_alone(best),
    )


def _alone(replica: ReplicaModel) -> LoneRequest:
    return LoneRequest(ttft_p95_s=replica.ttft_p95_s(1), tpot_s=replica.tpot_s(1))


def _question(inputs: PlanInputs, accelerator: Accelerator, configuration: ServingConfiguration) -> SizingInput:
    return SizingInput(
        shape=inputs.shape,
        release=inputs.release,
        accelerator=accelerator,
        context=configuration.context,
        parallelism=configuration.parallelism,
        weights=configuration.weights,
        kv=configuration.kv,
    )


def _proposal(
    inputs: PlanInputs, price: float, configuration: ServingConfiguration, supply: ReplicaSupply
) -> FleetProposal:
    traffic = inputs.traffic
    replicas = max(1, math.ceil(traffic.peak / (supply.requests_per_second * USABLE)))
    cost = replicas * configuration.parallelism.gpus * price
    tokens_an_hour = traffic.requests_per_second * (traffic.prompt.mean + traffic.output.mean) * 3600
    return FleetProposal(
        configuration=configuration,
        supply=supply,
        replicas=replicas,
        cost_per_hour=cost,
        cost_per_thousand_tokens=cost / tokens_an_hour * 1000,
        arithmetic=_arithmetic(inputs, configuration, supply, (replicas, price)),
    )


def _arithmetic(
    inputs: PlanInputs, configuration: ServingConfiguration, supply: ReplicaSupply, bill: tuple[int, float]
) -> tuple[str, ...]:
    """Return each number as a person would check it."""
    traffic, (replicas, price) = inputs.traffic, bill
    cost = replicas * configuration.parallelism.gpus * price
    peak = (
        f"peak: {traffic.requests_per_second:.2f} requests/s x burst {traffic.burst:.2f} x "
        f"{1 + traffic.retries:.2f} for retries = {traffic.peak:.2f} requests/s"
    )
    tokens = f"p99 prompt {traffic.prompt.p99:.0f} + p99 reply {traffic.output.p99:.0f} tokens"
    context = f"context: {tokens}, in steps of {CONTEXT_STEP}: {configuration.context}"
    if traffic.prompt.p99 + traffic.output.p99 > configuration.context:
        context = f"context: {tokens}, and the model holds {configuration.context}: longer requests are refused"
    batch = (
        f"a replica runs {count(supply.concurrent, 'request')} at once, bound by {supply.bound.value}: "
        f"{supply.tpot_s * 1000:.1f} ms a token, first token within {supply.ttft_p95_s:.2f} s (p95)"
    )
    served = (
        f"so it serves {supply.concurrent} / ({traffic.output.mean:.1f} tokens x "
        f"{supply.tpot_s * 1000:.1f} ms) = {supply.requests_per_second:.2f} requests/s"
    )
    needed = f"replicas: {traffic.peak:.2f} / ({supply.requests_per_second:.2f} x {USABLE}) rounded up = {replicas}"
    paid = f"cost: {replicas} x {configuration.parallelism.gpus} GPU x {price:.2f} USD = {cost:.2f} USD an hour"
    return (peak, context, batch, served, needed, paid)


def _order(proposal: FleetProposal) -> tuple[float, bool, bool, int, str]:
    configuration = proposal.configuration
    eight_bit = configuration.weights is WeightFormat.FP8_PER_TENSOR
    return (
        proposal.cost_per_hour,
        eight_bit,
        configuration.kv is not KvFormat.AUTO,
        configuration.parallelism.gpus,
        configuration.product,
    )


def _outbid(proposal: FleetProposal, best: FleetProposal) -> RejectedConfiguration:
    ratio = proposal.cost_per_hour / best.cost_per_hour
    more = f"costs {ratio:.2f} times as much" if ratio > 1 else "costs the same and changes more"
    why = (
        f"{more}: {count(proposal.replicas, 'replica')} of {proposal.supply.requests_per_second:.2f} requests/s, "
        f"bound by {proposal.supply.bound.value}"
    )
    return RejectedConfiguration(
        configuration=proposal.configuration, reason=PlanReason.COSTS_MORE, because=why, proposal=proposal
    )

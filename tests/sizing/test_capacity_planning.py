"""A planned fleet: the arithmetic can be followed by hand, and more demand never gets fewer replicas."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.fleet.capacity_plan import (
    CapacityPlan,
    FleetProposal,
    LatencyObjectives,
    PlanReason,
    RejectedConfiguration,
    SupplyBound,
)
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.traffic import TokenLengths, Traffic
from fairlead.sizing import capacity_planning, catalogue
from fairlead.sizing.capacity_planning import PlanInputs
from fairlead.sizing.sizing_input import SizingInput

DATA = Path(__file__).resolve().parents[2] / "operator" / "fairlead" / "sizing" / "data"
CATALOGUE = catalogue.read((DATA / "gpus.json").read_text(), (DATA / "shapes.json").read_text())
EIGHT_B = CATALOGUE.shapes["meta-llama/Llama-3.1-8B-Instruct"]
PRODUCTS = tuple(
    CATALOGUE.accelerators[name]
    for name in ("NVIDIA-L4", "NVIDIA-L40S", "NVIDIA-A100-SXM4-80GB", "NVIDIA-H100-80GB-HBM3", "NVIDIA-A10G")
)
FEW = PRODUCTS[:2]
"""Enough for a property that is tried many times."""
CHAT = Traffic(
    requests_per_second=6,
    burst=1.5,
    prompt=TokenLengths.of_percentiles(1000, 2500, 4000),
    output=TokenLengths.of_percentiles(150, 400, 600),
)
SNAPPY = LatencyObjectives(ttft_p95_s=1.0, tpot_p95_s=0.06)


def planned(
    traffic: Traffic = CHAT,
    objectives: LatencyObjectives = SNAPPY,
    products: tuple[Accelerator, ...] = PRODUCTS,
    *,
    quantize: bool = True,
) -> CapacityPlan:
    inputs = PlanInputs(
        release=CURRENT, shape=EIGHT_B, accelerators=products, traffic=traffic, objectives=objectives, quantize=quantize
    )
    return capacity_planning.plan(inputs)


def best(answer: CapacityPlan) -> FleetProposal:
    assert answer.best is not None
    return answer.best


def test_the_proposal_serves_the_peak_within_the_objectives_and_shows_how() -> None:
    answer = best(planned())
    supply = answer.supply
    assert answer.replicas * supply.requests_per_second * capacity_planning.USABLE >= CHAT.peak
    assert supply.tpot_s <= 0.06
    assert supply.ttft_p95_s <= 1.0
    assert supply.requests_per_second == pytest.approx(supply.concurrent / (CHAT.output.mean * supply.tpot_s)), (
        "what runs at once over the time each stays"
    )
    assert answer.arithmetic[0] == "peak: 6.00 requests/s x burst 1.50 x 1.00 for retries = 9.00 requests/s"
    assert any(f"rounded up = {answer.replicas}" in line for line in answer.arithmetic)


def test_the_context_holds_ninety_nine_of_a_hundred_requests() -> None:
    assert best(planned()).configuration.context == 5120


def test_requests_beyond_the_models_context_are_mentioned() -> None:
    long = replace(CHAT, prompt=TokenLengths.of_percentiles(1000, 2500, 200_000))
    answer = best(planned(long, LatencyObjectives()))
    assert answer.configuration.context == EIGHT_B.positions
    assert answer.arithmetic[1] == (
        "context: p99 prompt 200000 + p99 reply 600 tokens, and the model holds 131072: longer requests are refused"
    )


def test_what_misses_an_objective_shows_the_latencies_of_a_single_request() -> None:
    wanted = LatencyObjectives(ttft_p95_s=0.001)
    refused = planned(objectives=wanted).others
    assert all(
        one.alone is not None and one.alone.excess(wanted) > 1
        for one in refused
        if one.reason is PlanReason.MISSES_OBJECTIVE
    )
    assert all(one.alone is None for one in refused if one.reason is PlanReason.DOES_NOT_FIT)


def test_what_misses_an_objective_only_at_the_usual_part_of_the_roofline_has_a_fleet_that_may_be_simulated() -> None:
    def missing(tpot_s: float) -> dict[int, RejectedConfiguration]:
        wanted = LatencyObjectives(tpot_p95_s=tpot_s)
        answer = planned(objectives=wanted, products=(CATALOGUE.accelerators["NVIDIA-L40S"],), quantize=False)
        found = {one.configuration.parallelism.tensor: one for one in answer.others}
        return {tensor: one for tensor, one in found.items() if one.reason is PlanReason.MISSES_OBJECTIVE}

    one = missing(0.025)[1]
    assert one.alone is not None
    assert one.alone.tpot_s == pytest.approx(0.031, abs=0.001)
    assert one.proposal is not None
    assert one.proposal.at_best
    assert one.proposal.supply.tpot_s <= 0.025
    assert one.proposal.arithmetic[0] == (
        f"at all of the GPU's bandwidth and compute; at the usual part, {one.because}"
    )
    assert [one.proposal for one in missing(0.001).values()] == [None] * 4, "no engine is faster than the roofline"


def test_the_runners_up_cost_no_less_and_say_why_they_lost() -> None:
    answer = planned()
    assert [one.reason for one in answer.runners_up] == [PlanReason.COSTS_MORE] * 2
    for lost in answer.runners_up:
        assert lost.proposal is not None
        assert lost.proposal.cost_per_hour >= best(answer).cost_per_hour
        assert "costs" in lost.because


def test_quality_is_not_traded_unless_allowed() -> None:
    answer = planned(quantize=False)
    assert best(answer).configuration.weights is WeightFormat.NONE
    assert best(answer).configuration.kv is KvFormat.AUTO
    assert best(answer).cost_per_hour >= best(planned()).cost_per_hour


def test_at_equal_cost_the_model_is_changed_least() -> None:
    quiet = replace(CHAT, requests_per_second=0.01)
    configuration = best(planned(quiet, LatencyObjectives())).configuration
    assert configuration.weights is WeightFormat.NONE
    assert configuration.kv is KvFormat.AUTO


def test_a_model_too_large_for_a_card_is_spread_or_left_out() -> None:
    large = CATALOGUE.shapes["meta-llama/Llama-3.1-70B-Instruct"]
    answer = capacity_planning.plan(
        PlanInputs(release=CURRENT, shape=large, accelerators=PRODUCTS, traffic=CHAT, objectives=SNAPPY)
    )
    assert best(answer).configuration.parallelism.tensor > 1
    reasons = {(one.configuration.product, one.reason) for one in answer.others}
    assert ("NVIDIA-A10G", PlanReason.DOES_NOT_FIT) in reasons


def test_slices_of_a_gpu_are_planned_one_by_one() -> None:
    part = replace(PRODUCTS[3], product="NVIDIA-H100-80GB-HBM3-MIG-3g.40gb", memory_mib=40_000, price_an_hour=1.0)
    answer = planned(products=(part,))
    weighed = [best(answer).configuration, *(one.configuration for one in answer.others)]
    assert {one.parallelism.tensor for one in weighed} == {1}


def test_an_unreachable_objective_is_refused_with_the_best_latency_that_can_be_had() -> None:
    answer = planned(objectives=LatencyObjectives(tpot_p95_s=0.0001))
    assert answer.best is None
    assert answer.runners_up == ()
    missed = [one for one in answer.others if one.reason is PlanReason.MISSES_OBJECTIVE]
    assert missed[0].because.startswith(f"even a single request misses {SupplyBound.TIME_PER_TOKEN}: ")
    assert "ms a token, first token after" in missed[0].because


def test_a_pace_below_ten_milliseconds_has_a_decimal_since_a_miss_would_look_like_none() -> None:
    """An objective of 5 ms was missed by "5 ms a token"."""
    tight = LatencyObjectives(tpot_p95_s=0.0001)
    missed = [one for one in planned(objectives=tight).others if one.alone is not None]
    for one in missed:
        assert one.alone is not None
        pace = one.alone.tpot_s * 1000
        shown = f"{pace:.1f}" if pace < 10 else f"{pace:.0f}"
        assert f": {shown} ms a token, first token after" in one.because
    assert {one.alone.tpot_s < 0.01 for one in missed if one.alone} == {True, False}, "both kinds are among them"


def test_a_first_token_can_be_the_promise_that_binds() -> None:
    answer = planned(objectives=LatencyObjectives(ttft_p95_s=0.3))
    assert best(answer).supply.bound in {SupplyBound.FIRST_TOKEN, SupplyBound.CACHE, SupplyBound.BATCH}
    assert planned(objectives=LatencyObjectives(ttft_p95_s=0.0001)).best is None


def test_products_without_a_price_or_without_rates_are_reported_with_that_reason() -> None:
    bare = Accelerator(
        product="Future-X1",
        memory_mib=80_000,
        bandwidth_gbs=None,
        bf16_tflops=None,
        fp8_tflops=None,
        capability=ComputeCapability(12, 0),
    )
    priced = replace(bare, product="Future-X2", price_an_hour=1.0)
    answer = capacity_planning.plan(
        PlanInputs(release=CURRENT, shape=EIGHT_B, accelerators=(bare, priced), traffic=CHAT)
    )
    assert {(one.configuration.product, one.reason) for one in answer.others} == {
        ("Future-X1", PlanReason.NO_PRICE),
        ("Future-X2", PlanReason.NO_RATES),
    }


def test_a_warm_prefix_cache_saves_money_and_retries_cost_it() -> None:
    busy = replace(CHAT, requests_per_second=200)
    cost = best(planned(busy)).cost_per_hour
    assert best(planned(replace(busy, cacheable=0.9))).cost_per_hour < cost
    assert best(planned(replace(busy, retries=0.5))).cost_per_hour > cost


def test_a_stored_checkpoint_keeps_its_format() -> None:
    stored = next(shape for shape in CATALOGUE.shapes.values() if shape.stored.format is WeightFormat.FP8)
    answer = capacity_planning.plan(PlanInputs(release=CURRENT, shape=stored, accelerators=PRODUCTS, traffic=CHAT))
    found = [*answer.others, *answer.runners_up]
    assert {one.configuration.weights for one in found} == {WeightFormat.FP8}


def test_a_configuration_reads_as_people_say_it() -> None:
    configuration = best(planned()).configuration
    assert replace(configuration, kv=KvFormat.FP8).words.endswith(", fp8 cache")
    assert replace(configuration, kv=KvFormat.AUTO).words.startswith(
        f"{configuration.parallelism.gpus} x {configuration.product}"
    )


def test_what_the_engine_refuses_is_not_proposed() -> None:
    def objection(sizing: SizingInput) -> str | None:
        return "no such kernels" if sizing.kv is KvFormat.FP8 else None

    inputs = PlanInputs(
        release=CURRENT, shape=EIGHT_B, accelerators=PRODUCTS, traffic=CHAT, objectives=SNAPPY, objection=objection
    )
    answer = capacity_planning.plan(inputs)
    refused = {one.because for one in answer.others if one.reason is PlanReason.ENGINE_REFUSES}
    assert best(answer).configuration.kv is KvFormat.AUTO
    assert refused == {"no such kernels"}


RATES = st.floats(min_value=0.1, max_value=2000)
GROWTH = st.floats(min_value=1.0, max_value=20.0)


@settings(max_examples=max(1, settings.get_profile("house").max_examples // 10))
@given(RATES, GROWTH)
def test_more_load_never_proposes_less_capacity(rate: float, growth: float) -> None:
    less = best(planned(replace(CHAT, requests_per_second=rate), products=FEW))
    more = best(planned(replace(CHAT, requests_per_second=rate * growth), products=FEW))
    assert more.cost_per_hour >= less.cost_per_hour
    assert (
        more.replicas * more.supply.requests_per_second * capacity_planning.USABLE >= CHAT.burst * rate * growth * 0.999
    )


@settings(max_examples=max(1, settings.get_profile("house").max_examples // 10))
@given(st.floats(0.01, 0.3), st.floats(0.05, 5), st.floats(0.3, 1.0))
def test_a_tighter_objective_is_never_a_cheaper_fleet(tpot: float, ttft: float, tighter: float) -> None:
    loose = planned(objectives=LatencyObjectives(ttft_p95_s=ttft, tpot_p95_s=tpot), products=FEW).best
    tight = planned(
        objectives=LatencyObjectives(ttft_p95_s=ttft * tighter, tpot_p95_s=tpot * tighter), products=FEW
    ).best
    if tight is not None:
        assert loose is not None
        assert loose.cost_per_hour <= tight.cost_per_hour

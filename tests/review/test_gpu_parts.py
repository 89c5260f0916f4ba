"""A slice of a GPU, or a shared one, is not sized and priced as the whole."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.autoscaler import scaling_subjects
from fairlead.fleet.fit import Fit, NoFit
from fairlead.review import admission, replica_facts
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from fairlead.sizing import custom_products
from fairlead.sizing.catalogue import Catalogue
from tests.review.table import CONTEXT, deployment

A100 = "NVIDIA-A100-SXM4-80GB"
SLICE = f"{A100}-MIG-1g.10gb"
BY_RESOURCE = {"accelerator": {"product": A100, "resource": "nvidia.com/mig-1g.10gb"}}
BY_LABEL = {"accelerator": {"product": A100}, "placement": {"nodeSelector": {"nvidia.com/gpu.product": SLICE}}}
BY_PRODUCT = {"accelerator": {"product": SLICE}}
OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def described() -> ReviewContext:
    """The same context where the chart's values describe the slice."""
    entry = {"product": SLICE, "memoryMib": 9728, "computeCapability": "8.0", "priceUsdHour": 0.5}
    found = custom_products.with_products(OFFLINE.catalogue, [entry])
    assert isinstance(found, Catalogue)
    return replace(OFFLINE, catalogue=found)


@pytest.mark.parametrize("spec", [BY_RESOURCE, BY_LABEL, BY_PRODUCT], ids=["resource", "label", "product"])
def test_an_undescribed_slice_is_not_taken_for_the_whole_gpu(spec: dict[str, Any]) -> None:
    review = admission.review(deployment(model={"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}, **spec), OFFLINE)

    assert (review.refusals, review.fit) == ((), None)
    (warning,) = review.warnings
    assert (warning.value, warning.reason) == (SLICE, AdmissionReason.PRODUCT_UNKNOWN)
    assert warning.because == "this part of a GPU is not in the catalogue, so fit and cost are unknown"
    assert warning.remedy == f"describe {SLICE} in the chart's value products", "the whole GPU is not what was meant"
    capacity = replica_facts.replica(review)
    assert (capacity.kv_tokens, capacity.price_per_hour) == (None, None)


@pytest.mark.parametrize("spec", [BY_RESOURCE, BY_LABEL, BY_PRODUCT], ids=["resource", "label", "product"])
def test_a_described_slice_is_sized_and_priced_as_one(spec: dict[str, Any]) -> None:
    large = admission.review(deployment(model={"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}, **spec), described())
    small = deployment(
        model={"source": "hf://Qwen/Qwen3-0.6B"}, engine={"context": {"maxTokens": 4096}}, scaling={"maxReplicas": 2}
    )
    small["spec"] |= spec
    review = admission.review(small, described())

    assert isinstance(large.fit, NoFit)
    assert large.refusals[0].value == f"1 x {SLICE}"
    assert isinstance(review.fit, Fit)
    assert review.fit.memory.budget.likely < 10 * (1 << 30)
    assert replica_facts.replica(review).price_per_hour == 0.5
    scaled = scaling_subjects.of(described())(small)
    assert scaled is not None
    assert scaled.price_per_hour == 0.5


def test_a_budget_on_a_slice_without_a_price_is_warned_of() -> None:
    tenant = {"name": "shop", "keys": [{"name": "shop", "key": "key"}], "budget": {"maxCost": "25"}}
    review = admission.review(deployment(router={"tenants": [tenant]}, **BY_RESOURCE), OFFLINE)
    (because,) = (one.because for one in review.warnings if one.reason is AdmissionReason.NOT_ENFORCED)
    assert because.startswith(f"no price is known for {SLICE}")

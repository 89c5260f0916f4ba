"""A slice of a GPU, or a shared one, is not sized and priced as the whole."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.autoscaler import scaling_subjects
from fairlead.cli import review_text
from fairlead.cluster.documents import YamlDocument
from fairlead.fleet.fit import Fit, FitVerdict, NoFit
from fairlead.review import admission, replica_facts
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason, Review
from fairlead.sizing import custom_products
from fairlead.sizing.catalogue import Catalogue
from tests.review.table import CONTEXT, deployment

A100 = "NVIDIA-A100-SXM4-80GB"
H100 = "NVIDIA-H100-80GB-HBM3"
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


def of_h100(resource: str, product: str = H100) -> Review:
    """A model of 16 GiB on a slice of an H100, where the chart's values describe two sizes of slices."""
    entries = [
        {"product": f"{H100}-MIG-{profile}", "memoryMib": mib, "computeCapability": "9.0"}
        for profile, mib in (("1g.10gb", 9984), ("2g.24gb", 24000))
    ]
    found = custom_products.with_products(OFFLINE.catalogue, entries)
    assert isinstance(found, Catalogue)
    model, context = {"source": "hf://Qwen/Qwen3-8B"}, {"context": {"maxTokens": 8192}}
    accelerator = {"product": product, "resource": resource}
    document = deployment(model=model, accelerator=accelerator, engine=context)
    return admission.review(document, replace(OFFLINE, catalogue=found))


def test_a_larger_slice_of_the_same_gpu_is_suggested_as_a_resource_and_several_slices_are_not() -> None:
    (refused,) = of_h100("nvidia.com/mig-1g.10gb").refusals
    assert refused.reason is AdmissionReason.DOES_NOT_FIT
    assert refused.remedy == (
        "what fits, smallest change first: nvidia.com/mig-2g.24gb (spec.accelerator.resource); "
        "or spec.fitCheck: Warn, if you have seen it run like this"
    )
    followed = of_h100("nvidia.com/mig-2g.24gb")
    assert isinstance(followed.fit, Fit)
    assert (followed.refusals, followed.fit.verdict) == ((), FitVerdict.FITS)


def test_another_gpu_is_suggested_with_its_own_resource() -> None:
    shared = {"product": "NVIDIA-L4-SHARED", "memoryMib": 11_000, "computeCapability": "8.9"}
    found = custom_products.with_products(OFFLINE.catalogue, [shared])
    assert isinstance(found, Catalogue)
    document = deployment(
        model={"source": "hf://Qwen/Qwen3-8B"},
        accelerator={"product": "NVIDIA-L4", "resource": "nvidia.com/gpu.shared"},
        engine={"context": {"maxTokens": 8192}},
    )
    review = admission.review(document, replace(OFFLINE, catalogue=found))
    whole = "product NVIDIA-GeForce-RTX-4090 and resource nvidia.com/gpu"
    assert f"{whole} (spec.accelerator)" in review.refusals[0].remedy
    place = YamlDocument(place="chat.yaml", content=document, problem=None)
    assert {"field": "spec.accelerator", "change": whole} in review_text.as_json(place, review)["fit"]["alternatives"]


def test_a_product_that_names_another_slice_than_the_resource_is_refused() -> None:
    (refused,) = of_h100("nvidia.com/mig-1g.10gb", f"{H100}-MIG-2g.24gb").refusals
    assert refused.sentence == (
        "spec.accelerator.resource: nvidia.com/mig-1g.10gb: it requests another slice of a GPU than "
        f"{H100}-MIG-2g.24gb; write nvidia.com/mig-2g.24gb, and {H100} as the product"
    )
    assert of_h100("nvidia.com/mig-2g.24gb.shared", f"{H100}-MIG-2g.24gb-SHARED").refusals == ()
    assert of_h100("nvidia.com/gpu.shared", f"{H100}-MIG-2g.24gb").refusals == (), "a node with slices of one size"


@pytest.mark.parametrize("spec", [BY_RESOURCE, BY_LABEL, BY_PRODUCT], ids=["resource", "label", "product"])
@pytest.mark.parametrize("degree", ["tensor", "pipeline"])
def test_a_model_is_not_spread_over_slices_of_which_a_process_sees_one(spec: dict[str, Any], degree: str) -> None:
    model, over = {"source": "hf://Qwen/Qwen3-0.6B"}, {"parallelism": {degree: 2}}
    (refused,) = admission.review(deployment(model=model, **spec, **over), OFFLINE).refusals
    assert refused.reason is AdmissionReason.PARTS_JOINED
    assert refused.sentence == (
        f"spec.parallelism.{degree}: 2: slices of a GPU such as {SLICE} cannot compute one model together; "
        "remove it, and name a slice or a GPU that holds the whole model"
    )
    simulated = deployment(model=model, engine={"kind": "Simulated"}, **spec, **over)
    assert admission.review(simulated, OFFLINE).refusals == ()


def test_to_a_replica_of_several_gpus_no_slices_are_suggested() -> None:
    """Neither if its model does not fit, nor to save money."""
    slices = {"product": f"{A100}-MIG-3g.40gb", "memoryMib": 40_192, "computeCapability": "8.0", "priceUsdHour": 0.1}
    slices |= {"bandwidthGbs": 900, "bf16Tflops": 130}
    found = custom_products.with_products(OFFLINE.catalogue, [slices])
    assert isinstance(found, Catalogue)
    context = replace(OFFLINE, catalogue=found)

    def on(product: str, model: str, tensor: int) -> dict[str, Any]:
        return deployment(
            model={"source": f"hf://{model}"},
            accelerator={"product": product},
            parallelism={"tensor": tensor},
            engine={"context": {"maxTokens": 4096}},
            scaling={"maxReplicas": 2},
        )

    (refused,) = admission.review(on("NVIDIA-L4", "Qwen/Qwen3-30B-A3B", 2), context).refusals
    assert "NVIDIA-A100-SXM4-40GB (spec.accelerator.product)" in refused.remedy
    for tensor, offered in ((1, True), (2, False)):
        scaled = scaling_subjects.of(context)(on("NVIDIA-L40S", "Qwen/Qwen3-8B", tensor))
        assert scaled is not None
        assert (slices["product"] in {one.product for one in scaled.options}) is offered


def test_a_budget_on_a_slice_without_a_price_is_warned_of() -> None:
    tenant = {"name": "shop", "keys": [{"name": "shop", "key": "key"}], "budget": {"maxCost": "25"}}
    review = admission.review(deployment(router={"tenants": [tenant]}, **BY_RESOURCE), OFFLINE)
    (because,) = (one.because for one in review.warnings if one.reason is AdmissionReason.NOT_ENFORCED)
    assert because.startswith(f"no price is known for {SLICE}")

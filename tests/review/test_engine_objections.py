"""What sizing proposes is what the engine takes: no suggestion of a refusal, and no plan, is refused in its turn."""

import copy
import itertools
from dataclasses import replace
from typing import Any

import pytest

from fairlead.cli import offline_data
from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind, Parallelism
from fairlead.fleet.fit import ConfigurationChange, FitAlternative, FitVerdict, NoFit
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import StoredWeights
from fairlead.review import admission, engine_objections
from fairlead.review.context import ReviewContext
from fairlead.sizing.sizing_input import SizingInput

OFFLINE = offline_data.offline_knowledge()
MODELS = (
    "microsoft/phi-4",
    "meta-llama/Llama-3.3-70B-Instruct",
    "openai/gpt-oss-120b",
    "Qwen/Qwen3-235B-A22B-FP8",
    "Qwen/Qwen3-32B",
)
STORED_AGAIN = "example/four-bits"


def deployment(model: str, product: str, kind: str, cache: str) -> dict[str, Any]:
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": {"name": "chat", "namespace": "demo"},
        "spec": {
            "model": {"source": f"hf://{model}"},
            "accelerator": {"product": product},
            "engine": {"kind": kind, "quantization": {"kvCache": cache}},
            "parallelism": {},
        },
    }


def followed(document: dict[str, Any], model: str, each: FitAlternative) -> tuple[dict[str, Any], ReviewContext]:
    """The document after a user took the suggestion, and the context that has the other checkpoint."""
    changed = copy.deepcopy(document)
    spec, context, stored = changed["spec"], OFFLINE, OFFLINE.catalogue.shapes[model].stored.format
    spec["parallelism"] = {"tensor": each.parallelism.tensor}
    spec["accelerator"] = {"product": each.product}
    spec["engine"]["context"] = {"maxTokens": each.context}
    spec["engine"]["quantization"] = {"kvCache": each.kv.value}
    if each.weights is WeightFormat.AWQ:
        again = replace(OFFLINE.catalogue.shapes[model], stored=StoredWeights(format=each.weights))
        spec["model"]["source"] = f"hf://{STORED_AGAIN}"
        context = replace(
            OFFLINE, catalogue=replace(OFFLINE.catalogue, shapes={**OFFLINE.catalogue.shapes, STORED_AGAIN: again})
        )
    elif each.weights is not stored:
        spec["engine"]["quantization"]["weights"] = each.weights.value
    return changed, context


@pytest.mark.parametrize("kind", ["vLLM", "SGLang", "TensorRT-LLM"])
@pytest.mark.parametrize("cache", ["auto", "fp8"])
def test_a_user_who_follows_a_suggestion_is_not_refused_again(kind: str, cache: str) -> None:
    tried: set[ConfigurationChange] = set()
    for model in MODELS:
        for product in ("NVIDIA-L4", "NVIDIA-H100-80GB-HBM3"):
            document = deployment(model, product, kind, cache)
            fit = admission.review(document, OFFLINE).fit
            for each in fit.alternatives if isinstance(fit, NoFit) else ():
                again = admission.review(*followed(document, model, each))
                assert again.refusals == (), f"{model} on {product}: {each.words}: {again.refusals[0].sentence}"
                tried.add(each.change)
    assert tried >= {ConfigurationChange.MORE_GPUS, ConfigurationChange.OTHER_PRODUCT}


def test_more_gpus_are_suggested_as_attention_in_ranks_is_spread_over_them() -> None:
    """Each GPU of TensorRT-LLM is then a rank with all of attention: the ranks of the refused layout are not kept."""
    tried: set[ConfigurationChange] = set()
    for model in ("Qwen/Qwen3-30B-A3B", "Qwen/Qwen3-235B-A22B", "Qwen/Qwen3.5-397B-A17B", "zai-org/GLM-5-FP8"):
        for tensor, product in itertools.product((1, 2, 4), ("NVIDIA-L40S", "NVIDIA-H100-80GB-HBM3", "NVIDIA-B200")):
            document = deployment(model, product, "TensorRT-LLM", "auto")
            document["spec"]["parallelism"] = {"tensor": tensor}
            document["spec"]["engine"]["extraArgs"] = ["--enable_attention_dp"]
            document["spec"]["engine"]["context"] = {"maxTokens": 8192}
            fit = admission.review(document, OFFLINE).fit
            for each in fit.alternatives if isinstance(fit, NoFit) else ():
                if each.change is not ConfigurationChange.FEWER_SEQUENCES:
                    again = admission.review(*followed(document, model, each)).fit
                    assert again is not None
                    assert again.verdict is FitVerdict.FITS, f"{model} on {tensor} {product}: {each.words}"
                    tried.add(each.change)
    assert ConfigurationChange.MORE_GPUS in tried


def question(model: str, **changed: Any) -> SizingInput:  # noqa: ANN401 - any field
    plain = SizingInput(
        shape=OFFLINE.catalogue.shapes[model],
        accelerator=OFFLINE.catalogue.accelerators["NVIDIA-A100-SXM4-80GB"],
        release=ENGINES[EngineKind.VLLM].memory(""),
        context=8192,
    )
    return replace(plain, **changed)


def test_a_plan_is_objected_to_by_all_that_the_engine_refuses() -> None:
    minimax = "MiniMaxAI/MiniMax-M2.5"
    objection = engine_objections.of_plan(OFFLINE.catalogue.shapes[minimax], ENGINES[EngineKind.VLLM])

    assert objection(question(minimax, parallelism=Parallelism(tensor=4))) is None
    assert objection(question(minimax, parallelism=Parallelism(tensor=8))) == (
        "fp8 shares one scale among 128 weights, and 1536 divided by 8 is not a multiple of 128"
    )
    assert objection(question(minimax, kv=KvFormat.FP8)) == (
        "needs compute capability 8.9, and NVIDIA-A100-SXM4-80GB has 8.0"
    )


def test_what_the_spec_is_refused_for_anyway_is_no_reason_against_a_suggestion() -> None:
    document = deployment("Qwen/Qwen3-32B", "NVIDIA-L4", "vLLM", "auto")
    document["spec"]["engine"]["extraArgs"] = ["--swap-space", "4"]
    review = admission.review(document, OFFLINE)

    assert [one.reason.value for one in review.refusals] == ["ArgumentRemoved", "DoesNotFit"]
    assert isinstance(review.fit, NoFit)
    assert review.fit.alternatives


def test_a_context_lengthened_by_an_argument_is_accepted_with_the_length_that_its_refusal_names() -> None:
    document = deployment("Qwen/Qwen3-8B", "NVIDIA-H100-80GB-HBM3", "vLLM", "auto")
    yarn = '--hf-overrides={"rope_parameters":{"rope_type":"yarn","factor":4.0},"max_position_embeddings":131072}'
    document["spec"]["engine"] |= {"context": {"maxTokens": 131072}, "extraArgs": [yarn]}
    (refused,) = admission.review(document, OFFLINE).refusals
    assert refused.remedy.endswith("write 131072 as spec.model.shape.maxPosition too")
    document["spec"]["model"]["shape"] = {"maxPosition": 131072}
    review = admission.review(document, OFFLINE)
    assert (review.refusals, review.fit and review.fit.verdict) == ((), FitVerdict.FITS)

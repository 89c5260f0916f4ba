"""The nearest alternatives that would fit: ranked by how little they change, each sized by the same arithmetic."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import ConfigurationChange, Fit, FitAlternative, FitVerdict, NoFit
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.sizing import assessment, fit_alternatives
from fairlead.sizing.sizing_input import SizingInput
from tests.sizing.inputs import card, packaged_catalogue, sizing_input


def refused(sizing: SizingInput, *others: str) -> tuple[FitAlternative, ...]:
    """The alternatives of a setup that does not fit."""
    answer = fit_alternatives.size(sizing, [card(product) for product in others])
    assert isinstance(answer, NoFit)
    return answer.alternatives


def test_what_fits_needs_no_alternatives() -> None:
    assert isinstance(fit_alternatives.size(sizing_input()), Fit)


def test_a_70b_model_is_offered_more_gpus_four_bits_or_a_larger_card() -> None:
    found = refused(sizing_input("meta-llama/Llama-3.3-70B-Instruct"), "NVIDIA-L4", "NVIDIA-B200", "NVIDIA-H200")
    assert [(each.change, each.words) for each in found] == [
        (ConfigurationChange.OTHER_CHECKPOINT, "a checkpoint stored as awq"),
        (ConfigurationChange.MORE_GPUS, "tensor parallel over 4 GPUs"),
        (ConfigurationChange.OTHER_PRODUCT, "NVIDIA-B200"),
    ]
    assert found[0].weights is WeightFormat.AWQ
    assert found[1].parallelism == Parallelism(tensor=4)


def test_neither_slices_nor_shares_of_a_gpu_are_joined() -> None:
    for product in ("NVIDIA-L4-MIG-1g.24gb", "NVIDIA-L4-SHARED"):
        part = replace(
            sizing_input("Qwen/Qwen3-14B", "NVIDIA-L4"), accelerator=replace(card("NVIDIA-L4"), product=product)
        )
        answer = fit_alternatives.size(part, [card("NVIDIA-H200")])
        assert isinstance(answer, NoFit)
        assert ConfigurationChange.MORE_GPUS not in {each.change for each in answer.alternatives}


def test_too_long_a_context_is_shortened_first_and_quantized_weights_come_next() -> None:
    inputs = sizing_input(product="NVIDIA-L4", context=65536)
    found = refused(inputs)
    assert [each.change for each in found][:2] == [
        ConfigurationChange.SMALLER_CONTEXT,
        ConfigurationChange.QUANTIZED_WEIGHTS,
    ]
    assert found[0].context == 8192


def test_too_many_sequences_are_offered_fewer_and_an_fp8_cache() -> None:
    inputs = replace(sizing_input(context=65536), sequences=9)
    found = refused(inputs)
    assert [(each.change, each.words) for each in found][:3] == [
        (ConfigurationChange.SMALLER_CONTEXT, "a context of 32768 tokens"),
        (ConfigurationChange.FEWER_SEQUENCES, "6 sequences at once"),
        (ConfigurationChange.FP8_CACHE, "an FP8 cache"),
    ]
    assert [each.kv for each in found][:3] == [KvFormat.AUTO, KvFormat.AUTO, KvFormat.FP8]


def test_too_few_states_are_offered_a_smaller_batch() -> None:
    found = refused(sizing_input("unsloth/Qwen3.8-27B-NVFP4", "NVIDIA-GeForce-RTX-5090", 16384))
    assert (ConfigurationChange.FEWER_SEQUENCES, "a batch of at most 32 sequences") in [
        (each.change, each.words) for each in found
    ]


def test_a_context_beyond_the_model_is_offered_the_models_own() -> None:
    assert refused(sizing_input(context=200_000))[0].context == 131072


def test_a_quantized_model_with_an_fp8_cache_is_not_quantized_again() -> None:
    inputs = replace(sizing_input("openai/gpt-oss-120b", "NVIDIA-L4"), kv=KvFormat.FP8)
    assert {each.change for each in refused(inputs)} <= {ConfigurationChange.MORE_GPUS}


def test_a_card_whose_kernels_refuse_a_format_is_not_offered_it() -> None:
    found = refused(sizing_input("Qwen/Qwen3-14B", "Tesla-V100-SXM2-16GB", 32768))
    assert {each.change for each in found} == {ConfigurationChange.MORE_GPUS}


def test_a_tiny_context_is_not_shortened_below_use() -> None:
    inputs = replace(
        sizing_input(product="Tesla-T4", context=1024), parallelism=Parallelism(tensor=8), utilization=0.01
    )
    assert refused(inputs) == ()


def test_another_checkpoint_is_offered_only_if_quantizing_while_loading_does_not_do() -> None:
    found = [each.words for each in refused(sizing_input("Qwen/Qwen3-32B", "NVIDIA-L40S"))]
    assert "weights as fp8PerTensor" in found
    assert "a checkpoint stored as awq" not in found


def test_what_the_engine_objects_to_is_not_offered() -> None:
    def objection(sizing: SizingInput) -> str | None:
        makes_no_such = sizing.weights is WeightFormat.FP8_PER_TENSOR
        return "it cannot" if makes_no_such or sizing.parallelism.tensor == 2 else None

    answer = fit_alternatives.size(sizing_input("Qwen/Qwen3-32B", "NVIDIA-L40S"), (), objection)
    assert isinstance(answer, NoFit)
    assert [each.words for each in answer.alternatives] == ["weights as fp8", "tensor parallel over 4 GPUs"]


@given(
    st.sampled_from(sorted(packaged_catalogue().shapes)),
    st.sampled_from(["NVIDIA-L4", "NVIDIA-H100-80GB-HBM3"]),
    st.sampled_from([8192, 131072]),
)
def test_every_alternative_always_fits_by_the_same_arithmetic(name: str, product: str, context: int) -> None:
    inputs = sizing_input(name, product, context)
    answer = fit_alternatives.size(inputs, [card("NVIDIA-B200")])
    found = answer.alternatives if isinstance(answer, NoFit) else ()
    ranks = [list(ConfigurationChange).index(each.change) for each in found]
    assert ranks == sorted(set(ranks))
    assert all(_again(inputs, each) for each in found if "batch" not in each.words)


def _again(inputs: SizingInput, each: FitAlternative) -> bool:
    """Rebuilt from the alternative, it fits."""
    rebuilt = replace(
        inputs,
        accelerator=card(each.product),
        context=each.context,
        sequences=each.sequences,
        weights=each.weights,
        kv=each.kv,
        parallelism=each.parallelism,
    )
    return assessment.assess(rebuilt).verdict is FitVerdict.FITS


def test_a_model_too_large_for_eight_of_a_small_card_is_spread_and_quantized() -> None:
    found = refused(sizing_input("meta-llama/Llama-3.3-70B-Instruct", product="NVIDIA-L4", context=32768))
    words = {each.change: each.words for each in found}
    assert words[ConfigurationChange.MORE_GPUS] == "tensor parallel over 8 GPUs, weights as fp8PerTensor"

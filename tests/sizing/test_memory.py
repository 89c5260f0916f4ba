"""Activations, graphs and overheads against peaks that engines logged, in GiB."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import Estimate, FitVerdict, MemoryBreakdown, MemoryTerm, NoFit
from fairlead.fleet.quantization import Dtype
from fairlead.sizing import activations, assessment, memory, overheads
from fairlead.sizing.adapters import adapters, widths
from fairlead.sizing.sizing_input import GIB, DraftSetup, SizingInput
from tests.sizing.inputs import card, packaged_catalogue, sizing_input

V19 = VllmRelease(0, 19)


def peak(sizing: SizingInput) -> float:
    """Likely activations."""
    return activations.peak(replace(sizing, release=V19)).likely / GIB


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 1.89),
        ("Qwen/Qwen2.5-72B-Instruct", 2.29),
        ("google/gemma-2-9b-it", 3.65),
        ("microsoft/phi-4", 1.52),
        ("Qwen/Qwen3-30B-A3B", 2.68),
        ("Qwen/Qwen1.5-MoE-A2.7B", 2.47),
        ("deepseek-ai/DeepSeek-V2-Lite-Chat", 1.93),
        ("openai/gpt-oss-20b", 2.87),
        ("ibm-granite/granite-3.1-8b-instruct", 0.85),
    ],
)
def test_the_peak_is_what_the_profile_run_measured(name: str, measured: float) -> None:
    assert peak(sizing_input(name)) == pytest.approx(measured, rel=0.08)


def test_before_0_17_the_sampler_sorted() -> None:
    inputs = replace(sizing_input("Qwen/Qwen3-14B"), release=VllmRelease(0, 15))
    assert activations.peak(inputs).likely / GIB == pytest.approx(5.64, rel=0.01)


def test_float32_counts_wider_logits() -> None:
    assert peak(replace(sizing_input(), dtype=Dtype.FLOAT32)) == pytest.approx(2.21, rel=0.02)


def test_images_encode_before_the_language_model_runs() -> None:
    inputs = sizing_input("Qwen/Qwen3.8-27B", "NVIDIA-GeForce-RTX-5090")
    blind = replace(inputs, images=False)
    assert activations.encoded_tokens(inputs) == 16384
    assert activations.encoded_tokens(blind) == activations.images(blind) == 0
    assert peak(inputs) > peak(blind) + 0.4


@pytest.mark.parametrize(
    ("sequences", "context", "encoded"),
    [(None, 8192, 8192), (1, 8192, 8192), (1, 4096, 4096), (4, 1024, 4096), (1, 128, 256)],
)
def test_one_request_may_hold_as_many_images_as_its_context(sequences: int | None, context: int, encoded: int) -> None:
    """An image of Gemma 3 is 256 tokens; the profile run fills a step of 8192 from as many prompts as a batch has."""
    inputs = replace(sizing_input("google/gemma-3-4b-it", context=context), max_sequences=sequences)
    assert activations.encoded_tokens(inputs) == encoded


@pytest.mark.parametrize(("images", "encoded"), [(999, 8192), (8, 2048), (1, 256), (0, 0)])
def test_a_prompt_holds_no_more_images_than_the_arguments_allow(images: int, encoded: int) -> None:
    inputs = replace(sizing_input("google/gemma-3-4b-it"), max_sequences=1, prompt_images=images)
    assert activations.encoded_tokens(inputs) == encoded
    assert (activations.images(inputs) > 0) is bool(encoded), "without an image the tower makes no pass"


def test_a_small_batch_of_one_request_does_not_make_the_image_tower_cheap() -> None:
    """2.8 GiB are taken to encode the 32 images of one step, which one prompt of 8192 tokens may hold."""
    small = replace(sizing_input("google/gemma-3-4b-it", "NVIDIA-L4"), max_sequences=1, max_batched_tokens=8192)
    assert activations.peak(small).likely / GIB == pytest.approx(2.8, abs=0.01)
    assert memory.memory(small).kv.likely / GIB == pytest.approx(8.38, abs=0.01)


def test_expert_parallel_work_space_is_for_whole_experts() -> None:
    inputs = replace(sizing_input("mistralai/Mixtral-8x7B-v0.1"), parallelism=Parallelism(tensor=2))
    whole = activations.expert_workspace(replace(inputs, expert_parallel=True))
    assert whole == 2 * activations.expert_workspace(inputs)


def test_tokens_of_all_data_parallel_ranks_meet_at_the_experts() -> None:
    """8 ranks with 8192 tokens each, 8 experts a token, and room for 2 x 7168 numbers in each row: 14 GiB of H200."""
    alone = replace(sizing_input("deepseek-ai/DeepSeek-V3", "NVIDIA-H200"), expert_parallel=True)
    ranks = replace(alone, parallelism=Parallelism(data=8))
    assert activations.expert_workspace(alone) / GIB == 1.75
    assert activations.expert_workspace(ranks) / GIB == 14
    assert activations.peak(ranks).likely >= activations.peak(alone).likely + 12.25 * GIB
    assert assessment.assess(ranks).verdict is FitVerdict.TIGHT, "no such start was measured"


def test_without_expert_parallelism_each_expert_is_divided_over_all_ranks() -> None:
    mixtral = sizing_input("mistralai/Mixtral-8x7B-v0.1")
    ranks = replace(mixtral, parallelism=Parallelism(data=4))
    rows = 4 * 8192 * 2
    assert activations.expert_workspace(ranks) == rows * (2 * 14336 // 4 + 4096) * 2


def test_hidden_states_gathered_from_the_ranks_of_a_mixture_may_be_a_layers_largest() -> None:
    mixture = replace(sizing_input("Qwen/Qwen3-30B-A3B"), expert_parallel=True)
    ranks = replace(mixture, parallelism=Parallelism(data=16))
    dense = replace(sizing_input(), parallelism=Parallelism(data=16))
    assert activations.widest_layer(ranks) == 16 * 8192 * 2048 * 2 > activations.widest_layer(mixture)
    assert activations.widest_layer(dense) == activations.widest_layer(sizing_input())


@pytest.mark.parametrize(
    ("product", "gib", "within"),
    [("NVIDIA-H100-80GB-HBM3", 79.19, 0.02), ("NVIDIA-GeForce-RTX-5090", 31.4, 0.02), ("NVIDIA-H200", 139.8, 0.1)],
)
def test_the_engine_sees_a_little_less_than_the_driver_says(product: str, gib: float, within: float) -> None:
    unseen = replace(card(product), visible_mib=None)
    estimate = overheads.visible(unseen)
    assert estimate.likely / GIB == pytest.approx(gib, abs=within)
    assert overheads.visible(replace(unseen, visible_mib=1024)) == Estimate.exact(GIB)


@pytest.mark.parametrize(
    ("product", "minor", "parallelism", "gib"),
    [
        ("NVIDIA-H100-80GB-HBM3", 19, Parallelism(), 0.25),
        ("NVIDIA-H100-80GB-HBM3", 17, Parallelism(), 0.13),
        ("NVIDIA-H100-80GB-HBM3", 19, Parallelism(pipeline=2), 0.07),
        ("NVIDIA-H100-80GB-HBM3", 19, Parallelism(tensor=4), 2.13),
        ("NVIDIA-H100-80GB-HBM3", 12, Parallelism(tensor=2), 1.3),
        ("NVIDIA-H100-PCIe", 19, Parallelism(tensor=2), 0.5),
        ("NVIDIA-GeForce-RTX-3090", 24, Parallelism(tensor=2), 0.5),
    ],
)
def test_what_lies_outside_the_tensors(product: str, minor: int, parallelism: Parallelism, gib: float) -> None:
    inputs = replace(sizing_input(product=product), parallelism=parallelism, release=VllmRelease(0, minor))
    assert overheads.framework(inputs).likely / GIB == pytest.approx(gib)


def test_graphs_are_captured_for_fewer_sizes_when_batches_are_small() -> None:
    alone = replace(sizing_input(), max_sequences=1)
    drafting = replace(sizing_input(), max_sequences=2, drafting=DraftSetup(tokens=3))
    small, drafted, large = (overheads.graphs(one).likely / GIB for one in (alone, drafting, sizing_input()))
    assert small < drafted < large
    assert large == pytest.approx(0.84, abs=0.05)
    assert overheads.graphs(replace(sizing_input(), eager=True)) == Estimate.exact(0)


def test_graphs_come_out_of_the_budget_from_0_20_on() -> None:
    older, newer = (
        memory.memory(replace(sizing_input(), utilization=0.9, release=VllmRelease(0, minor))) for minor in (19, 20)
    )
    assert older.kv.likely - newer.kv.likely == pytest.approx(newer.graphs.likely)
    most = replace(sizing_input(), utilization=0.9)
    assert memory.unshared(most, memory.memory(most)).likely / GIB == pytest.approx(7.919, abs=0.01)


def test_adapters_take_full_slots_of_the_highest_rank_before_any_is_loaded() -> None:
    """A rank-16 adapter of every linear layer of this model has 41.9 million parameters."""
    one = adapters(replace(sizing_input(), adapters=(16,)))
    assert one == Estimate.exact(41_943_040 * 2)
    assert adapters(replace(sizing_input(), adapters=(8, 16, 4))) == one.times(3)
    assert (
        adapters(replace(sizing_input(), adapters=(16,), parallelism=Parallelism(tensor=2))).likely == one.likely * 0.75
    )
    assert memory.memory(replace(sizing_input(), adapters=(16,))).kv.likely < memory.memory(sizing_input()).kv.likely


@pytest.mark.parametrize("name", ["Qwen/Qwen3.5-35B-A3B", "microsoft/phi-2"])
def test_models_without_a_plain_gated_mlp_have_slots_too(name: str) -> None:
    assert adapters(replace(sizing_input(name, context=2048), adapters=(8,))).likely > 0


def test_slots_of_vllm_have_room_for_every_expert_before_any_adapter_is_loaded() -> None:
    """48 layers of 128 experts of width 768: `FusedMoEWithLoRA` allocates 25 GiB for 8 slots of rank 32."""
    inputs = replace(sizing_input("Qwen/Qwen3-30B-A3B"), adapters=(32,) * 8)
    without = adapters(replace(inputs, adapter_experts=False))
    experts = 8 * 32 * 48 * 128 * 3 * (2048 + 768) * 2
    found = adapters(inputs)

    assert found.likely - without.likely == pytest.approx(experts)
    assert found.high - without.high == pytest.approx(experts)
    assert found.low - without.low == pytest.approx(experts * (2 * 2048 + 3 * 768) / (3 * (2048 + 768)))
    assert isinstance(assessment.assess(inputs), NoFit), "on one H100 nothing is left for a cache"
    assert without == adapters(replace(inputs, release=VllmRelease(0, 11))), "which had no buffers for experts"


def test_a_mixture_has_no_dense_mlp_beside_its_experts() -> None:
    """48 layers with 32 heads of 128 and 4 KV heads, and a router for 128 experts; 6144 is the width of no layer."""
    inputs = replace(sizing_input("Qwen/Qwen3-30B-A3B"), adapters=(16,), adapter_experts=False)
    attention = 3 * 2048 + 4096 + 2 * 512 + 2048 + 4096
    assert adapters(inputs) == Estimate.exact(48 * (attention + 2048 + 128) * 16 * 2)


def test_layers_with_an_mlp_and_shared_experts_have_their_own_widths() -> None:
    """DeepSeek-V3: 3 layers of width 18432, 58 with a shared expert of 2048; Gemma 4: each has both."""
    deepseek = widths(sizing_input("deepseek-ai/DeepSeek-V3").shape)
    assert deepseek["down_proj"] == 3 * (7168 + 18432) + 58 * (7168 + 2048)
    assert deepseek["gate_up_proj"] == 2 * deepseek["down_proj"]
    shape = sizing_input("google/gemma-4-26B-A4B").shape
    assert widths(shape)["down_proj"] == shape.layers * (shape.hidden + shape.intermediate)


def test_of_named_modules_alone_slots_are_made_and_what_is_joined_is_adapted_together() -> None:
    inputs = replace(sizing_input("Qwen/Qwen3-30B-A3B"), adapters=(512,) * 8, adapter_experts=False)
    every = adapters(inputs)

    def of(*names: str) -> Estimate:
        return adapters(replace(inputs, adapter_modules=frozenset(names)))

    each = 8 * 512 * 48 * 2
    assert of("q_proj", "v_proj") == of("qkv_proj") == Estimate.exact((3 * 2048 + 4096 + 2 * 512) * each)
    assert of("o_proj", "experts") == Estimate.exact((2048 + 4096) * each)
    assert of("o_proj", "a_projection_of_our_own") == Estimate(of("o_proj").low, every.likely, every.high)


def test_slices_of_experts_have_the_models_width_on_every_gpu_and_whole_experts_on_one() -> None:
    inputs = replace(sizing_input("Qwen/Qwen3-30B-A3B"), adapters=(32,) * 8, parallelism=Parallelism(tensor=4))
    dense = adapters(replace(inputs, adapter_experts=False)).likely
    each = 8 * 32 * 48 * 128 * 2

    assert adapters(inputs).likely - dense == pytest.approx(each * 3 * (2048 + 768 / 4))
    whole = adapters(replace(inputs, expert_parallel=True)).likely - dense
    assert whole == pytest.approx(each * 3 * (2048 + 768) / 4)


def test_the_terms_have_names_and_the_largest_is_never_the_cache() -> None:
    breakdown = memory.memory(sizing_input())
    assert set(breakdown.by_name()) == set(MemoryTerm)
    assert breakdown.largest is MemoryTerm.WEIGHTS


CARDS = st.sampled_from(sorted(packaged_catalogue().accelerators.values(), key=lambda found: found.product))


@given(st.sampled_from(sorted(packaged_catalogue().shapes)), CARDS, st.booleans())
def test_every_span_is_always_in_order_and_the_likely_terms_always_add_up(
    name: str, found: Accelerator, eager: bool
) -> None:
    breakdown = memory.memory(replace(sizing_input(name), accelerator=found, eager=eager))
    for estimate in (*breakdown.by_name().values(), breakdown.budget):
        assert estimate.low <= estimate.likely <= estimate.high
    assert _sum(breakdown) == pytest.approx(breakdown.budget.likely)


def _sum(breakdown: MemoryBreakdown) -> float:
    return sum(estimate.likely for estimate in breakdown.by_name().values())

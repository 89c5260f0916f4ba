"""What a step reads, computes and moves, for models whose numbers can be checked by hand."""

from dataclasses import replace

import pytest

from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import WeightFormat
from fairlead.simulator.timing import formula, roofline, step_work
from tests.simulator.timing import published_rows

GPT = "openai/gpt-oss-120b"


def test_a_dense_model_streams_its_sixteen_bit_parameters_but_not_the_embedding_table() -> None:
    load = step_work.of(published_rows.question())
    assert load.dense_bytes == pytest.approx(2 * 7.505e9, rel=0.01)
    assert load.dense_operations == pytest.approx(2 * 7.505e9, rel=0.01)
    assert (load.expert_bytes, load.sums, load.moved_bytes) == (0.0, 0, 0.0)


def test_tensor_parallelism_halves_the_reading_and_brings_two_sums_a_layer() -> None:
    one, two = step_work.of(published_rows.question()), step_work.of(published_rows.question(tensor=2))
    assert two.dense_bytes == pytest.approx(one.dense_bytes / 2, rel=0.01)
    assert two.context_bytes == one.context_bytes / 2
    assert two.sums == 64
    assert two.moved_bytes == 64 * 4096 * 2


def test_a_token_touches_few_experts_and_many_tokens_touch_all() -> None:
    load = step_work.of(published_rows.question(published_rows.EXPERTS, "NVIDIA-B200", tensor=8))
    assert load.expert_bytes == pytest.approx(653e9 / 8, rel=0.02)
    assert load.expert_missed == 1 - 8 / 256
    few, many = (formula.shared_s(load, roofline.ASSUMED, tokens) for tokens in (1.0, 200.0))
    assert many - few > 0.9 * load.expert_bytes / load.bandwidth / roofline.ASSUMED.experts


def test_data_parallel_ranks_share_the_experts_and_meet_in_exchanges() -> None:
    whole = published_rows.question(published_rows.EXPERTS, "NVIDIA-B200", tensor=8)
    ranks = replace(whole, parallelism=Parallelism(data=8), expert_parallel=True)
    load = step_work.of(ranks)
    assert load.expert_bytes == pytest.approx(step_work.of(whole).expert_bytes, rel=0.01)
    assert (load.expert_ranks, load.sums, load.exchanges) == (8, 0, 2 * 58)
    unspread = step_work.of(replace(ranks, expert_parallel=False))
    assert unspread.expert_bytes == pytest.approx(load.expert_bytes, rel=0.01)


def test_ranks_of_attention_compute_for_the_tokens_of_all_what_they_share_and_exchange_them_there() -> None:
    """SGLang's `--attn-dp-size`."""
    one = replace(published_rows.question(published_rows.EXPERTS, "NVIDIA-B200", tensor=8), release=SGLANG)
    whole, eight, two = (step_work.of(replace(one, attention_ranks=ranks)) for ranks in (1, 8, 2))
    assert eight.expert_bytes == pytest.approx(whole.expert_bytes)
    assert eight.dense_bytes > 2 * whole.dense_bytes, "attention's are there eight times"
    for work in ("dense_operations", "expert_operations", "context_operations", "pair_operations"):
        assert getattr(eight, work) == pytest.approx(8 * getattr(whole, work))
    assert (whole.sums, whole.exchanges, whole.expert_ranks) == (2 * 61, 0, 1)
    assert (eight.sums, eight.exchanges, eight.expert_ranks) == (3, 2 * 58, 8)
    assert (two.sums, two.exchanges, two.expert_ranks) == (61 + 3, 2 * 58, 2)
    dense = replace(published_rows.question(), release=SGLANG, parallelism=Parallelism(tensor=4))
    assert step_work.of(replace(dense, attention_ranks=4)).moved_bytes > 1.9 * step_work.of(dense).moved_bytes


def test_copies_of_the_model_share_nothing() -> None:
    """SGLang's `--dp-size`: each copy does what it does alone."""
    one = replace(published_rows.question(published_rows.EXPERTS, "NVIDIA-B200", tensor=8), release=SGLANG)
    two = replace(one, parallelism=Parallelism(tensor=8, data=2))
    assert replace(step_work.of(two), link_rate=0.0) == replace(step_work.of(one), link_rate=0.0)


def test_latent_attention_caches_one_narrow_row_on_every_gpu_and_computes_more_to_read_it() -> None:
    load = step_work.of(published_rows.question(published_rows.EXPERTS, "NVIDIA-B200", tensor=8))
    assert load.context_bytes == 61 * (512 + 64) * 2
    assert load.context_operations > load.pair_operations
    assert load.mixer_layers == 61


def test_a_sparse_indexer_makes_attention_bounded_and_leaves_its_own_keys_to_read() -> None:
    sparse = step_work.of(published_rows.question("zai-org/GLM-5-FP8", "NVIDIA-B200", tensor=8))
    dense = step_work.of(published_rows.question(published_rows.EXPERTS, "NVIDIA-B200", tensor=8))
    assert sparse.context_bytes < dense.context_bytes / 4
    assert sparse.sequence_bytes > 0
    assert sparse.prompt_operations > 0


def test_windows_and_recurrent_states_are_paid_by_request_not_by_context() -> None:
    windowed = step_work.of(published_rows.question(GPT))
    assert windowed.sequence_bytes == 18 * 128 * 2 * 8 * 64 * 2
    recurrent = step_work.of(published_rows.question("Qwen/Qwen3.5-397B-A17B", tensor=8))
    assert recurrent.sequence_bytes > 1e6
    assert recurrent.mixer_layers == 45


def test_an_embedding_that_is_also_the_head_is_streamed() -> None:
    tied = published_rows.question("Qwen/Qwen3-0.6B")
    apart = replace(tied, shape=replace(tied.shape, tied=False))
    assert step_work.of(tied).dense_bytes == pytest.approx(step_work.of(apart).dense_bytes, rel=0.001)


def test_arithmetic_is_that_of_the_format_where_the_chip_has_it() -> None:
    rates = {
        (product, form): step_work.rate(published_rows.question(product=product, weights=form)) / 1e12
        for product in ("NVIDIA-B200", published_rows.H200, "NVIDIA-A100-SXM4-80GB")
        for form in (WeightFormat.NONE, WeightFormat.FP8, WeightFormat.NVFP4)
    }
    assert list(rates.values()) == [2250, 4500, 9000, 989, 1979, 989, 312, 312, 312]


def test_sixteen_gpus_are_two_nodes_unless_they_are_a_rack() -> None:
    nodes = step_work.of(published_rows.question(published_rows.EXPERTS, "NVIDIA-H100-80GB-HBM3", tensor=16))
    rack = step_work.of(published_rows.question(published_rows.EXPERTS, "NVIDIA-GB200", tensor=16))
    assert nodes.link_rate < rack.link_rate

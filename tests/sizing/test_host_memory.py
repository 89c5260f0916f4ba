"""A replica on CPU: its own memory, less weights and processes, is the cache size that its engine gets."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet import accelerators
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import BatchLimits, HostMemory, ReplicaLayout, SpreadRules
from fairlead.fleet.fit import ConfigurationChange, Fit, FitReason, FitVerdict, NoFit
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing import assessment, fit_alternatives, host_memory, kv_pages, memory
from fairlead.sizing.sizing_input import GIB, DraftSetup, SizingInput
from tests.sizing.inputs import LLAMA, packaged_catalogue, shape, sizing_input

SMALL = "Qwen/Qwen2.5-0.5B-Instruct"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGpusOnly:
    """A release without a CPU build."""

    share: float = 0.9
    logit_bytes: float = 12.4
    context_gib: float = 0.25
    switched_gib: float = 1.6
    sets_graphs_aside: bool = True
    spread: SpreadRules = CURRENT.spread
    shares_the_rest: bool = False
    counts_requests: bool = True
    adapts_experts: bool = True
    host: HostMemory | None = None

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> None:
        CURRENT.static_share(accelerator, layout)

    def batch(self, accelerator: Accelerator) -> BatchLimits:
        return CURRENT.batch(accelerator)

    def own_cache(self, shape: ModelShape, accelerator: Accelerator) -> KvFormat:
        return CURRENT.own_cache(shape, accelerator)

    def graph_sizes(self, tokens: int, longest: int | None = None) -> int:
        return CURRENT.graph_sizes(tokens, longest)

    def doubt(self, accelerator: Accelerator) -> float:
        return CURRENT.doubt(accelerator)


def on_cpu(memory_gib: float, name: str = SMALL, context: int = 4096) -> SizingInput:
    """One model in this much memory."""
    return SizingInput(
        release=CURRENT,
        shape=shape(name),
        accelerator=accelerators.cpu(int(memory_gib * GIB)),
        context=context,
        eager=True,
    )


def fit(sizing: SizingInput) -> Fit:
    answer = assessment.assess(sizing)
    assert isinstance(answer, Fit), answer
    return answer


def test_memory_that_is_certainly_free_sets_the_cache_in_whole_gigabytes() -> None:
    answer = fit(on_cpu(8))

    assert (answer.verdict, answer.memory.kv.likely) == (FitVerdict.FITS, 2 * GIB)
    assert answer.memory.kv.low == answer.memory.kv.high == 2 * GIB
    assert answer.kv_tokens.low == answer.kv_tokens.high
    assert answer.because.startswith("certainly holds 1 request of 4096 tokens: 2.0 of 8.0 GiB are left")


def test_where_free_memory_only_may_suffice_the_cache_is_the_least_that_holds_the_context() -> None:
    answer = fit(on_cpu(24, LLAMA, context=16384))

    assert (answer.verdict, answer.reason) == (FitVerdict.TIGHT, FitReason.WITHIN_DOUBT)
    assert answer.memory.kv.likely == 3 * GIB
    assert answer.sequences.likely >= 1


def test_a_model_that_does_not_go_in_is_refused_and_offered_more_memory() -> None:
    answer = fit_alternatives.size(on_cpu(8, LLAMA), tuple(packaged_catalogue().accelerators.values()))

    assert isinstance(answer, NoFit)
    assert answer.reason is FitReason.WEIGHTS_EXCEED_MEMORY
    assert answer.because.endswith("may use 8.0 GiB; 1 GiB is the smallest cache that can be set")
    assert [(one.change, one.words) for one in answer.alternatives] == [(ConfigurationChange.MORE_MEMORY, "48 GiB")]


def test_a_context_beyond_the_cache_is_shortened_first() -> None:
    answer = fit_alternatives.size(on_cpu(20, LLAMA, context=131072))

    assert isinstance(answer, NoFit)
    assert answer.reason is FitReason.CONTEXT_EXCEEDS_CACHE
    assert [one.change for one in answer.alternatives] == [ConfigurationChange.MORE_MEMORY]
    many = fit_alternatives.size(replace(on_cpu(48, LLAMA, context=65536), sequences=8))
    assert isinstance(many, NoFit)
    assert [one.change for one in many.alternatives] == [
        ConfigurationChange.SMALLER_CONTEXT,
        ConfigurationChange.FEWER_SEQUENCES,
        ConfigurationChange.MORE_MEMORY,
    ]


def test_a_table_of_the_vocabulary_is_kept_twice() -> None:
    tied, untied = on_cpu(64), on_cpu(64, LLAMA)
    plain = memory.memory(replace(untied, accelerator=sizing_input().accelerator))

    extra = memory.memory(untied).weights.likely - plain.weights.likely
    assert extra == 2 * 128256 * 4096 * 2
    assert tied.shape.tied
    assert memory.memory(tied).weights.likely < 1.5 * GIB


def test_an_engine_that_packs_no_tables_keeps_them_once() -> None:
    assert CURRENT.host is not None
    sizing = on_cpu(64, LLAMA)
    plain = replace(sizing, release=OnGpusOnly(host=CURRENT.host._replace(packs_tables=False)))

    extra = memory.memory(sizing).weights.likely - memory.memory(plain).weights.likely
    assert extra == 2 * 128256 * 4096 * 2


def test_files_of_weights_count_once_more_at_worst_and_no_graphs_at_all() -> None:
    parts = memory.memory(on_cpu(64, LLAMA))

    assert parts.graphs.high == 0
    assert (parts.framework.low, parts.framework.likely) == (1.9 * GIB, 1.9 * GIB)
    assert parts.framework.high > 3 * GIB + 16e9
    drafted = replace(on_cpu(64, LLAMA), drafting=DraftSetup(tokens=3, model=shape(SMALL)))
    assert memory.memory(drafted).framework.high > parts.framework.high


def test_blocks_are_larger_than_on_a_gpu_and_those_of_latent_attention_are_not() -> None:
    latent = "deepseek-ai/DeepSeek-V2-Lite-Chat"

    assert kv_pages.pool(on_cpu(8)).groups[0].block_tokens == 128
    assert on_cpu(8, latent).block_tokens == 16
    assert sizing_input().block_tokens == 16


def test_a_release_without_a_build_for_processors_is_never_sized_for_one() -> None:
    sizing = replace(on_cpu(8), release=OnGpusOnly())
    assert sizing.block_tokens == 16
    with pytest.raises(AssertionError, match="the schema refuses"):
        host_memory.settable(sizing, 1.0)


@given(
    st.sampled_from([SMALL, LLAMA, "Qwen/Qwen3-8B"]),
    st.integers(2, 96),
    st.sampled_from([1024, 8192, 32768]),
)
def test_more_memory_never_holds_less(name: str, gib: int, context: int) -> None:
    less, more = (assessment.assess(on_cpu(size, name, context)) for size in (gib, gib + 8))

    if isinstance(less, Fit):
        assert isinstance(more, Fit)
        assert more.kv_tokens.likely >= less.kv_tokens.likely
        assert less.memory.kv.likely % GIB == 0
        assert less.memory.kv.likely >= GIB
        assert less.sequences.likely >= 1


def test_a_gpu_is_sized_as_before() -> None:
    assert memory.usable_cache(sizing_input(), 1.5) == 1.5
    spread = replace(sizing_input(), parallelism=Parallelism(tensor=2))
    assert fit(spread).memory.kv.low < fit(spread).memory.kv.high

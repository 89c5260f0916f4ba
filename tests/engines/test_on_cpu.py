"""vLLM on CPU: how it is started, what is refused, and what users are warned of."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import checks, defaults, failures, warning_checks
from fairlead.engines.vllm.cpu import limits, overrides, settings
from fairlead.engines.vllm.cpu.limits import LIMITS
from fairlead.engines.vllm.cpu.warning_checks import one_core
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.desired_state import DesiredEngine, Parallelism
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.fleet.shapes import LatentAttention
from tests.engines.on_cpu import GIB, PLAIN, on_cpu
from tests.engines.setups import LATENT, LLAMA, LLAMA_SMALL, MIXTURE, NGRAM, setup_of, stored

PACE: Final = LifecycleParameters(weight_bytes=1 << 30)
VLLM: Final = VllmEngine()
SPARSE: Final = replace(
    LATENT, latent=LatentAttention(kv_rank=512, rope_dim=64, nope_dim=128, value_dim=128, index_dim=128)
)
ODD: Final = replace(LLAMA, name="Odd-1B", head_dim=80)
STRANGE: Final = replace(LLAMA, name="Strange-1B", head_dim=72)


def with_args(*words: str) -> DesiredEngine:
    return replace(PLAIN, extra_args=words)


def variables(setup: EngineSetup) -> dict[str, object]:
    return {one.name: one.value for one in VLLM.launch(setup, PACE).environment}


def test_cores_become_threads_and_memory_becomes_the_configured_kv_cache() -> None:
    given = variables(on_cpu(cores=8, kv_gib=5))

    assert {name: value for name, value in given.items() if "CPU" in name or "OMP" in name} == {
        "VLLM_CPU_KVCACHE_SPACE": "5",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCH_COMPILE_DISABLE": "1",
        "OMP_NUM_THREADS": "7",
    }


def test_one_core_still_computes() -> None:
    assert [settings.threads(cores) for cores in (1, 2, 3, 64)] == [1, 1, 2, 63]


def test_it_compiles_nothing_since_that_needs_a_compiler() -> None:
    words = VLLM.launch(on_cpu(), PACE).command

    assert words.count("--enforce-eager") == 1
    assert "--gpu-memory-utilization" not in words


@pytest.mark.parametrize(("memory_gib", "share"), [(4, "0.2"), (8, "0.35"), (16, "0.42"), (64, "0.48")])
def test_a_model_of_unknown_shape_gets_a_share_that_is_certainly_free(memory_gib: float, share: str) -> None:
    """What vLLM's checks may count as used: the other processes, and the files of at most that share of weights."""
    setup = on_cpu(shape=None, memory_gib=memory_gib, kv_gib=None)
    words = VLLM.launch(setup, PACE).command

    assert words[words.index("--gpu-memory-utilization") + 1] == share
    assert 2 * float(share) * memory_gib <= memory_gib - 2.4
    assert "VLLM_CPU_KVCACHE_SPACE" not in variables(setup)


def test_a_gpu_gets_none_of_this() -> None:
    launch = VLLM.launch(setup_of(), PACE)

    assert settings.environment(setup_of()) == ()
    assert settings.share(setup_of()) is None
    assert not [one.name for one in launch.environment if "CPU" in one.name or "OMP" in one.name]
    assert "--enforce-eager" not in launch.command


def test_a_start_may_take_longer_than_on_a_gpu_without_compiling() -> None:
    def allowed(setup: EngineSetup) -> int:
        return VLLM.launch(setup, PACE).probes.startup.allowed_seconds

    assert allowed(on_cpu()) == 300 + 22
    assert allowed(setup_of(replace(PLAIN, eager=True))) == 120 + 22


def test_its_own_limits_of_a_batch_are_smaller() -> None:
    assert (defaults.sequences(on_cpu()), defaults.batched_tokens(on_cpu())) == (128, 2048)


REFUSED: Final[dict[str, tuple[EngineSetup, str, str]]] = {
    "the image for CUDA": (
        on_cpu(replace(PLAIN, image="registry.example/vllm/vllm-openai:v0.32.0")),
        "spec.engine.image",
        "registry.example/vllm/vllm-openai:v0.32.0",
    ),
    "two ranks": (on_cpu(parallelism=Parallelism(tensor=2)), "spec.parallelism", "2 x 1 x 1"),
    "two stages": (on_cpu(parallelism=Parallelism(pipeline=2)), "spec.parallelism", "1 x 2 x 1"),
    "two copies": (on_cpu(parallelism=Parallelism(data=2)), "spec.parallelism", "1 x 1 x 2"),
    "longer CUDA graphs": (
        on_cpu(replace(PLAIN, cuda_graph_tokens=1024)),
        "spec.engine.batching.cudaGraphTokens",
        "1024",
    ),
    "main memory for evicted blocks": (
        on_cpu(replace(PLAIN, host_memory_bytes=8 << 30)),
        "spec.engine.prefixCaching.hostMemory",
        "8 GiB",
    ),
    "sleep": (on_cpu(replace(PLAIN, sleeps=True)), "spec.engine.sleep.enabled", "true"),
    "a share of memory": (on_cpu(replace(PLAIN, memory_utilization=0.9)), "spec.engine.memoryUtilization", "0.9"),
    "an unknown model in two gigabytes": (
        on_cpu(shape=None, memory_gib=2, kv_gib=None),
        "spec.accelerator.memory",
        "4 cores and 2 GiB",
    ),
    "MXFP8": (
        on_cpu(replace(PLAIN, weights=WeightFormat.MXFP8)),
        "spec.engine.quantization.weights",
        "mxfp8",
    ),
    "MXFP4 of a dense model": (
        on_cpu(replace(PLAIN, weights=WeightFormat.MXFP4)),
        "spec.engine.quantization.weights",
        "mxfp4",
    ),
    "MXFP4 made of experts while loading": (
        on_cpu(replace(PLAIN, weights=WeightFormat.MXFP4), shape=MIXTURE),
        "spec.engine.quantization.weights",
        "mxfp4",
    ),
    "a checkpoint stored as NVFP4": (
        on_cpu(shape=stored(LLAMA, WeightFormat.NVFP4)),
        "spec.engine.quantization.weights",
        "nvfp4",
    ),
    **{
        f"a cache as {kv}": (on_cpu(replace(PLAIN, kv=kv)), "spec.engine.quantization.kvCache", str(kv))
        for kv in (KvFormat.BFLOAT16, KvFormat.FLOAT16, KvFormat.NVFP4, KvFormat.INT8_PER_TOKEN_HEAD)
    },
    "an FP8 cache of odd heads": (
        on_cpu(replace(PLAIN, kv=KvFormat.FP8_E4M3), shape=ODD),
        "spec.engine.quantization.kvCache",
        "fp8E4M3",
    ),
    "an FP8 cache beside latent attention": (
        on_cpu(replace(PLAIN, kv=KvFormat.FP8), shape=LATENT),
        "spec.engine.quantization.kvCache",
        "fp8",
    ),
    "heads that no kernel has": (on_cpu(shape=STRANGE), "spec.model.source", "Strange-1B with heads of 72"),
    "sparse attention": (on_cpu(shape=SPARSE), "spec.model.source", "DeepSeek-V3"),
    "blocks of sixteen": (on_cpu(with_args("--block-size=16")), "spec.engine.extraArgs", "--block-size 16"),
    "blocks of nothing": (on_cpu(with_args("--block-size", "0")), "spec.engine.extraArgs", "--block-size 0"),
    "graphs": (
        on_cpu(with_args("--cudagraph-capture-sizes", "8")),
        "spec.engine.extraArgs[0]",
        "--cudagraph-capture-sizes",
    ),
    "a level of compilation": (on_cpu(with_args("-O3")), "spec.engine.extraArgs[0]", "-O3"),
    "asynchronous scheduling": (
        on_cpu(with_args("--async-scheduling")),
        "spec.engine.extraArgs[0]",
        "--async-scheduling",
    ),
    "bytes of the cache": (
        on_cpu(with_args("--kv-cache-memory-bytes", "1G")),
        "spec.engine.extraArgs[0]",
        "--kv-cache-memory-bytes",
    ),
    "a number of threads": (
        on_cpu(replace(PLAIN, extra_env=(("OMP_NUM_THREADS", "64"),))),
        "spec.engine.env",
        "OMP_NUM_THREADS",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_build_for_processors_cannot_do_is_refused_by_its_field(what: str) -> None:
    setup, field, value = REFUSED[what]
    found = [one for one in VLLM.refusals(setup) if one.field == field and one.value == value]

    assert len(found) >= 1, VLLM.refusals(setup)
    assert found[0].because
    assert len(found[0].sentence) <= 240


def test_every_row_refuses_something_here() -> None:
    idle = [row.refuses for row in LIMITS if all(row.value(setup) is None for setup, _, _ in REFUSED.values())]

    assert idle == []


ALLOWED: Final = {
    "a plain wish": on_cpu(),
    "an unknown model with room": on_cpu(shape=None, kv_gib=None),
    "a wider type": on_cpu(replace(PLAIN, dtype=Dtype.FLOAT32)),
    "half precision": on_cpu(replace(PLAIN, dtype=Dtype.FLOAT16)),
    "a GPTQ checkpoint": on_cpu(shape=stored(LLAMA, WeightFormat.GPTQ)),
    "an AWQ checkpoint": on_cpu(shape=stored(LLAMA, WeightFormat.AWQ)),
    "an int8 checkpoint": on_cpu(shape=stored(LLAMA, WeightFormat.COMPRESSED_TENSORS_INT8)),
    "experts stored as MXFP4": on_cpu(shape=stored(MIXTURE, WeightFormat.MXFP4)),
    "FP8, which some processors can": on_cpu(replace(PLAIN, weights=WeightFormat.FP8_PER_TENSOR)),
    "an FP8 cache": on_cpu(replace(PLAIN, kv=KvFormat.FP8_E5M2)),
    "heads of 80": on_cpu(shape=ODD),
    "latent attention": on_cpu(shape=LATENT),
    "blocks of sixty-four": on_cpu(with_args("--block-size", "64")),
    "a block size that only the parser can refuse": on_cpu(
        replace(with_args("--block-size", "None"), image="registry.test/own:1")
    ),
    "ngram": on_cpu(replace(PLAIN, speculation=NGRAM)),
    "a GPU's own words": setup_of(with_args("--async-scheduling", "-O3", "--block-size=16")),
    "threads beside a GPU": setup_of(replace(PLAIN, extra_env=(("OMP_NUM_THREADS", "4"),))),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_it_can_do_is_not_refused(what: str) -> None:
    assert VLLM.refusals(ALLOWED[what]) == ()


def test_rules_about_gpus_say_nothing_of_a_processor() -> None:
    assert set(checks.of(setup_of())) - set(checks.of(on_cpu())) == checks.OF_GPUS
    assert not {one.reason for one in VLLM.refusals(on_cpu(parallelism=Parallelism(tensor=4)))} & {
        EngineReason.GPUS_DIFFER
    }


def fields_warned(setup: EngineSetup) -> list[str]:
    return [one.field for one in VLLM.warnings(setup)]


def test_what_depends_on_the_nodes_processor_is_warned_of() -> None:
    assert fields_warned(on_cpu()) == []
    assert fields_warned(on_cpu(replace(PLAIN, weights=WeightFormat.FP8_PER_TENSOR))) == [
        "spec.engine.quantization.weights"
    ]
    assert fields_warned(on_cpu(replace(PLAIN, kv=KvFormat.FP8))) == ["spec.engine.quantization.kvCache"]
    assert fields_warned(on_cpu(replace(PLAIN, speculation=NGRAM))) == ["spec.engine.speculation.method"]
    assert fields_warned(on_cpu(shape=LATENT)) == ["spec.model.source"]
    assert fields_warned(on_cpu(shape=LLAMA_SMALL, cores=1)) == ["spec.accelerator.cores"]
    assert fields_warned(on_cpu(shape=None)) == []


def test_what_is_slow_on_a_gpu_is_no_warning_where_it_is_always_so() -> None:
    assert fields_warned(setup_of(replace(PLAIN, eager=True))) == ["spec.engine.eager"]
    assert fields_warned(on_cpu(replace(PLAIN, eager=True))) == []
    assert set(warning_checks.of(setup_of())) == set(warning_checks.WARNING_CHECKS)


def test_no_warning_of_a_processor_speaks_without_one() -> None:
    assert one_core(setup_of()) is None
    assert limits.refusals(on_cpu()) == ()


def test_every_row_names_the_place_it_was_read_in() -> None:
    rows = [*(one.source for one in LIMITS), *(one.source for one in (*overrides.FLAGS, *overrides.VARIABLES))]

    assert all(".py" in source and source.startswith("vllm/") for source in rows)
    assert all(one.because and one.remedy for one in LIMITS)
    assert all(one.because and one.remedy for one in (*overrides.FLAGS, *overrides.VARIABLES))


def test_too_little_memory_at_a_start_is_reported_with_the_field_to_raise() -> None:
    words = (
        "ValueError: Available memory on node 0 (0.84/4.0 GiB) on kv cache allocation is less than requested memory "
        "for kv (1.0 GiB). Decrease --kv-cache-memory-bytes, VLLM_CPU_KVCACHE_SPACE, or reduce CPU memory used"
    )
    meaning = next(one for one in failures.FAILURES if one.words.search(words))

    assert meaning.reason is ConditionReason.OUT_OF_MEMORY
    assert "spec.accelerator.memory" in meaning.remedy


def test_gigabytes_of_the_cache_are_whole() -> None:
    assert settings.MIN_BYTES == 4 * GIB
    assert variables(replace(on_cpu(), kv_bytes=3 * GIB + 5))["VLLM_CPU_KVCACHE_SPACE"] == "3"

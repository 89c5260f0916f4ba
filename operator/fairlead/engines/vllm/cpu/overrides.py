"""Extra arguments and variables that vLLM 0.32 would ignore or fail on with a processor."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fairlead.engines.extra_args import FlagRule
from fairlead.engines.reasons import EngineReason

_PLATFORM: Final = "vllm/platforms/cpu.py: CpuPlatform"
_THREADS: Final = "vllm/utils/ompmultiprocessing.py: OMPProcessManager"


class CpuOverride(NamedTuple):
    """Words that a user may not give with product CPU."""

    words: tuple[str, ...]
    because: str
    remedy: str
    source: str


FLAGS: Final = (
    CpuOverride(
        ("--kv-cache-memory-bytes",),
        "VLLM_CPU_KVCACHE_SPACE overrides it, and Fairlead sets that from spec.accelerator.memory",
        "remove it, and set spec.accelerator.memory",
        f"{_PLATFORM}.check_and_update_config, `Legacy setting`",
    ),
    CpuOverride(
        ("--async-scheduling",),
        "vLLM switches asynchronous scheduling off on a processor",
        "remove it",
        f"{_PLATFORM}.check_and_update_config, `async scheduling is not required on CPU`",
    ),
    CpuOverride(
        (
            "-O",
            "--optimization-level",
            "--compilation-config",
            "-cc",
            "--cudagraph-capture-sizes",
            "--max-cudagraph-capture-size",
            "--cudagraph-metrics",
        ),
        "on a processor there are no CUDA graphs, and compiling needs a C++ compiler in the image",
        "remove it; engines with product CPU run with --enforce-eager",
        f"{_PLATFORM}.check_and_update_config, `cudagraph_capture_sizes = []`, backend `inductor`",
    ),
    CpuOverride(
        ("--enable-dbo", "--dbo-decode-token-threshold", "--dbo-prefill-token-threshold"),
        "vLLM switches dual-batch overlap off on a processor",
        "remove it",
        f"{_PLATFORM}.check_and_update_config, `Dual-Batch Overlap is not supported on CPU, disabled.`",
    ),
    CpuOverride(
        ("--attention-backend", "-ac", "--attention-config"),
        "a processor has one attention backend, and vLLM ignores another name",
        "remove it",
        f"{_PLATFORM}.get_attn_backend_cls",
    ),
    CpuOverride(
        (
            "--cpu-offload-gb",
            "--cpu-offload-params",
            "--offload-backend",
            "--offload-group-size",
            "--offload-num-in-group",
            "--offload-params",
            "--offload-prefetch-step",
            "--kv-offloading-size",
            "--kv-offloading-backend",
        ),
        "weights and KV cache are in main memory already, so there is nothing to move there",
        "remove it, and set spec.accelerator.memory",
        "vllm/config/offload.py: OffloadConfig, from a device to the host",
    ),
    CpuOverride(
        ("--enable-cumem-allocator", "--sleep-mode-offload-cudagraph", "--sleep-preserve-parameter-names"),
        "sleep mode and its allocator do not exist on a processor",
        "remove it",
        "vllm/config/model.py: ModelConfig, is_cumem_allocator_available",
    ),
)
"""Arguments."""

VARIABLES: Final = (
    CpuOverride(
        ("VLLM_CPU_KVCACHE_SPACE",),
        "Fairlead sets it from spec.accelerator.memory",
        "remove it, and set spec.accelerator.memory",
        f"{_PLATFORM}.check_and_update_config",
    ),
    CpuOverride(
        ("OMP_NUM_THREADS",),
        "Fairlead sets it from spec.accelerator.cores",
        "remove it, and set spec.accelerator.cores",
        "vllm/v1/executor/multiproc_executor.py: set_multiprocessing_worker_envs",
    ),
    CpuOverride(
        ("TORCH_COMPILE_DISABLE",),
        "sampling would call a C++ compiler, which the image lacks, and the engine would exit at the first request",
        "remove it; engines with product CPU compile nothing",
        "vllm/v1/sample/ops/topk_topp_sampler.py: compiled_random_sample, `InvalidCxxCompiler`",
    ),
    CpuOverride(
        (
            "VLLM_CPU_OMP_THREADS_BIND",
            "VLLM_CPU_NUM_OF_RESERVED_CPU",
            "VLLM_CPU_SIM_MULTI_NUMA",
            "GOMP_CPU_AFFINITY",
            "KMP_AFFINITY",
            "OMP_PLACES",
            "OMP_PROC_BIND",
        ),
        "a pod's limit is a share of the cores' time; threads bound to cores would wait for those of other pods",
        "remove it; a node with static CPU management gives such pods cores of their own",
        f"{_THREADS}._parse_omp_threads_bind_env, _get_autobind_cpu_ids",
    ),
)
"""Variables."""

FLAG_RULES: Final = tuple(
    FlagRule(flags=row.words, reason=EngineReason.NOT_ON_CPU, because=row.because, remedy=row.remedy) for row in FLAGS
)
OWNED: Final[Mapping[str, tuple[EngineReason, str, str]]] = MappingProxyType(
    {word: (EngineReason.NOT_ON_CPU, row.because, row.remedy) for row in VARIABLES for word in row.words}
)

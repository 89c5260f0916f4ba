"""What vLLM 0.32 cannot do on a processor, or would ignore there: one row each, with its place in vLLM's source.

These rows yield the refusals and a table of docs/reference/engines.md.
"""

from functools import partial
from typing import Final

from fairlead.engines import field_limits, spec_host_memory, spec_values
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_limits import FieldLimit
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import release
from fairlead.engines.vllm.cpu import formats, settings
from fairlead.fleet.findings import SpecRefusal

HEAD_SIZES: Final = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)
BLOCK_STEP: Final = 32


_limit: Final = partial(FieldLimit, reason=EngineReason.NOT_ON_CPU)


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Refuse each row that a setup on a processor contradicts."""
    return field_limits.refusals(setup, LIMITS)


def _image(setup: EngineSetup) -> str | None:
    return setup.engine.image if release.name_of(setup.engine.image) == release.FOR_CUDA else None


def _head(setup: EngineSetup) -> str | None:
    shape = setup.shape
    if shape is None or shape.latent is not None or shape.head_dim in HEAD_SIZES:
        return None
    return f"{shape.name} with heads of {shape.head_dim}"


def _sparse(setup: EngineSetup) -> str | None:
    latent = setup.shape.latent if setup.shape else None
    return setup.shape.name if setup.shape and latent and latent.index_dim else None


def _block(setup: EngineSetup) -> str | None:
    written = setup.value("--block-size")
    number = int(written) if written is not None and written.isascii() and written.isdigit() else BLOCK_STEP
    return f"--block-size {number}" if number % BLOCK_STEP or number == 0 else None


LIMITS: Final = (
    _limit(
        field="spec.engine.image",
        refuses="vLLM's image for CUDA",
        source="vllm/platforms/__init__.py: cpu_platform_plugin, which takes builds with cpu in their version",
        value=_image,
        because="this image has the build for CUDA, which finds no GPU and exits",
        remedy="remove spec.engine.image to use the build for processors, or name an image with one",
    ),
    _limit(
        field="spec.parallelism",
        refuses="tensor, pipeline and data parallelism above 1",
        source="vllm/utils/ompmultiprocessing.py: OMPProcessManager._get_autobind_cpu_ids",
        value=spec_values.ranks,
        because="vLLM needs a NUMA node for each rank, and a pod cannot ask for NUMA nodes",
        remedy="remove spec.parallelism; one worker uses all of spec.accelerator.cores",
    ),
    _limit(
        field="spec.engine.batching.cudaGraphTokens",
        refuses="a length of CUDA graphs",
        source="vllm/platforms/cpu.py: CpuPlatform.check_and_update_config, `cudagraph_capture_sizes = []`",
        value=spec_values.cuda_graph_tokens,
        because="a processor has no CUDA graphs",
        remedy="remove it",
    ),
    _limit(
        field="spec.engine.sleep.enabled",
        refuses="sleep",
        source="vllm/config/model.py: ModelConfig, `Sleep mode is not supported on current platform.`",
        value=spec_values.sleep,
        because="vLLM has no sleep mode on a processor: weights are in main memory already",
        remedy="remove spec.engine.sleep; warmPool.ready of the AutoscalingPolicy keeps replicas ready",
    ),
    _limit(
        field=spec_host_memory.FIELD,
        refuses="main memory for evicted blocks",
        source="vllm/v1/kv_offload/cpu/spec.py: `CPU Offloading is currently only supported on CUDA-alike GPUs`",
        value=spec_host_memory.written,
        because="vLLM offloads blocks of a GPU only; on a processor the whole cache is in main memory",
        remedy="remove it, and set spec.accelerator.memory",
    ),
    _limit(
        field="spec.engine.memoryUtilization",
        refuses="a share of memory",
        source="vllm/v1/worker/cpu_worker.py: CPUWorker.determine_available_memory",
        value=spec_values.share_of_memory,
        because="on a processor the KV cache is set in GiB, from spec.accelerator.memory minus weights and processes",
        remedy="remove it, and set spec.accelerator.memory",
    ),
    _limit(
        field="spec.accelerator.memory",
        refuses="less than 4 GiB for a model of unknown shape",
        source="vllm/v1/worker/cpu_worker.py: CPUWorker.__init__; the least that a tiny model was run with",
        value=spec_values.memory_below(settings.MIN_BYTES),
        because="vLLM's processes alone take 2 to 3 GiB, and nothing is known about this model",
        remedy="write 4Gi or more, or set spec.model.shape",
        reason=EngineReason.OUT_OF_RANGE,
    ),
    *(
        _limit(
            field="spec.engine.quantization.weights",
            refuses=f"weights as {', '.join(group.formats)}",
            source=group.source,
            value=group.written,
            because=group.because,
            remedy=f"take a checkpoint stored as {formats.STORED_WELL}, or an unquantized one",
        )
        for group in formats.WITHOUT_KERNEL
    ),
    _limit(
        field="spec.engine.quantization.kvCache",
        refuses=f"a cache as {', '.join(sorted(formats.CACHES_REFUSED))}",
        source="vllm/v1/attention/backends/cpu_attn.py: CPUAttentionBackend.supported_kv_cache_dtypes",
        value=lambda setup: setup.engine.kv if setup.engine.kv in formats.CACHES_REFUSED else None,
        because="attention on a processor keeps its cache in the model's own type or in FP8",
        remedy="write auto",
    ),
    _limit(
        field="spec.engine.quantization.kvCache",
        refuses="an FP8 cache of heads that are no multiple of 32",
        source="vllm/v1/attention/backends/cpu_attn.py: _get_attn_isa",
        value=formats.eight_bit_cache_of_odd_heads,
        because="an FP8 cache on a processor needs heads whose size is a multiple of 32",
        remedy="write auto",
    ),
    _limit(
        field="spec.engine.quantization.kvCache",
        refuses="an FP8 cache of a model with latent attention",
        source="vllm/v1/attention/backends/mla/cpu_mla.py: CPUMLABackend.supported_kv_cache_dtypes",
        value=formats.eight_bit_latent_cache,
        because="latent attention on a processor takes no FP8 cache",
        remedy="write auto",
    ),
    _limit(
        field="spec.model.source",
        refuses="heads of a size without a kernel",
        source="vllm/v1/attention/backends/cpu_attn.py: CPUAttentionBackend.get_supported_head_sizes",
        value=_head,
        because=f"attention on a processor has kernels for heads of {', '.join(str(size) for size in HEAD_SIZES)}",
        remedy="take another model, or a GPU",
    ),
    _limit(
        field="spec.model.source",
        refuses="sparse attention",
        source="vllm/platforms/cpu.py: CpuPlatform.get_attn_backend_cls",
        value=_sparse,
        because="Sparse Attention is not supported on CPU, says vLLM",
        remedy="take another model, or a GPU",
    ),
    _limit(
        field="spec.engine.extraArgs",
        refuses="a block size that is not a multiple of 32",
        source="vllm/v1/attention/backends/cpu_attn.py: CPUAttentionBackend.get_supported_kernel_block_sizes",
        value=_block,
        because="on a processor a block of the KV cache has a multiple of 32 tokens, 128 by default",
        remedy="remove it, or write --block-size=128",
        reason=EngineReason.ARGUMENT_CONFLICTS,
    ),
)
"""In the order in which they are reported."""

"""What SGLang 0.5.23 cannot do on a processor, or was not tried with there: one row each, with its source.

These rows yield the refusals and a table of docs/reference/engines.md.
"""

from functools import partial
from typing import Final

from fairlead.engines import field_limits, spec_host_memory, spec_values
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_limits import FieldLimit
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import release
from fairlead.engines.sglang.cpu import settings
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat, WeightFormat

_limit: Final = partial(FieldLimit, reason=EngineReason.NOT_ON_CPU)


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Refuse each row that a setup on a processor contradicts."""
    return field_limits.refusals(setup, LIMITS)


def _image(setup: EngineSetup) -> str | None:
    return setup.engine.image if release.name_of(setup.engine.image) == release.FOR_CUDA else None


def _quantized(setup: EngineSetup) -> str | None:
    return None if setup.weights is WeightFormat.NONE else setup.weights


def _cache(setup: EngineSetup) -> str | None:
    return None if setup.engine.kv is KvFormat.AUTO else setup.engine.kv


def _speculation(setup: EngineSetup) -> str | None:
    method = setup.engine.speculation.method
    return None if method is SpeculationMethod.OFF else method


def _pools(setup: EngineSetup) -> str | None:
    shape = setup.shape
    if shape is None or (shape.latent is None and shape.recurrent is None and shape.experts is None):
        return None
    return shape.name


LIMITS: Final = (
    _limit(
        field="spec.engine.image",
        refuses="SGLang's image for CUDA, which is the default",
        source="srt/mem_cache/allocation.py, which imports sgl_kernel; PyPI has that for CUDA only",
        value=_image,
        because="its kernels are for CUDA, and no image of SGLang for processors is published",
        remedy="name one built by `make image-sglang-cpu` or from SGLang's xeon.Dockerfile, or write engine.kind: vLLM",
    ),
    _limit(
        field="spec.parallelism",
        refuses="tensor, pipeline and data parallelism above 1",
        source="srt/utils/numa_utils.py: init_threads_binding",
        value=spec_values.ranks,
        because="SGLang needs a NUMA node for each rank, and a pod cannot ask for NUMA nodes",
        remedy="remove spec.parallelism; one rank uses all of spec.accelerator.cores",
    ),
    _limit(
        field=spec_host_memory.FIELD,
        refuses="main memory for evicted blocks",
        source="srt/mem_cache/pool_host/base.py: HostKVCache, beside the pool of a device",
        value=spec_host_memory.written,
        because="on a processor the whole cache is in main memory",
        remedy="remove it, and set spec.accelerator.memory",
    ),
    _limit(
        field="spec.engine.memoryUtilization",
        refuses="a share of memory",
        source="srt/utils/common.py: get_cpu_memory_capacity",
        value=spec_values.share_of_memory,
        because="on a processor the KV cache is set in tokens, from spec.accelerator.memory minus weights and working "
        "memory",
        remedy="remove it, and set spec.accelerator.memory",
    ),
    _limit(
        field="spec.accelerator.memory",
        refuses="less than 4 GiB for a model of unknown shape",
        source="srt/arg_groups/memory_hook.py; the least that a tiny model was run with",
        value=spec_values.memory_below(settings.MIN_BYTES),
        because="SGLang's processes alone take 2 to 3 GiB, and nothing is known about this model",
        remedy="write 4Gi or more, or set spec.model.shape",
        reason=EngineReason.OUT_OF_RANGE,
    ),
    _limit(
        field="spec.engine.quantization.weights",
        refuses="quantized weights, made while loading or stored",
        source="srt/layers/quantization: fp8.py, w8a8_int8.py, hardware_backend/cpu, which call kernels for AMX",
        value=_quantized,
        because="SGLang multiplies quantized weights on a processor with kernels for AMX, which have not been tested",
        remedy="take an unquantized checkpoint, or write engine.kind: vLLM",
    ),
    _limit(
        field="spec.engine.quantization.kvCache",
        refuses="any format of the cache but the model's own",
        source="srt/mem_cache/kv_cache_configurator.py: configure, `CPU FP8 KV cache requires Intel AMX support`",
        value=_cache,
        because="on a processor other formats of the cache need AMX and its kernels, which have not been tested",
        remedy="write auto",
    ),
    _limit(
        field="spec.engine.speculation.method",
        refuses="speculation",
        source="srt/speculative/ngram_worker.py, standalone_worker_v2.py, eagle_worker_v2.py",
        value=_speculation,
        because="SGLang's drafts on a processor need its kernels, which have not been tested",
        remedy="remove spec.engine.speculation, or write engine.kind: vLLM",
    ),
    _limit(
        field="spec.model.source",
        refuses="experts, latent attention and recurrent layers",
        source="srt/layers/moe/topk.py, srt/models/deepseek_v2.py, srt/layers/attention/linear/gdn_backend.py",
        value=_pools,
        because="SGLang computes experts, latent attention and recurrent layers on a processor with kernels for AMX, "
        "which have not been tested",
        remedy="take a dense model, or write engine.kind: vLLM",
    ),
)
"""In the order in which they are reported."""

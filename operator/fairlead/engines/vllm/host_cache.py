"""vLLM 0.32's own offloading of KV blocks to main memory: a file in `/dev/shm` for each data-parallel rank.

`vllm/v1/kv_offload/cpu/shared_offload_region.py: SharedOffloadRegion` creates the file in full when the engine starts,
for all tensor and pipeline ranks together.
"""

from typing import Final

from fairlead.engines import extra_args, spec_host_memory, written_amounts
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_flags import Arguments
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import json_flags
from fairlead.fleet.accelerators import MIB, gib
from fairlead.fleet.engine_memory import NO_HOST_CACHE, HostCache
from fairlead.fleet.findings import SpecRefusal

SIZE: Final = "--kv-offloading-size"
BACKEND: Final = "--kv-offloading-backend"
FLAGS: Final = (SIZE, BACKEND)
TRANSFER: Final = "--kv-transfer-config"
NATIVE: Final = "native"
_MIB_A_GIB: Final = 1024
_GIB: Final = MIB * _MIB_A_GIB


def arguments(setup: EngineSetup) -> Arguments:
    """Return the flags, with the GiB of one data-parallel rank in whole MiB; none if the spec asks for nothing."""
    size = spec_host_memory.part(setup, setup.revision.parallelism.data) // MIB
    return (SIZE, f"{size / _MIB_A_GIB:.10f}".rstrip("0").rstrip("."), BACKEND, NATIVE) if size else ()


def of(setup: EngineSetup) -> HostCache:
    """Return what a replica keeps, by the field or by extra arguments; a server of LMCache has memory of its own."""
    if setup.on_cpu:
        return NO_HOST_CACHE
    size = setup.engine.host_memory_bytes
    if size is None and (setup.value(BACKEND) or NATIVE) == NATIVE:
        each = written_amounts.bytes_of(written_amounts.gib(setup.value(SIZE) or ""))
        size = each * max(1, setup.revision.parallelism.data)
    return HostCache(replica_bytes=size, shared=True) if size else NO_HOST_CACHE


def connector_replaced(setup: EngineSetup) -> SpecRefusal | None:
    """`vllm/config/vllm.py: VllmConfig._post_init_kv_transfer_config` puts its own connector in the place of the one
    that is named."""
    named = json_flags.keys(setup, TRANSFER).get("kv_connector")
    if not spec_host_memory.is_written(setup.engine) or named is None:
        return None
    return SpecRefusal(
        field=extra_args.FIELD,
        value=TRANSFER,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=f"{spec_host_memory.FIELD} makes vLLM use its own KV connector instead of the one named here",
        remedy=f"remove it, or remove {spec_host_memory.FIELD} and name a MultiConnector of both here",
    )


def shared_memory_too_small(setup: EngineSetup) -> SpecRefusal | None:
    """`vllm/v1/kv_offload/cpu/shared_offload_region.py: check_shm_free_space`, before the file is created."""
    stated, kept = setup.revision.storage.shared_memory_bytes, of(setup).replica_bytes
    if stated is None or stated >= kept:
        return None
    least = -(-kept // _GIB) + max(1, setup.revision.parallelism.gpus)
    return SpecRefusal(
        field="spec.storage.sharedMemory",
        value=gib(stated),
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=f"{gib(kept)} of KV cache in main memory ({_source(setup)}) are a file in /dev/shm, and the engine "
        "ends if it does not fit there",
        remedy=f"remove it, so that /dev/shm grows with the cache, or write {least}Gi or more",
    )


def _source(setup: EngineSetup) -> str:
    return spec_host_memory.FIELD if spec_host_memory.is_written(setup.engine) else SIZE

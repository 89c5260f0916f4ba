"""SGLang 0.5.23's hierarchical cache: each GPU's process keeps pinned blocks of its own in main memory.

`srt/mem_cache/pool_host/base.py: HostKVCache` takes gigabytes of 10**9 bytes, of each process, as a whole number.
"""

from typing import Final

from fairlead.engines import extra_args, spec_host_memory
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_flags import Arguments
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.accelerators import BLACKWELL
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import NO_HOST_CACHE, HostCache
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat

SWITCHES: Final = ("--enable-hierarchical-cache", "--enable-hicache")
SIZE: Final = "--hicache-size"
FLAGS: Final = (
    *SWITCHES,
    *(SIZE, "--hicache-ratio", "--hicache-host-memory-fraction", "--hicache-host-memory-mode"),
)
_OTHERS: Final = ("--enable-lmcache", "--enable-flexkv")
_GIGABYTE: Final = 10**9
_MOST: Final = 10**6
"""More gigabytes than a node has."""


def arguments(setup: EngineSetup) -> Arguments:
    """Return the flags, with the gigabytes of one GPU; none if the spec asks for nothing."""
    each = spec_host_memory.part(setup, setup.revision.parallelism.gpus) // _GIGABYTE
    return (SWITCHES[0], SIZE, str(each)) if each else ()


def of(setup: EngineSetup) -> HostCache:
    """Return what a replica keeps, by the field or by extra arguments; a size relative to the GPU's cache is unknown
    here."""
    if setup.on_cpu:
        return NO_HOST_CACHE
    if setup.engine.host_memory_bytes is not None:
        return HostCache(replica_bytes=setup.engine.host_memory_bytes)
    written = (setup.value(SIZE) or "") if setup.gives(*SWITCHES) else ""
    each = int(written) if written.isascii() and written.isdigit() else 0
    return of_gigabytes(each, setup.revision.parallelism)


def of_gigabytes(each: int, parallelism: Parallelism) -> HostCache:
    """Return what a replica keeps by the flag, which is of each GPU."""
    return HostCache(replica_bytes=min(max(0, each), _MOST) * _GIGABYTE * max(1, parallelism.gpus))


def another_cache(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/server_args.py`: LMCache and the hierarchical cache exclude each other; FlexKV takes its place as well."""
    found = next((flag for flag in _OTHERS if setup.gives(flag)), None)
    if found is None or not spec_host_memory.is_written(setup.engine):
        return None
    return SpecRefusal(
        field=extra_args.FIELD,
        value=found,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=f"it and {spec_host_memory.FIELD} are two caches in main memory, and SGLang has one",
        remedy=f"remove it, or {spec_host_memory.FIELD}",
    )


def four_bit_cache(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/kv_cache_hook.py`: nvfp4 with a hierarchical cache is refused on SM100."""
    gpu, found = setup.accelerator, spec_host_memory.written(setup)
    if found is None or setup.engine.kv is not KvFormat.NVFP4 or gpu is None or gpu.capability.major != BLACKWELL.major:
        return None
    return SpecRefusal(
        field=spec_host_memory.FIELD,
        value=found,
        reason=EngineReason.NOT_IN_ENGINE,
        because=f"on {gpu.product} SGLang keeps no blocks of an nvfp4 cache in main memory",
        remedy="remove it, or write fp8 as spec.engine.quantization.kvCache",
    )

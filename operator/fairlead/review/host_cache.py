"""The cost of KV blocks in main memory: the node must have it, and a small one only copies what GPUs have. Pure."""

from collections.abc import Iterator
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_host_memory import FIELD, is_written
from fairlead.fleet.accelerators import gib
from fairlead.fleet.desired_state import WITHOUT_GPU
from fairlead.fleet.engine_memory import NO_HOST_CACHE, HostCache
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.fit import Fit, NoFit
from fairlead.objects import quantities
from fairlead.review import offloaded_weights
from fairlead.review.result import AdmissionReason

BY_HAND: Final = "spec.engine.extraArgs"


def held(setup: EngineSetup, host_cache: HostCache) -> HostCache:
    """Return what a replica holds in main memory; a simulated engine holds no blocks."""
    return NO_HOST_CACHE if setup.engine.kind in WITHOUT_GPU else host_cache


def source(setup: EngineSetup) -> str:
    """Return the field that asks for it."""
    return FIELD if is_written(setup.engine) else BY_HAND


def warnings(setup: EngineSetup, fit: Fit | NoFit | None, host_cache: HostCache) -> Iterator[SpecWarning]:
    """Warn of a request for less memory than is held, and of less than the GPUs' own caches."""
    size, weights = held(setup, host_cache).replica_bytes, offloaded_weights.in_main_memory(setup, fit)
    requested = setup.revision.resources.requests.memory_bytes
    if size and requested is not None and requested < size + weights:
        yield SpecWarning(
            field="spec.resources.requests.memory",
            value=quantities.of_bytes(requested),
            reason=AdmissionReason.TOO_LITTLE_MEMORY,
            because=f"{source(setup)} keeps {gib(size)} of KV cache in main memory, and a node may be chosen that "
            "lacks it",
            remedy=f"write several GiB more than {gib(size + weights)}, since the engine's processes need memory too",
        )
    on_gpus = fit.memory.kv.likely * setup.revision.parallelism.gpus if isinstance(fit, Fit) else 0.0
    if host_cache.replica_bytes and host_cache.copies and host_cache.replica_bytes < on_gpus:
        yield SpecWarning(
            field=source(setup),
            value=gib(host_cache.replica_bytes),
            reason=EngineReason.SLOWER,
            because=f"the engine copies each block to main memory, and its GPUs hold {gib(on_gpus)}: little is kept "
            "there that they have evicted",
            remedy=f"write twice {gib(on_gpus)} or more, or remove it",
        )

"""Memory limits below what a container keeps in main memory for certain, so that the kernel would kill it. Pure."""

from collections.abc import Iterator

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.weight_offload import FLAG
from fairlead.fleet.accelerators import MIB, gib
from fairlead.fleet.desired_state import WITHOUT_GPU
from fairlead.fleet.engine_memory import HostCache
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.fit import Fit, NoFit
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, RouterPods, RoutingSettings
from fairlead.objects import quantities, router_deployment
from fairlead.review import host_cache, offloaded_weights
from fairlead.review.result import AdmissionReason


def of_engine(setup: EngineSetup, fit: Fit | NoFit | None, kept: HostCache) -> Iterator[SpecWarning]:
    """Warn if an engine beside a GPU may not hold its shared memory, weights and KV blocks left there and, asleep, all
    other weights."""
    limit, blocks = setup.revision.resources.limits.memory_bytes, host_cache.held(setup, kept)
    asleep, beside = _weights_asleep(setup, fit), offloaded_weights.in_main_memory(setup, fit)
    shared = setup.revision.storage.shared_memory_bytes or 0
    if blocks.shared:
        shared = max(0, shared - blocks.replica_bytes)
    needed = shared + asleep + beside + blocks.replica_bytes
    if limit is None or limit >= needed:
        return
    parts = (
        ("weights asleep", asleep),
        (FLAG, beside),
        (host_cache.source(setup), blocks.replica_bytes),
        ("spec.storage.sharedMemory", shared),
    )
    named = " and ".join(f"{name} ({gib(size)})" for name, size in parts if size)
    yield SpecWarning(
        field="spec.resources.limits.memory",
        value=quantities.of_bytes(limit),
        reason=AdmissionReason.TOO_LITTLE_MEMORY,
        because=f"the engine is killed above its limit, and its memory includes {named}",
        remedy=f"write several GiB more than {gib(needed)}, since the engine's processes need memory too",
    )


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Warn of the limit of its own routers."""
    if isinstance(deployment.router, DeploymentRouter):
        yield from of_router(deployment.router.routing, deployment.router.pods, "spec.router")


def of_router(routing: RoutingSettings, pods: RouterPods, field: str) -> Iterator[SpecWarning]:
    """Warn if a router may not hold itself and the answers it caches: killed, it cuts all its streams."""
    limit, least = pods.resources.limits.memory_bytes, router_deployment.memory_mib(routing)
    if limit is None or limit >= least * MIB:
        return
    yield SpecWarning(
        field=f"{field}.resources.limits.memory",
        value=quantities.of_bytes(limit),
        reason=AdmissionReason.TOO_LITTLE_MEMORY,
        because=f"a router needs {least} MiB and more under load, and one that is killed cuts all its streams",
        remedy="write 512Mi or more beyond cache.maxSize, or remove the limit",
    )


def _weights_asleep(setup: EngineSetup, fit: Fit | NoFit | None) -> float:
    """Return the bytes that sleep moves to main memory, if they are known; a simulated engine has none."""
    if not setup.engine.sleeps or setup.engine.kind in WITHOUT_GPU or not isinstance(fit, Fit):
        return 0.0
    return fit.memory.weights.likely * setup.revision.gpus_per_replica

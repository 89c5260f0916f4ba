"""The cost of weights in main memory: every step reads them from there, and the node must have that memory. Pure."""

from collections.abc import Iterator

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.weight_offload import FLAG
from fairlead.fleet.accelerators import gib
from fairlead.fleet.desired_state import WITHOUT_GPU
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.fit import Fit, NoFit
from fairlead.objects import quantities
from fairlead.review.result import AdmissionReason
from fairlead.sizing import links


def in_main_memory(setup: EngineSetup, fit: Fit | NoFit | None) -> float:
    """Return the bytes that a replica keeps there; a simulated engine has no weights."""
    return 0.0 if setup.engine.kind in WITHOUT_GPU else _offloaded(fit)


def warnings(setup: EngineSetup, fit: Fit | NoFit | None) -> Iterator[SpecWarning]:
    """Warn of what steps then take at least, and of a request for less memory than the weights take."""
    size, ways = _offloaded(fit), setup.revision.parallelism.tensor * setup.revision.parallelism.data
    if not size:
        return
    step_ms = 1e3 * size / ways / links.PCIE.bytes_per_second
    yield SpecWarning(
        field="spec.engine.extraArgs",
        value=FLAG,
        reason=EngineReason.SLOWER,
        because=f"each step reads {gib(size)} of weights from main memory, over PCIe in about {step_ms:.0f} ms; "
        "plans and simulations leave this out",
        remedy="quantize the weights or add GPUs, which is faster; or offload no more than is needed to fit",
    )
    requested = setup.revision.resources.requests.memory_bytes
    if requested is not None and requested < in_main_memory(setup, fit):
        yield SpecWarning(
            field="spec.resources.requests.memory",
            value=quantities.of_bytes(requested),
            reason=AdmissionReason.TOO_LITTLE_MEMORY,
            because=f"{FLAG} keeps {gib(size)} of weights in main memory, and a node may be chosen that lacks it",
            remedy=f"write several GiB more than {gib(size)}, since the engine's processes need memory too",
        )


def _offloaded(fit: Fit | NoFit | None) -> float:
    return 0.0 if fit is None or fit.memory is None else fit.memory.offloaded

"""What SGLang 0.5.23 allows on a processor but users should be warned about."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup, WarningCheck
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecWarning


def little_tried(setup: EngineSetup) -> SpecWarning | None:
    """Of `srt/models` only a Llama was run, with PyTorch's own attention (`attention_backend: torch_native`)."""
    if setup.revision.cpu is None:
        return None
    return SpecWarning(
        field="spec.accelerator.product",
        value=setup.revision.product,
        reason=EngineReason.RISKY,
        because="on a processor SGLang was tested only with a tiny Llama and without its kernels, which is slow; with "
        "kernels for AMX every pod binds its threads to the same cores",
        remedy="use it only for trials; else write engine.kind: vLLM, or name a GPU",
    )


def one_core(setup: EngineSetup) -> SpecWarning | None:
    """`srt/managers/scheduler.py: event_loop_normal` never waits, and shares the core with the HTTP server and the
    detokenizer."""
    cpu = setup.revision.cpu
    if cpu is None or cpu.cores > 1:
        return None
    return SpecWarning(
        field="spec.accelerator.cores",
        value=str(cpu.cores),
        reason=EngineReason.SLOWER,
        because="SGLang's scheduler, HTTP server and arithmetic share the one core, and they wait for each other",
        remedy="write 2 or more",
    )


WARNING_CHECKS: Final[tuple[WarningCheck, ...]] = (little_tried, one_core)

"""Inputs of the tests of vLLM on CPU nodes."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet import accelerators
from fairlead.fleet.accelerators import CPU, CpuResources
from fairlead.fleet.desired_state import NO_RESOURCE, DesiredEngine, Parallelism
from fairlead.fleet.shapes import ModelShape
from tests.engines.setups import ENGINE, LLAMA, setup_of

GIB: Final = 1 << 30
PLAIN: Final = replace(ENGINE, image="localhost/fairlead-vllm-cpu:0.32.0", max_context_tokens=4096)


def on_cpu(
    engine: DesiredEngine = PLAIN,
    *,
    shape: ModelShape | None = LLAMA,
    cores: int = 4,
    memory_gib: float = 48,
    kv_gib: int | None = 8,
    parallelism: Parallelism = Parallelism(),  # noqa: B008 - a frozen value
) -> EngineSetup:
    """One setup on CPU; what a test does not set is plain."""
    plain = setup_of(engine, shape=shape, parallelism=parallelism)
    cpu = CpuResources(cores=cores, memory_bytes=int(memory_gib * GIB))
    revision = replace(plain.revision, product=CPU, gpus_per_replica=0, resource=NO_RESOURCE, cpu=cpu)
    return replace(
        plain,
        revision=revision,
        accelerator=accelerators.cpu(cpu.memory_bytes),
        kv_bytes=None if kv_gib is None else kv_gib * GIB,
    )

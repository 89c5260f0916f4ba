"""Blocks of the KV cache in main memory beside a GPU: what every kind of engine has in common."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.accelerators import gib
from fairlead.fleet.desired_state import DesiredEngine
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count, verb

FIELD: Final = "spec.engine.prefixCaching.hostMemory"
LEAST: Final = 1 << 30
"""Of each GPU: one engine takes whole gigabytes, and less holds hardly a prompt."""


def is_written(engine: DesiredEngine) -> bool:
    """Whether the spec asks for it; until then the flags are free for whoever gave them already."""
    return engine.host_memory_bytes is not None


def written(setup: EngineSetup) -> str | None:
    """Return what the spec says, for refusals; None if nothing."""
    size = setup.engine.host_memory_bytes
    return None if size is None else gib(size)


def part(setup: EngineSetup, parts: int) -> int:
    """Return the bytes of one of so many equal parts."""
    return (setup.engine.host_memory_bytes or 0) // max(1, parts)


def without_prefixes(setup: EngineSetup) -> SpecRefusal | None:
    """An engine that looks up no prefix on its GPUs finds none in main memory, or copies there what nobody reads."""
    found = written(setup)
    if found is None or setup.engine.prefix_caching:
        return None
    return SpecRefusal(
        field=FIELD,
        value=found,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because="with spec.engine.prefixCaching.enabled: false no block is kept for another request",
        remedy="remove it, or write enabled: true",
    )


def too_small(setup: EngineSetup) -> SpecRefusal | None:
    """Each GPU has a part of it, and no block is in two parts."""
    found, gpus = written(setup), max(1, setup.revision.parallelism.gpus)
    if found is None or part(setup, gpus) >= LEAST:
        return None
    return SpecRefusal(
        field=FIELD,
        value=found,
        reason=EngineReason.OUT_OF_RANGE,
        because=f"{count(gpus, 'GPU')} {verb(gpus, 'shares')} it, and less than 1 GiB for each holds hardly a prompt",
        remedy=f"write {gpus}Gi or more, or remove it",
    )

"""The format that an engine gives its KV cache: the spec's, else the one that it takes for the checkpoint."""

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.engine_memory import EngineMemory
from fairlead.fleet.quantization import KvFormat


def in_force(setup: EngineSetup, memory: EngineMemory) -> KvFormat:
    """Return it; `auto` is the model's own type."""
    return of_auto(setup, memory) if setup.engine.kv is KvFormat.AUTO else setup.engine.kv


def of_auto(setup: EngineSetup, memory: EngineMemory) -> KvFormat:
    """Return what the engine makes of `auto`; the model's own type where model or GPU is unknown."""
    if setup.shape is None or setup.accelerator is None:
        return KvFormat.AUTO
    return memory.own_cache(setup.shape, setup.accelerator)

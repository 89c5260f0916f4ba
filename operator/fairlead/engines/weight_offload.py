"""Weights that an engine beside a GPU keeps in main memory, by `--cpu-offload-gb`: how many, and for how long a step.

vLLM's and SGLang's offloaders count alike: GiB of each GPU, whole parameters of decoder layers, pinned.
"""

from typing import Final

from fairlead.engines import written_amounts
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.engine_memory import NOTHING_OFFLOADED, WeightOffload

FLAG: Final = "--cpu-offload-gb"


def of(setup: EngineSetup, *, named: bool = False) -> WeightOffload:
    """Read the flag; what is no amount is left to other checks, and on a processor there is nothing to move from."""
    return NOTHING_OFFLOADED if setup.on_cpu else of_gib(written_amounts.gib(setup.value(FLAG) or ""), named=named)


def of_gib(amount: float, *, named: bool = False) -> WeightOffload:
    """Return the settings for an amount in GiB, as the engine counts it."""
    return WeightOffload(written_amounts.bytes_of(amount), named) if amount > 0 else NOTHING_OFFLOADED


def replica_bytes(setup: EngineSetup, offload: WeightOffload) -> int:
    """Return what a replica keeps in main memory: as its fit was counted, or all that the flag allows."""
    allowed = offload.gpu_bytes * setup.revision.parallelism.gpus
    return allowed if setup.offloaded_bytes is None else setup.offloaded_bytes

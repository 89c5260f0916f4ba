"""LoRA adapters: the ranks vLLM 0.32 knows, and how adapters are named to it."""

from collections.abc import Sequence
from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.desired_state import Adapter
from fairlead.fleet.findings import SpecRefusal

RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
SLOTS: Final = 8
"""Adapters kept on the GPU at once; each slot costs memory for the highest rank, the others wait in RAM."""


def arguments(adapters: Sequence[Adapter]) -> tuple[str, ...]:
    """All flags of LoRA; the rank is rounded up to one vLLM knows."""
    if not adapters:
        return ()
    highest = max(adapter.rank for adapter in adapters)
    modules = (
        f"{adapter.name}={weight_paths.path_to_open(adapter.source, weight_paths.adapter_path(adapter))}"
        for adapter in adapters
    )
    return (
        "--enable-lora",
        *("--max-loras", str(min(len(adapters), SLOTS))),
        *("--max-cpu-loras", str(len(adapters))),
        *("--max-lora-rank", str(next((rank for rank in RANKS if rank >= highest), RANKS[-1]))),
        *("--lora-modules", *modules),
    )


def rank_too_high(setup: EngineSetup) -> SpecRefusal | None:
    """`--max-lora-rank` takes 1 8 16 32 64 128 256 320 512; "invalid choice" ends the start."""
    for index, adapter in enumerate(setup.engine.adapters):
        if not 1 <= adapter.rank <= RANKS[-1]:
            return SpecRefusal(
                field=f"spec.engine.adapters[{index}].rank",
                value=str(adapter.rank),
                reason=EngineReason.ADAPTER_RANK_TOO_HIGH,
                because=f"vLLM 0.32 takes ranks from 1 to {RANKS[-1]}",
                remedy=f"write the rank the adapter was trained with, at most {RANKS[-1]}",
            )
    return None

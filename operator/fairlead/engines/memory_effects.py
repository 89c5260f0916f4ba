"""What a spec field changes of an engine's memory, in the words of the fit."""

from enum import StrEnum


class MemoryEffect(StrEnum):
    """One amount that a field changes; the KV cache gets what is left of the budget."""

    BUDGET = "budget"
    """What the engine may use of the GPU."""
    WEIGHTS = "weights"
    DRAFT = "draft"
    ADAPTERS = "adapters"
    ACTIVATIONS = "activations"
    GRAPHS = "graphs"
    FRAMEWORK = "framework"
    TOKEN = "each cached token"
    HOST = "main memory"


MemoryEffects = tuple[MemoryEffect, ...]

"""What a spec field changes of an engine's memory, in the words of the fit."""

from enum import StrEnum

from fairlead.fleet.fit import MemoryTerm


class MemoryEffect(StrEnum):
    """One amount that a field changes; the KV cache gets what is left of the budget."""

    BUDGET = "budget"
    """What the engine may use of the GPU."""
    WEIGHTS = MemoryTerm.WEIGHTS.value
    DRAFT = MemoryTerm.DRAFT.value
    ADAPTERS = MemoryTerm.ADAPTERS.value
    ACTIVATIONS = MemoryTerm.ACTIVATIONS.value
    GRAPHS = MemoryTerm.GRAPHS.value
    FRAMEWORK = MemoryTerm.FRAMEWORK.value
    TOKEN = "each cached token"
    HOST = "main memory"


MemoryEffects = tuple[MemoryEffect, ...]

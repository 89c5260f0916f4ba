"""Drafts: how many are verified in a step, and how many of them hold. Chance is handed in."""

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings


def drafted(settings: EngineSettings) -> int:
    """Tokens drafted for a request that decodes."""
    return settings.speculation.tokens if settings.speculation else 0


def lookahead(settings: EngineSettings) -> int:
    """Tokens beyond the verified ones that pages are held for."""
    return settings.speculation.lookahead if settings.speculation else 0


def draft_slots(settings: EngineSettings) -> int:
    """Of the token budget, what a request's drafting costs."""
    return settings.speculation.draft_slots if settings.speculation else 0


def accepted(speculation: SpeculationSettings, drafts: int, chance: RandomSource, counts: EngineCounts) -> int:
    """How many of so many drafts hold: each only if the one before it held."""
    if not drafts:
        return 0
    held = 0
    while held < drafts and held < len(speculation.acceptance) and chance.random() < speculation.acceptance[held]:
        counts.accepted_per_position[held] += 1
        held += 1
    counts.drafts += 1
    counts.draft_tokens += drafts
    counts.accepted += held
    return held

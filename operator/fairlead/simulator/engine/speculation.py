"""Speculative decoding: how many drafted tokens a step verifies, and how many are accepted, by a given randomness."""

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings


def drafted(settings: EngineSettings) -> int:
    """Count tokens drafted in each step for a decoding request."""
    return settings.speculation.tokens if settings.speculation else 0


def follows_load(settings: EngineSettings) -> bool:
    """Whether fewer tokens are drafted while many requests run."""
    return settings.speculation is not None and bool(settings.speculation.by_batch)


def drafted_after(settings: SpeculationSettings, requests: int) -> int:
    """Count tokens drafted for the step after one with this many requests."""
    if not settings.by_batch:
        return settings.tokens
    return next((tokens for most, tokens in settings.by_batch if requests <= most), settings.by_batch[-1][1])


def lookahead(settings: EngineSettings) -> int:
    """Count tokens beyond the verified ones for which blocks are reserved."""
    return settings.speculation.lookahead if settings.speculation else 0


def draft_slots(settings: EngineSettings) -> int:
    """Count tokens of the step's budget that a request's drafting takes."""
    return settings.speculation.draft_slots if settings.speculation else 0


def accepted(speculation: SpeculationSettings, drafts: int, randomness: RandomSource, counts: EngineCounts) -> int:
    """Return how many drafted tokens are accepted: each only if the one before it was."""
    if not drafts:
        return 0
    held = 0
    while held < drafts and held < len(speculation.acceptance) and randomness.random() < speculation.acceptance[held]:
        counts.accepted_per_position[held] += 1
        held += 1
    counts.drafts += 1
    counts.draft_tokens += drafts
    counts.accepted += held
    return held

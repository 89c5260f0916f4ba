"""What an engine has done since its start, in whole numbers, by the meaning of vLLM's metrics of those names."""

from dataclasses import dataclass, field

from fairlead.simulator.engine.requests import FinishReason


@dataclass(slots=True)
class EngineCounts:
    """Only ever grow; whoever reports rates subtracts."""

    steps: int = 0
    prompt_tokens: int = 0
    """Of prompts whose first token came, those from the cache included."""
    cached_tokens: int = 0
    """Of these, found in the cache."""
    generation_tokens: int = 0
    computed_tokens: int = 0
    """Scheduled in steps: without those found, with those computed again after a preemption, and with all drafts."""
    queries: int = 0
    """Tokens looked up in the prefix cache: once a request, at its admission."""
    hits: int = 0
    preemptions: int = 0
    drafts: int = 0
    """Times that drafts were verified."""
    draft_tokens: int = 0
    accepted: int = 0
    accepted_per_position: list[int] = field(default_factory=list)
    finished: dict[FinishReason, int] = field(default_factory=lambda: dict.fromkeys(FinishReason, 0))
    """Ended by themselves; who is aborted is not counted, as vLLM does not count a client that went away."""

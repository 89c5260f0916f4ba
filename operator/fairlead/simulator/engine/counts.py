"""An engine's counters since its start, defined as vLLM's metrics of the same names."""

from dataclasses import dataclass, field

from fairlead.simulator.engine.requests import FinishReason


@dataclass(slots=True)
class EngineCounts:
    """Counters, which only grow; rates are the difference of two readings."""

    steps: int = 0
    prompt_tokens: int = 0
    """Of prompts that have a first token, including cached tokens."""
    cached_tokens: int = 0
    """How many of these prompt tokens were cached."""
    generation_tokens: int = 0
    computed_tokens: int = 0
    """Scheduled in steps: without cached tokens, with those recomputed after a preemption, and with all drafts."""
    queries: int = 0
    """Tokens looked up in the prefix cache, once for each request, at its first admission."""
    hits: int = 0
    host_queries: int = 0
    """Tokens looked up in main memory: those that the prefix cache did not have."""
    host_hits: int = 0
    loaded_tokens: int = 0
    """How many of the cached prompt tokens were loaded from main memory."""
    loaded_blocks: int = 0
    """Blocks that were loaded from main memory, also for preempted requests."""
    stored_blocks: int = 0
    """Blocks that were copied to main memory."""
    preemptions: int = 0
    drafts: int = 0
    """How often a request's drafted tokens were verified."""
    draft_tokens: int = 0
    accepted: int = 0
    accepted_per_position: list[int] = field(default_factory=list)
    finished: dict[FinishReason, int] = field(default_factory=lambda: dict.fromkeys(FinishReason, 0))
    """Finished requests; aborted ones are not counted, as vLLM does not count clients that disconnect."""

"""One engine's limits, under vLLM's meaning of each; what its scheduler is told before the first request."""

from dataclasses import dataclass
from enum import StrEnum


class SchedulingPolicy(StrEnum):
    """In which order the waiting are taken, and who is preempted."""

    FCFS = "fcfs"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationSettings:
    """Tokens drafted ahead of each step and how often they hold."""

    tokens: int
    """Drafts a request and step: a step computes one more than this for each decoding request."""
    acceptance: tuple[float, ...]
    """By position: how often that draft holds, given that the one before it held."""
    lookahead: int = 0
    """Slots of the KV cache reserved beyond the verified tokens: as many as drafted for EAGLE, MTP and draft models."""
    draft_slots: int = 0
    """Of the step's token budget, taken by each request's drafting itself (draft model: 1)."""
    rereads_page: bool = False
    """EAGLE and MTP: the last page found in the cache is computed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Absent limits do not limit."""

    blocks: int
    """Pages of the KV cache, one of which is never usable."""
    block_tokens: int = 16
    batch_tokens: int = 2048
    """Most tokens in one step."""
    max_sequences: int = 256
    """Most requests running at once."""
    context_tokens: int = 32_768
    """Prompt and reply together."""
    prefix_caching: bool = True
    chunked_prefill: bool = True
    long_prefill_tokens: int = 0
    """Most tokens of one prompt in a step while others want in; 0 for no such limit."""
    reserve_whole_prompt: bool = True
    """Admit a request only if all of its prompt fits the free pages now."""
    watermark: float = 0.0
    """Share of the pages that stays free at admission while anything runs."""
    policy: SchedulingPolicy = SchedulingPolicy.FCFS
    max_unfinished: int | None = None
    """Requests waiting and running together; one more is refused."""
    max_backlog_tokens: int | None = None
    """Prompt tokens whose prefill has not ended; at this many the next is refused."""
    adapter_slots: int = 0
    """Adapters in one batch; a request for one more is passed over until a slot is free."""
    speculation: SpeculationSettings | None = None
    late_stop: bool = False
    """Asynchronous scheduling: a step is scheduled while the one before it runs, so who has ended occupies one step
    more, and who comes waits one step longer."""

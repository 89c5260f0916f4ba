"""The settings of one engine, each with vLLM's meaning."""

from dataclasses import dataclass
from enum import StrEnum


class SchedulingPolicy(StrEnum):
    """The order of admission, and which request is preempted."""

    FCFS = "fcfs"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationSettings:
    """How many tokens a draft proposes in each step, and how often they are accepted."""

    tokens: int
    """Drafted tokens per request and step: a step computes one more than this for each decoding request."""
    by_batch: tuple[tuple[int, int], ...] = ()
    """If drafting follows the load: up to this many requests in a step, this many tokens are drafted for the next; the
    last row applies to every larger step."""
    acceptance: tuple[float, ...]
    """By position: how often that drafted token is accepted if the one before it was."""
    lookahead: int = 0
    """Slots of the KV cache reserved beyond the verified tokens: as many as drafted for EAGLE, MTP and draft models."""
    draft_slots: int = 0
    """Tokens of the step's budget that drafting takes for each request (draft model: 1)."""
    rereads_page: bool = False
    """EAGLE and MTP: the last cached block is computed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """The settings of one scheduler; a limit of None does not apply."""

    blocks: int
    """KV blocks, one of which is never usable."""
    block_tokens: int = 16
    batch_tokens: int = 2048
    """Most tokens in one step."""
    max_sequences: int = 256
    """Most requests running at once."""
    context_tokens: int = 32_768
    """Most tokens of prompt and reply together."""
    prefix_caching: bool = True
    chunked_prefill: bool = True
    long_prefill_tokens: int = 0
    """Most tokens of one prompt in a step while other requests exist; 0: no such limit."""
    reserve_whole_prompt: bool = True
    """Admit a request only if its whole prompt fits the free blocks now."""
    watermark: float = 0.0
    """Share of the blocks that must stay free at admission while any request runs."""
    policy: SchedulingPolicy = SchedulingPolicy.FCFS
    max_unfinished: int | None = None
    """Requests waiting and running together; one more is refused."""
    max_backlog_tokens: int | None = None
    """Prompt tokens whose prefill has not ended; at this many the next request is refused."""
    adapter_slots: int = 0
    """Adapters in one batch; a request for another one is skipped until a slot is free."""
    speculation: SpeculationSettings | None = None
    host_blocks: int = 0
    """KV blocks in main memory, copies of those that were computed; 0: none."""
    load_s: float = 0.0
    """Seconds in which one of them is loaded."""
    late_stop: bool = False
    """Asynchronous scheduling: a step is scheduled while the previous one runs, so a request that has ended takes part
    in one more step, and a new one waits one step longer."""

"""Admission: which new requests are refused, and which waiting ones start to run. Never preempts.

A request starts only if its whole prompt fits the free blocks now. The first that does not fit blocks all after it,
however short they are. Only requests that lack an adapter slot are skipped.
"""

from dataclasses import dataclass

from fairlead.simulator.engine import running_requests, speculation
from fairlead.simulator.engine.block_pool import CachedBlock
from fairlead.simulator.engine.host_tier import HostTier
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.scheduler_state import SchedulerState, block_names
from fairlead.simulator.engine.steps import EngineStep, SchedulerRefusal


def refusal(state: SchedulerState, request: EngineRequest) -> SchedulerRefusal | None:
    """Return why a new request is refused, or None."""
    settings, prompt = state.settings, request.prompt_tokens
    if settings.max_unfinished is not None:
        unfinished = len(state.running) + state.waiting.count + len(state.coming)
        if unfinished >= settings.max_unfinished:
            return SchedulerRefusal.TOO_MANY
    if settings.max_backlog_tokens is not None and state.backlog >= settings.max_backlog_tokens:
        return SchedulerRefusal.BACKLOG
    most = prompt + state.limit(request) - 1
    ahead = min(most + state.drafted + state.lookahead, settings.context_tokens)
    if prompt >= settings.context_tokens or state.pool.pages_for(ahead) > state.pool.usable:
        return SchedulerRefusal.TOO_LONG
    if not settings.chunked_prefill and most > settings.batch_tokens:
        return SchedulerRefusal.TOO_LONG
    return None


def admit(state: SchedulerState, step: EngineStep, budget: int) -> int:
    """Admit waiting requests in order; return the remaining token budget."""
    slots, waiting, running = state.draft_slots, state.waiting, state.running
    uniform = state.drafted and not step.prompts and not speculation.follows_load(state.settings)
    padding = _DraftPadding(state.drafted, bool(step.decodes)) if uniform else None
    passed_over: list[EngineRequest] = []
    while budget > slots and waiting.count and len(running) < state.settings.max_sequences:
        request = waiting.first()
        if request is None:
            break
        if request.adapter is not None and _lacks_slot(state, request.adapter):
            passed_over.append(waiting.pop())
            state.deferred.add(request)
            continue
        entry = _entry(state, request, padding, budget - slots)
        if entry is None:
            break
        waiting.pop()
        budget -= _enter(state, request, step, entry) + slots
    if passed_over:
        waiting.put_back(passed_over)
    return budget


def _lacks_slot(state: SchedulerState, adapter: str) -> bool:
    slots = state.settings.adapter_slots
    return bool(slots) and adapter not in state.adapters and len(state.adapters) >= slots


@dataclass(slots=True)
class _DraftPadding:
    """With speculative decoding, a request admitted with one token is padded to the width of decoding ones."""

    drafts: int
    """Drafted tokens. A step with a prefill needs no padding, since its width is not uniform anyway."""
    among: bool
    """Whether any request decodes in the step."""

    def padding(self, start: int, tokens: int, context: int) -> int:
        """Count tokens of padding, whose computation is wasted."""
        if tokens != 1 or not (self.among or start):
            return 0
        return self.drafts if start + self.drafts + 2 <= context else 0


@dataclass(slots=True)
class _EntryCost:
    """What it takes to admit a request."""

    found: list[CachedBlock]
    recovered: int
    """Blocks recovered from before its preemption."""
    loaded: int
    """Blocks loaded from main memory."""
    tokens: int
    """Prompt tokens computed in this step."""
    padding: int
    pages: int
    """New blocks to take."""


def _entry(
    state: SchedulerState, request: EngineRequest, width: _DraftPadding | None, budget: int
) -> _EntryCost | None:
    settings, pool = state.settings, state.pool
    found, recovered = _cached(state, request) if request.prefix or request.reply or request.remains else ([], 0)
    cached, whole_prompt = len(found) + recovered, request.prompt_tokens + request.emitted
    loaded = 0 if state.host is None or recovered else _loadable(state, state.host, request, cached)
    start = (cached + loaded) * settings.block_tokens
    tokens = whole_prompt - start
    padding = 0 if width is None else width.padding(start, tokens, settings.context_tokens)
    if padding + 1 > budget and padding:
        return None
    if settings.long_prefill_tokens:
        tokens = running_requests.prompt_cap(state, tokens)
    if tokens > budget:
        if not settings.chunked_prefill:
            return None
        tokens = budget
    ahead = start + tokens + padding + state.lookahead
    need = pool.pages_for(min(settings.context_tokens, ahead))
    whole = need
    if settings.reserve_whole_prompt and whole_prompt > ahead:
        whole = pool.pages_for(whole_prompt)
    leaving = recovered + (sum(1 for page in found if not page.holders) if found else 0)
    margin = int(settings.watermark * settings.blocks) if state.running else 0
    if whole - cached + leaving + margin > pool.free:
        return None
    return _EntryCost(found, recovered, loaded, tokens, padding, need - cached)


def _cached(state: SchedulerState, request: EngineRequest) -> tuple[list[CachedBlock], int]:
    """Return blocks that need no computing: cached ones by hash, then its own from before a preemption."""
    if not state.pool.caching:
        return [], 0
    most = (request.tokens - 1) // state.settings.block_tokens
    found: list[CachedBlock] = []
    if request.prefix or request.reply:
        state.write_replies()
        found = state.pool.found(block_names(request, 0, most), most)
    recovered = 0
    if request.remains is not None and len(found) == min(most, len(request.prefix) + len(request.reply)):
        recovered = min(request.remains.count, most - len(found))
    rereads = state.settings.speculation is not None and state.settings.speculation.rereads_page
    if rereads and recovered:
        recovered -= 1
    elif rereads and found:
        found.pop()
    return found, recovered


def _loadable(state: SchedulerState, host: HostTier, request: EngineRequest, cached: int) -> int:
    """Count the blocks after the cached ones that main memory has; at least the last token is computed."""
    most = (request.tokens - 1) // state.settings.block_tokens
    if state.settings.speculation is not None and state.settings.speculation.rereads_page:
        most -= 1
    return host.found(block_names(request, cached, most)) if cached < most else 0


def _enter(state: SchedulerState, request: EngineRequest, step: EngineStep, entry: _EntryCost) -> int:
    """Make the request run with its blocks; return the tokens that it takes from the budget."""
    pool = state.pool
    if entry.found:
        pool.hold(entry.found)
    if entry.recovered and request.remains is not None:
        pool.recover(request.remains, entry.recovered)
    request.remains = None
    pool.take(entry.pages)
    cached = len(entry.found) + entry.recovered
    request.named = entry.found
    request.pages = cached + entry.pages
    start = cached + entry.loaded
    request.computed = request.sealed = start * state.settings.block_tokens + entry.tokens
    state.enter(request)
    if state.host is not None:
        state.host.use(request.serial, block_names(request, 0, start))
        state.counts.loaded_blocks += entry.loaded
        step.batch.loaded_blocks += entry.loaded
    if request.prefix or request.reply:
        state.write_names(request)
    if request.scheduled is None:
        _note_first_time(state, request, step, (cached, entry.loaded))
    tokens = entry.tokens + entry.padding
    step.prompts.append((request, tokens))
    running_requests.add_prompt_piece(step.batch, request, entry.tokens)
    step.batch.prefill_tokens += entry.padding
    return tokens


def _note_first_time(state: SchedulerState, request: EngineRequest, step: EngineStep, blocks: tuple[int, int]) -> None:
    """Count what its first admission looked up, and found on the GPU and in main memory."""
    cached, request.loaded_tokens = (number * state.settings.block_tokens for number in blocks)
    request.scheduled = step.began
    request.cached_tokens = cached + request.loaded_tokens
    if not state.pool.caching:
        return
    counts, looked_up = state.counts, request.prompt_tokens + request.emitted
    counts.queries += looked_up
    counts.hits += cached
    if state.host is not None:
        counts.host_queries += looked_up - cached
        counts.host_hits += request.loaded_tokens

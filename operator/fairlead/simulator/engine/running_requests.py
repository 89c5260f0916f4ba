"""Running requests are scheduled first in each step: their tokens, their blocks, and preemption when blocks run out.

Two functions give the same result. `schedule_together` treats decoding requests as one group, for steps with enough
blocks and budget; `schedule_one_by_one` follows vLLM's loop exactly and is the reference in tests.
"""

from fairlead.simulator.engine import speculation
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.scheduler_state import SchedulerState
from fairlead.simulator.engine.settings import SchedulingPolicy
from fairlead.simulator.engine.steps import EngineStep


def prompt_cap(state: SchedulerState, tokens: int) -> int:
    """Return how many of a request's tokens `--long-prefill-token-threshold` allows in one step."""
    threshold = state.settings.long_prefill_tokens
    if 0 < threshold < tokens and len(state.running) + state.waiting.count > 1:
        return threshold
    return tokens


def add_prompt_piece(batch: StepBatch, request: EngineRequest, tokens: int) -> None:
    """Add a chunk of a prompt to the batch; it ends at the request's computed tokens."""
    before = request.computed - tokens
    batch.prefills += 1
    batch.prefill_tokens += tokens
    batch.prefill_pairs += tokens * before + tokens * (tokens + 1) // 2
    batch.prefill_context += request.computed


def schedule_together(state: SchedulerState, step: EngineStep, budget: int) -> int | None:
    """Schedule all at once; return the rest of the budget, or None, with nothing changed, if impossible."""
    lockstep, pool = state.lockstep, state.pool
    sequences = lockstep.sequences
    budget -= sequences
    pages = lockstep.pages_next() if sequences else 0
    pieces: list[tuple[EngineRequest, int, int]] = []
    for request in state.prefilling:
        wanted = prompt_cap(state, request.tokens - request.computed)
        tokens = min(wanted, budget)
        if tokens < wanted and (state.settings.long_prefill_tokens or tokens <= 0):
            return None  # the order of requests matters
        more = pool.pages_for(request.computed + tokens) - request.pages
        pieces.append((request, tokens, more))
        budget -= tokens
        pages += more
    if budget < 0 or pages > pool.free:
        return None
    if pages:
        pool.take(pages)
    batch = step.batch
    if sequences:
        lockstep.flying = 1
        step.lockstep = True
        batch.decodes = batch.decode_tokens = sequences
        batch.decode_context = lockstep.tokens
    for request, tokens, more in pieces:
        request.pages += more
        request.computed += tokens
        step.prompts.append((request, tokens))
        add_prompt_piece(batch, request, tokens)
    return budget


def schedule_one_by_one(state: SchedulerState, step: EngineStep, budget: int) -> tuple[int, bool]:
    """Schedule in vLLM's order; return the rest of the budget, and whether a request was preempted."""
    settings = state.settings
    slots, drafts = state.draft_slots, state.drafting
    taken: dict[EngineRequest, int] = {}
    preempted = False
    for request in tuple(state.running):
        if budget <= slots:
            break
        if request not in state.running or request in state.lingering:
            continue
        wanted = request.tokens - request.computed + (0 if request in state.prefilling else drafts)
        tokens = min(prompt_cap(state, wanted), budget - slots, settings.context_tokens - request.computed - 1)
        more = _more_pages(state, request, tokens)
        while more > state.pool.free and request in state.running:
            victim = _victim(state)
            state.preempt(victim)
            preempted = True
            if victim in taken:
                budget += taken.pop(victim) + slots
        if request not in state.running:
            break
        state.pool.take(more)
        request.pages += more
        request.computed += tokens
        if settings.speculation is not None:
            request.sealed = min(request.computed, request.tokens)
            state.write_names(request)
        taken[request] = tokens
        budget -= tokens + slots
    _sum_up(state, step, taken)
    return budget, preempted


def _sum_up(state: SchedulerState, step: EngineStep, taken: dict[EngineRequest, int]) -> None:
    batch = step.batch
    for request, tokens in taken.items():
        if request in state.prefilling:
            step.prompts.append((request, tokens))
            add_prompt_piece(batch, request, tokens)
        else:
            step.decodes.append((request, tokens))
            batch.decodes += 1
            batch.decode_tokens += tokens
            batch.decode_context += request.computed


def _more_pages(state: SchedulerState, request: EngineRequest, tokens: int) -> int:
    end = min(request.computed + tokens + speculation.lookahead(state.settings), state.settings.context_tokens)
    return max(0, state.pool.pages_for(end) - request.pages)


def _victim(state: SchedulerState) -> EngineRequest:
    """Return the request to preempt: the last admitted, or by priority the least urgent, then the latest arrival.

    Recorded arrivals can be equal to the bit, which never happens in vLLM: without the serial number two such requests
    would preempt each other forever.
    """
    running = [request for request in state.running if request not in state.lingering]
    if state.settings.policy is SchedulingPolicy.PRIORITY:
        return max(running, key=lambda request: (request.priority, request.arrived, request.serial))
    return running[-1]

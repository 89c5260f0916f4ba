"""Running requests are scheduled first in each step: their tokens, their blocks, and preemption when blocks run out.

Two functions give one result. `schedule_together` treats decoding requests as one group, for steps that lack neither
blocks nor budget; `schedule_one_by_one` follows vLLM's loop exactly and is the reference in tests.
"""

from fairlead.simulator.engine import speculation
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.scheduler_state import SchedulerState
from fairlead.simulator.engine.settings import SchedulingPolicy
from fairlead.simulator.engine.steps import EngineStep


def prompt_cap(floor: SchedulerState, tokens: int) -> int:
    """How many of a request's tokens `--long-prefill-token-threshold` allows in one step."""
    threshold = floor.settings.long_prefill_tokens
    if 0 < threshold < tokens and len(floor.running) + len(floor.waiting) > 1:
        return threshold
    return tokens


def add_prompt_piece(batch: StepBatch, request: EngineRequest, tokens: int) -> None:
    """Add a chunk of a prompt to the batch; it ends at the request's computed tokens."""
    before = request.computed - tokens
    batch.prefills += 1
    batch.prefill_tokens += tokens
    batch.prefill_pairs += tokens * before + tokens * (tokens + 1) // 2
    batch.prefill_context += request.computed


def schedule_together(floor: SchedulerState, step: EngineStep, budget: int) -> int | None:
    """Schedule all at once; returns the rest of the budget, or None, with nothing changed, if that is impossible."""
    settings, lockstep = floor.settings, floor.lockstep
    budget -= lockstep.sequences
    pages = lockstep.pages(0, 1) if lockstep.sequences else 0
    pieces: list[tuple[EngineRequest, int, int]] = []
    for request in floor.readers:
        wanted = prompt_cap(floor, request.tokens - request.computed)
        tokens = min(wanted, budget)
        if tokens < wanted and (settings.long_prefill_tokens or tokens <= 0):
            return None  # the order of requests matters
        more = floor.pool.pages_for(request.computed + tokens) - request.pages
        pieces.append((request, tokens, more))
        budget -= tokens
        pages += more
    if budget < 0 or pages > floor.pool.free:
        return None
    floor.pool.take(pages)
    _schedule_pieces(floor, step, pieces)
    return budget


def _schedule_pieces(floor: SchedulerState, step: EngineStep, pieces: list[tuple[EngineRequest, int, int]]) -> None:
    lockstep, batch = floor.lockstep, step.batch
    if lockstep.sequences:
        lockstep.flying = 1
        step.lockstep = True
        batch.decodes = batch.decode_tokens = lockstep.sequences
        batch.decode_context = lockstep.tokens
    for request, tokens, more in pieces:
        request.pages += more
        request.computed += tokens
        step.prompts.append((request, tokens))
        add_prompt_piece(batch, request, tokens)


def schedule_one_by_one(floor: SchedulerState, step: EngineStep, budget: int) -> tuple[int, bool]:
    """Schedule in vLLM's order; returns the rest of the budget, and whether a request was preempted."""
    settings = floor.settings
    slots, drafts = speculation.draft_slots(settings), speculation.drafted(settings)
    taken: dict[EngineRequest, int] = {}
    preempted = False
    for request in tuple(floor.running):
        if budget <= slots:
            break
        if request not in floor.running or request in floor.lingering:
            continue
        wanted = request.tokens - request.computed + (0 if request in floor.readers else drafts)
        tokens = min(prompt_cap(floor, wanted), budget - slots, settings.context_tokens - request.computed - 1)
        more = _more_pages(floor, request, tokens)
        while more > floor.pool.free and request in floor.running:
            victim = _victim(floor)
            floor.preempt(victim)
            preempted = True
            if victim in taken:
                budget += taken.pop(victim) + slots
        if request not in floor.running:
            break
        floor.pool.take(more)
        request.pages += more
        request.computed += tokens
        if settings.speculation is not None:
            request.sealed = min(request.computed, request.tokens)
            floor.write_names(request)
        taken[request] = tokens
        budget -= tokens + slots
    _sum_up(floor, step, taken)
    return budget, preempted


def _sum_up(floor: SchedulerState, step: EngineStep, taken: dict[EngineRequest, int]) -> None:
    batch = step.batch
    for request, tokens in taken.items():
        if request in floor.readers:
            step.prompts.append((request, tokens))
            add_prompt_piece(batch, request, tokens)
        else:
            step.decodes.append((request, tokens))
            batch.decodes += 1
            batch.decode_tokens += tokens
            batch.decode_context += request.computed


def _more_pages(floor: SchedulerState, request: EngineRequest, tokens: int) -> int:
    end = min(request.computed + tokens + speculation.lookahead(floor.settings), floor.settings.context_tokens)
    return max(0, floor.pool.pages_for(end) - request.pages)


def _victim(floor: SchedulerState) -> EngineRequest:
    """The request to preempt: the last admitted, or by priority the least urgent, of these the latest arrival.

    Recorded arrivals can be equal to the bit, which never happens in vLLM: without the serial number two such requests
    would preempt each other for ever.
    """
    running = [request for request in floor.running if request not in floor.lingering]
    if floor.settings.policy is SchedulingPolicy.PRIORITY:
        return max(running, key=lambda request: (request.priority, request.arrived, request.serial))
    return running[-1]

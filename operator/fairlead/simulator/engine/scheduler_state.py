"""The scheduler state of one engine: running and waiting requests in order, their blocks, their adapters.

Every change of a request's status is made here, so that blocks and counts are freed on every path. It decides nothing.
"""

from collections import Counter

from fairlead.simulator.engine import speculation
from fairlead.simulator.engine.block_pool import BlockPool
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.host_tier import HostTier
from fairlead.simulator.engine.lockstep import LockstepRequests
from fairlead.simulator.engine.request_queue import queue_for
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus, FinishReason
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.engine.step_ends import DecodeStretch


class SchedulerState:
    """The state of one scheduler."""

    __slots__ = (
        "adapters",
        "backlog",
        "cacheable",
        "coming",
        "counts",
        "deferred",
        "draft_slots",
        "drafted",
        "drafting",
        "host",
        "lingering",
        "lockstep",
        "lookahead",
        "pace",
        "pool",
        "prefilling",
        "running",
        "scattered",
        "settings",
        "vain",
        "waiting",
    )  # fmt: skip

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.pool = BlockPool(settings.blocks, settings.block_tokens, caching=settings.prefix_caching)
        self.host = HostTier(settings.host_blocks) if settings.host_blocks and settings.prefix_caching else None
        """Blocks in main memory; None without them."""
        self.counts = EngineCounts(
            accepted_per_position=[0] * (settings.speculation.tokens if settings.speculation else 0)
        )
        self.waiting = queue_for(settings.policy)
        self.coming: list[EngineRequest] = []
        """Requests that arrived when the next step was already scheduled: they join the queue at the step after it."""
        self.running: dict[EngineRequest, None] = {}
        """Running requests in the order of admission."""
        self.prefilling: dict[EngineRequest, None] = {}
        """Running requests whose prefill is not complete."""
        self.lingering: dict[EngineRequest, None] = {}
        """Requests that ended in the last step when the next one was already scheduled."""
        self.vain: list[EngineRequest] = []
        """Those that the next step computes for nothing; a request that ends by length is known in time."""
        self.cacheable: dict[EngineRequest, None] = {}
        """Running requests whose replies have block hashes."""
        self.lockstep = LockstepRequests(settings.block_tokens)
        self.scattered = True
        """Whether decoding requests are handled one by one instead of in lockstep."""
        self.pace = DecodeStretch()
        self.adapters: Counter[str] = Counter()
        """Running requests by adapter."""
        self.deferred: set[EngineRequest] = set()
        self.draft_slots = speculation.draft_slots(settings)
        self.drafted = speculation.drafted(settings)
        self.drafting = self.drafted
        """Tokens that the last step drafted for each request: fewer than `drafted` if drafting follows the load."""
        self.lookahead = speculation.lookahead(settings)
        self.backlog = 0
        """Prompt tokens of requests without a first token."""

    def limit(self, request: EngineRequest) -> int:
        """Return after how many tokens its reply ends, at the latest when the context is full."""
        wanted, room = request.output_tokens, self.settings.context_tokens - request.prompt_tokens
        return min(room, wanted)

    def enter(self, request: EngineRequest) -> None:
        """Make a request run."""
        request.status = EngineRequestStatus.RUNNING
        self.running[request] = None
        self.prefilling[request] = None
        if request.adapter is not None:
            self.deferred.discard(request)
            self.adapters[request.adapter] += 1
        if request.reply and self.pool.caching:
            self.cacheable[request] = None

    def preempt(self, request: EngineRequest) -> None:
        """Preempt a request: it frees everything and is recomputed, before all waiting requests."""
        self._depart(request, True)
        request.status = EngineRequestStatus.PREEMPTED
        request.computed = 0
        request.preemptions += 1
        self.counts.preemptions += 1
        self.waiting.put_back((request,))

    def finish(self, request: EngineRequest, now: float) -> None:
        """End a request for any reason, and free what it holds."""
        if request.first_token is None:
            self.backlog -= request.prompt_tokens
        ran = request.status is EngineRequestStatus.RUNNING
        if request in self.coming:
            self.coming.remove(request)
        elif not ran:
            self.waiting.abandon()
            self.deferred.discard(request)
            if self.host is not None:
                self.host.end(request.serial)
        request.status = EngineRequestStatus.ENDED
        request.ended = now
        if ran:
            self._depart(request)

    def linger(self, request: EngineRequest, now: float) -> None:
        """End a request that keeps its place and blocks until the step that already includes it is scheduled."""
        request.status = EngineRequestStatus.ENDED
        request.ended = now
        self.lingering[request] = None
        if request.finish is not FinishReason.LENGTH:
            self.vain.append(request)

    def let_go(self) -> bool:
        """After a step is scheduled: free lingering requests and queue new ones; return whether there were any."""
        lingering, coming = self.lingering, self.coming
        if not (lingering or coming):
            return False
        if lingering:
            for request in lingering:
                self._depart(request)
            lingering.clear()
            self.vain.clear()
        if coming:
            for request in coming:
                self.waiting.add(request)
            coming.clear()
        return True

    def _depart(self, request: EngineRequest, returns: bool = False) -> None:
        reply, adapter = request.reply, request.adapter
        if reply:
            self.write_replies()
        if request.mark is not None:
            self.lockstep.leave(request)
        self.pace.breaks()
        del self.running[request]
        if request in self.prefilling:
            del self.prefilling[request]
        if reply:
            self.cacheable.pop(request, None)
        if adapter is not None:
            self.adapters[adapter] -= 1
            if not self.adapters[adapter]:
                del self.adapters[adapter]
        if reply or request.prefix:
            self.write_names(request)
        if self.host is not None and not returns:
            self.host.end(request.serial)
        full, named = self._full_pages(request), request.named
        request.remains = self.pool.release(named, full - len(named), request.pages - full, returns)
        if named:
            request.named = []
        request.pages = 0

    def write_names(self, request: EngineRequest) -> None:
        """Cache the blocks with hashes that a request has filled since the last call."""
        if not self.pool.caching or not (request.prefix or request.reply):
            return
        if request.mark is not None:
            self.lockstep.settle(request)
        full, first = self._full_pages(request), len(request.named)
        if full > first:
            names = block_names(request, first, full)
            self.pool.name(request.named, names)
            if self.host is not None:
                self.counts.stored_blocks += self.host.store(request.serial, names)

    def _full_pages(self, request: EngineRequest) -> int:
        """Return full blocks of tokens verified when last scheduled; accepted drafts count from the next time on."""
        certain = request.computed if self.settings.speculation is None else request.sealed
        verified = request.prompt_tokens + request.emitted
        return min(verified, certain) // self.pool.block_tokens

    def write_replies(self) -> None:
        """Cache the replies' full blocks, most computed tokens first: of equal blocks the first is the one found."""
        decoding = [request for request in self.cacheable if request not in self.prefilling]
        for request in decoding:
            if request.mark is not None:
                self.lockstep.settle(request)
        decoding.sort(key=_by_computed_tokens)
        for request in decoding:
            self.write_names(request)

    def gather(self) -> None:
        """Put all decoding requests into the lockstep group."""
        for request in self.running:
            if request not in self.prefilling and request not in self.lingering:
                self.lockstep.join(request, self.limit(request))
        self.scattered = False

    def scatter(self) -> None:
        """Dissolve the lockstep group, and write each request's progress to its own fields."""
        for request in self.running:
            if request.mark is not None:
                self.lockstep.leave(request)
        self.scattered = True

    def settle(self) -> None:
        """Write the progress of all requests in lockstep to their own fields."""
        for request in self.running:
            if request.mark is not None:
                self.lockstep.settle(request)


def _by_computed_tokens(request: EngineRequest) -> int:
    return -request.computed


def block_names(request: EngineRequest, first: int, end: int) -> tuple[int, ...]:
    """Return hashes of its full blocks in this range, up to the first block without one."""
    prefix, length = request.prefix, len(request.prefix)
    if end <= length or not request.reply:
        return prefix[first:end]
    if first >= length:
        return request.reply[first - length : end - length]
    return prefix[first:] + request.reply[: end - length]

"""Who is where in one engine: those that run, in order, those that wait, their pages, their adapters.

Every change of standing passes through here, so that pages and counts are given back on every path. Decides nothing.
"""

from collections import Counter

from fairlead.simulator.engine.block_pool import BlockPool
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.lockstep import LockstepRequests
from fairlead.simulator.engine.request_queue import queue_for
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.engine.step_ends import DecodeStretch


class SchedulerState:
    """The state of one scheduler."""

    __slots__ = ("adapters", "backlog", "coming", "counts", "deferred", "lingering", "lockstep", "pace", "pool",
                 "readers", "running", "scattered", "settings", "talkers", "waiting")  # fmt: skip

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.pool = BlockPool(settings.blocks, settings.block_tokens, caching=settings.prefix_caching)
        self.counts = EngineCounts(
            accepted_per_position=[0] * (settings.speculation.tokens if settings.speculation else 0)
        )
        self.waiting = queue_for(settings.policy)
        self.coming: list[EngineRequest] = []
        """Those that came while the next step was already scheduled: they are seen after it."""
        self.running: dict[EngineRequest, None] = {}
        """In the order of admission."""
        self.readers: dict[EngineRequest, None] = {}
        """Of these, those whose prompt is not all computed."""
        self.lingering: dict[EngineRequest, None] = {}
        """Of these, those that ended in the last step while the next was already scheduled."""
        self.talkers: dict[EngineRequest, None] = {}
        """Of these, those whose replies others may find."""
        self.lockstep = LockstepRequests(settings.block_tokens)
        self.scattered = True
        """Whether those that decode are treated one by one."""
        self.pace = DecodeStretch()
        self.adapters: Counter[str] = Counter()
        """Of those that run."""
        self.deferred: set[EngineRequest] = set()
        self.backlog = 0
        """Tokens of prompts without a first token."""

    def limit(self, request: EngineRequest) -> int:
        """Tokens after which its reply ends, at the latest where the context is full."""
        return min(request.output_tokens, self.settings.context_tokens - request.prompt_tokens)

    def enter(self, request: EngineRequest) -> None:
        """It runs."""
        request.standing = EngineRequestStatus.RUNNING
        self.running[request] = None
        self.readers[request] = None
        self.deferred.discard(request)
        if request.adapter is not None:
            self.adapters[request.adapter] += 1
        if request.reply and self.pool.caching:
            self.talkers[request] = None

    def preempt(self, request: EngineRequest) -> None:
        """It gives back everything and begins anew, ahead of those that wait."""
        self._depart(request, returns=True)
        request.standing = EngineRequestStatus.PREEMPTED
        request.computed = 0
        request.preemptions += 1
        self.counts.preemptions += 1
        self.waiting.put_back((request,))

    def finish(self, request: EngineRequest, now: float) -> None:
        """It has ended, whatever the reason; what it holds is given back, by late stop only after one more step."""
        if request.first_token is None:
            self.backlog -= request.prompt_tokens
        ran = request.standing is EngineRequestStatus.RUNNING
        if request in self.coming:
            self.coming.remove(request)
        elif not ran:
            self.waiting.abandon()
            self.deferred.discard(request)
        request.standing = EngineRequestStatus.ENDED
        request.ended = now
        if ran:
            self._depart(request)

    def linger(self, request: EngineRequest, now: float) -> None:
        """It has ended by itself, and keeps its seat and pages while the step is scheduled that it is still part of."""
        request.standing = EngineRequestStatus.ENDED
        request.ended = now
        self.lingering[request] = None
        self.pace.breaks()

    def let_go(self) -> bool:
        """A step is scheduled: who ended before it leaves, who came is seen; whether there was anybody."""
        if not (self.lingering or self.coming):
            return False
        for request in self.lingering:
            self._depart(request)
        self.lingering.clear()
        for request in self.coming:
            self.waiting.add(request)
        self.coming.clear()
        return True

    def _depart(self, request: EngineRequest, *, returns: bool = False) -> None:
        if request.reply:
            self.write_replies()
        if request.mark is not None:
            self.lockstep.leave(request)
        self.pace.breaks()
        del self.running[request]
        self.readers.pop(request, None)
        self.talkers.pop(request, None)
        if request.adapter is not None:
            self.adapters[request.adapter] -= 1
            if not self.adapters[request.adapter]:
                del self.adapters[request.adapter]
        self._give_back(request, returns=returns)

    def _give_back(self, request: EngineRequest, *, returns: bool) -> None:
        self.write_names(request)
        full, named = self._full_pages(request), len(request.named)
        request.remains = self.pool.release(request.named, full - named, request.pages - full, returns=returns)
        request.named = []
        request.pages = 0

    def write_names(self, request: EngineRequest) -> None:
        """Whatever of its named text has filled pages since the last time can be found from now on."""
        if not self.pool.caching or not (request.prefix or request.reply):
            return
        if request.mark is not None:
            self.lockstep.settle(request)
        full, first = self._full_pages(request), len(request.named)
        if full > first:
            self.pool.name(request.named, block_names(request, first, full))

    def _full_pages(self, request: EngineRequest) -> int:
        """Whose tokens were certain when it was last scheduled; accepted drafts count from the next time on."""
        certain = request.computed if self.settings.speculation is None else request.sealed
        return min(certain, request.tokens) // self.settings.block_tokens

    def write_replies(self) -> None:
        """Of those that decode, whose pages filled first first: of equal pages the first is the one that is found."""
        decoding = [request for request in self.talkers if request not in self.readers]
        for request in decoding:
            if request.mark is not None:
                self.lockstep.settle(request)
        decoding.sort(key=_by_computed_tokens)
        for request in decoding:
            self.write_names(request)

    def gather(self) -> None:
        """Those that decode go in step from here."""
        for request in self.running:
            if request not in self.readers and request not in self.lingering:
                self.lockstep.join(request, self.limit(request))
        self.scattered = False

    def scatter(self) -> None:
        """Each goes its own way, with its progress written down."""
        for request in self.running:
            if request.mark is not None:
                self.lockstep.leave(request)
        self.scattered = True

    def settle(self) -> None:
        """Write down how far everybody is."""
        for request in self.running:
            if request.mark is not None:
                self.lockstep.settle(request)


def _by_computed_tokens(request: EngineRequest) -> int:
    return -request.computed


def block_names(request: EngineRequest, first: int, end: int) -> tuple[int, ...]:
    """Of its full pages in this range; those without a name are left out, and with them all that follow."""
    prefix, length = request.prefix, len(request.prefix)
    if end <= length or not request.reply:
        return prefix[first:end]
    if first >= length:
        return request.reply[first - length : end - length]
    return prefix[first:] + request.reply[: end - length]

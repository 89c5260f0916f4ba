"""Requests that decode together, kept as one group: one step counter instead of an update of each request per step.

Each generates one token a step, so its progress is the counter minus a mark. Its position in its block says when it
needs another one; a heap holds when it ends. This decides nothing: when blocks run out, `running_requests` schedules
the same requests one by one.
"""

import heapq

from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus


class LockstepRequests:
    """Requests that generate one token in every step."""

    __slots__ = ("_ends", "_joined", "_page", "_phases", "flying", "sequences", "tick", "tokens")

    def __init__(self, block_tokens: int) -> None:
        self._page = block_tokens
        self._phases = [0] * block_tokens
        """By remainder of the step number: how many requests need a block in such a step."""
        self._ends: list[tuple[int, int, EngineRequest]] = []
        """When each request ends; outdated entries, of requests that left or joined again, are skipped."""
        self._joined = 0
        self.tick = 0
        """Steps completed."""
        self.flying = 0
        """Set to 1 while the next step is in flight."""
        self.sequences = 0
        self.tokens = 0
        """Tokens of all prompts and replies."""

    def join(self, request: EngineRequest, limit: int) -> None:
        """Add a request that has just generated a token; it ends after `limit` tokens in total."""
        if not self.sequences:
            self._ends.clear()
        tick, emitted = self.tick, request.emitted
        request.mark = mark = tick - emitted
        request.due = due = mark + limit
        self._phases[(tick - request.computed) % self._page] += 1
        self.sequences += 1
        self.tokens += request.prompt_tokens + emitted
        self._joined += 1
        heapq.heappush(self._ends, (due, self._joined, request))

    def settle(self, request: EngineRequest) -> None:
        """Write a request's progress to its own fields."""
        assert request.mark is not None
        emitted = self.tick - request.mark
        request.emitted = emitted
        request.computed = computed = request.prompt_tokens + emitted - 1 + self.flying
        request.pages = -(-computed // self._page)

    def leave(self, request: EngineRequest) -> None:
        """Remove a request from the group."""
        self.settle(request)
        request.mark = None
        self._phases[(self.tick + self.flying - request.computed) % self._page] -= 1
        self.sequences -= 1
        self.tokens -= request.prompt_tokens + request.emitted

    def pages(self, after: int, steps: int) -> int:
        """Count blocks needed for `steps` steps, beginning `after` steps after the next one."""
        page, phases = self._page, self._phases
        first = (self.tick + after) % page
        if first + steps <= page:
            return sum(phases[first : first + steps])
        rounds, rest = divmod(steps, page)
        over = first + rest - page
        need = sum(phases[first : first + rest])
        return rounds * self.sequences + (need + sum(phases[:over]) if over > 0 else need)

    def advance(self, steps: int) -> None:
        """Count this many completed steps."""
        self.tick += steps
        self.tokens += self.sequences * steps

    def land(self, steps: int = 1) -> list[EngineRequest]:
        """Complete the step in flight and the equal ones before it; return the requests that ended and left."""
        self.flying = 0
        self.tick = tick = self.tick + steps
        self.tokens += self.sequences * steps
        ends = self._ends
        out: list[EngineRequest] = []
        while ends and ends[0][0] <= tick:
            due, _, request = heapq.heappop(ends)
            if request.mark is not None and request.due == due and request.status is EngineRequestStatus.RUNNING:
                self.leave(request)
                out.append(request)
        return out

    def pages_next(self) -> int:
        """Count blocks needed for the next step."""
        return self._phases[self.tick % self._page]

    def undisturbed(self, pages: int) -> int:
        """Count steps after the next in which no request ends, as far as these blocks suffice."""
        most = self._until_an_end() - 1
        return self._affordable(pages, most) if most > 0 else 0

    def _until_an_end(self) -> int:
        """Count steps until the first request ends."""
        ends = self._ends
        while True:
            due, _, request = ends[0]
            if request.due == due and request.mark is not None:
                return due - self.tick
            heapq.heappop(ends)

    def _affordable(self, pages: int, most: int) -> int:
        """Return for how many steps after the next these blocks suffice, at most `most`."""
        rounds, left = divmod(pages, self.sequences)
        steps = rounds * self._page
        if steps >= most:
            return most
        after_next = self.tick + 1
        while steps < most:
            left -= self._phases[(after_next + steps) % self._page]
            if left < 0:
                break
            steps += 1
        return steps

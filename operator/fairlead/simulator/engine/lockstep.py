"""Requests that decode side by side, kept as one: a count of steps instead of a change to each request in each step.

Each makes one token a step, so its progress is the count less a mark. Pages grow by the request's place in its page,
ends come from a heap. Never decides who runs; `walk` treats the same requests one by one when pages run out.
"""

import heapq

from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus


class LockstepRequests:
    """Requests that make a token in every step."""

    __slots__ = ("_ends", "_joined", "_page", "_phases", "flying", "sequences", "tick", "tokens")

    def __init__(self, block_tokens: int) -> None:
        self._page = block_tokens
        self._phases = [0] * block_tokens
        """How many need a page in the steps whose number leaves this remainder."""
        self._ends: list[tuple[int, int, EngineRequest]] = []
        """When each ends; of who left before, or came anew, an old entry stays until its turn."""
        self._joined = 0
        self.tick = 0
        """Steps done."""
        self.flying = 0
        """One while the next step is on its way."""
        self.sequences = 0
        self.tokens = 0
        """All prompts and replies together."""

    def join(self, request: EngineRequest, limit: int) -> None:
        """It has just made a token and will end after so many in all."""
        if not self.sequences:
            self._ends.clear()
        request.mark = self.tick - request.emitted
        request.due = request.mark + limit
        self._phases[(self.tick - request.computed) % self._page] += 1
        self.sequences += 1
        self.tokens += request.tokens
        self._joined += 1
        heapq.heappush(self._ends, (request.due, self._joined, request))

    def settle(self, request: EngineRequest) -> None:
        """Write down how far it is."""
        assert request.mark is not None
        request.emitted = self.tick - request.mark
        request.computed = request.tokens - 1 + self.flying
        request.pages = -(-request.computed // self._page)

    def leave(self, request: EngineRequest) -> None:
        """It goes its own way from here."""
        self.settle(request)
        request.mark = None
        self._phases[(self.tick + self.flying - request.computed) % self._page] -= 1
        self.sequences -= 1
        self.tokens -= request.tokens

    def pages(self, after: int, steps: int) -> int:
        """That are needed for so many steps, from the one this many after the next on."""
        rounds, rest = divmod(steps, self._page)
        need = rounds * self.sequences
        first = self.tick + after
        for step in range(first, first + rest):
            need += self._phases[step % self._page]
        return need

    def advance(self, steps: int) -> None:
        """So many steps are done."""
        self.tick += steps
        self.tokens += self.sequences * steps

    def until_an_end(self) -> int:
        """Steps until somebody ends."""
        ends = self._ends
        while ends[0][2].due != ends[0][0] or ends[0][2].mark is None:
            heapq.heappop(ends)
        return ends[0][0] - self.tick

    def ended(self) -> list[EngineRequest]:
        """Those that made their last token in the step just done; they have left."""
        out: list[EngineRequest] = []
        ends = self._ends
        while ends and ends[0][0] <= self.tick:
            due, _, request = heapq.heappop(ends)
            if request.mark is not None and request.due == due and request.standing is EngineRequestStatus.RUNNING:
                self.leave(request)
                out.append(request)
        return out

    def affordable(self, pages: int, most: int) -> int:
        """Steps after the next that so many pages pay for, at most so many."""
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

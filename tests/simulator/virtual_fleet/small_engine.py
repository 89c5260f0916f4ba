"""A tiny engine for tests of the simulation: one request at a time, a second a token, in order of arrival."""

from collections import deque
from math import inf

from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.steps import Emission, SchedulerRefusal


class SmallEngine:
    """Refuses prompts longer than it has room for; predicts no further than the end of its step."""

    def __init__(self, token_s: float = 1.0, room: int = 1000) -> None:
        self._token_s = token_s
        self._room = room
        self._line: deque[EngineRequest] = deque()
        self._ends = inf

    @property
    def running(self) -> int:
        return min(len(self._line), 1)

    @property
    def waiting(self) -> int:
        return max(len(self._line) - 1, 0)

    @property
    def usage(self) -> float:
        return 1.0 if self._line else 0.0

    @property
    def horizon(self) -> float:
        return self._ends

    def add(self, request: EngineRequest) -> SchedulerRefusal | None:
        if request.prompt_tokens > self._room:
            return SchedulerRefusal.TOO_LONG
        self._line.append(request)
        return None

    def run(self, now: float, until: float) -> list[Emission]:
        assert now <= until
        emissions: list[Emission] = []
        while True:
            if self._ends == inf:
                if not self._line:
                    return emissions
                self._ends = now + self._token_s
            if self._ends > until:
                return emissions
            now, self._ends = self._ends, inf
            emissions.append(self._token(now))

    def _token(self, now: float) -> Emission:
        request = self._line[0]
        request.emitted += 1
        first = request.first_token is None
        if first:
            request.first_token = now
        if request.emitted < request.output_tokens:
            return Emission(request, 1, None, first=first)
        request.status, request.ended = EngineRequestStatus.ENDED, now
        self._line.popleft()
        return Emission(request, 1, request.finish, first=first)

"""The APIs behind the routers: they know what truly runs and was written, by tenant."""

import asyncio
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Final

from bench.gateway_world.answering import EngineSide, Json, chat_answer

PROMPT_TOKENS: Final = 20
MAX_TOKENS: Final = 40
TOKEN_PRICE: Final = 0.001
PRICES: Final = {"prompt": "1000", "output": "1000"}
"""Of a million tokens."""
TOKEN_SECONDS: Final = 0.001
FAILING: Final = 0.1
CUT: Final = 0.03
DELTA: Final = json.dumps({"choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}).encode()


ABORT_SECONDS: Final = 0.1
"""Time within which an engine sees that a router gave up an attempt, as `router.3` shows."""


@dataclass(slots=True)
class SeenAttempt:
    """One attempt, from its start to the end of the work on it."""

    began: float
    ended: float = inf
    cancelled: bool = False
    left: float = inf
    """When its client left: its router gives it up then, which may be before its end is seen here."""

    def runs(self, moment: float) -> bool:
        """Whether a router had it here then; one that was given up counts until its cancellation was on its way."""
        if moment >= self.left:
            return False
        return self.began <= moment < self.ended and not (self.cancelled and self.ended - moment <= ABORT_SECONDS)


@dataclass(slots=True)
class SeenSpending:
    """Everything that the APIs saw."""

    rng: random.Random
    attempts: dict[str, list[SeenAttempt]] = field(default_factory=lambda: defaultdict(list))
    requests: dict[int, list[SeenAttempt]] = field(default_factory=lambda: defaultdict(list))
    """Attempts of each request, by its seed."""
    gone: dict[int, float] = field(default_factory=dict)
    """When the client of a request left."""
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    endings: Counter[str] = field(default_factory=Counter)

    async def answer(self, document: Json, side: EngineSide) -> None:
        """Answer, stream, fail or cut one attempt; cancelled when its client is gone."""
        tenant = document["user"]
        attempt = SeenAttempt(began=monotonic())
        self.attempts[tenant].append(attempt)
        self.requests[document["seed"]].append(attempt)
        attempt.left = self.gone.get(document["seed"], inf)
        try:
            await self._answered(document, side, tenant)
        except asyncio.CancelledError:
            self.endings["cancelled"] += 1
            attempt.cancelled = True
            raise
        finally:
            attempt.ended = monotonic()

    async def _answered(self, document: Json, side: EngineSide, tenant: str) -> None:
        tokens, fault = self.rng.randint(1, MAX_TOKENS), self.rng.random()
        if fault < FAILING:
            await asyncio.sleep(TOKEN_SECONDS)
            self.endings["failed"] += 1
            side.whole(b'{"error": {"message": "broke"}}', 500)
            return
        priced = str(document["model"]).startswith("priced")
        self.spent[tenant] += PROMPT_TOKENS * TOKEN_PRICE if priced else 0.0
        if not document.get("stream"):
            await asyncio.sleep(tokens * TOKEN_SECONDS)
            self.spent[tenant] += tokens * TOKEN_PRICE if priced else 0.0
            self.endings["whole"] += 1
            side.whole(chat_answer("word " * tokens, PROMPT_TOKENS, tokens))
            return
        side.begin_stream()
        for place in range(tokens):
            await asyncio.sleep(TOKEN_SECONDS)
            self.spent[tenant] += TOKEN_PRICE if priced else 0.0
            side.event(DELTA)
            if fault > 1 - CUT and place > tokens // 2:
                self.endings["cut"] += 1
                side.cut()
                return
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens}
        side.event(json.dumps({"choices": [], "usage": usage}).encode())
        self.endings["streamed"] += 1
        side.end_stream()

    def leaves(self, seed: int) -> None:
        """Record that the client of this request is gone."""
        self.gone[seed] = monotonic()
        for one in self.requests[seed]:
            one.left = min(one.left, self.gone[seed])

    def most(self, tenant: str) -> int:
        """The most of its attempts at once, evaluated whenever one began."""
        every = self.attempts[tenant]
        return max((sum(one.runs(new.began) for one in every) for new in every), default=0)

    def busiest(self, tenant: str, seconds: float) -> int:
        """The most attempts that began within `seconds`."""
        moments = [one.began for one in self.attempts[tenant]]
        most = first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] > seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

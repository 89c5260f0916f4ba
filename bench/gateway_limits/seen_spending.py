"""The APIs behind the routers: they know what truly runs and what truly was written, by tenant."""

import asyncio
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from bench.gateway_world.answering import EngineSide, Json, chat_answer

PROMPT_TOKENS: Final = 20
MOST_TOKENS: Final = 40
TOKEN_PRICE: Final = 0.001
PRICES: Final = {"prompt": "1000", "output": "1000"}
"""For a million tokens."""
TOKEN_SECONDS: Final = 0.001
FAILING: Final = 0.1
CUT: Final = 0.03
DELTA: Final = json.dumps({"choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}).encode()


@dataclass(slots=True)
class SeenSpending:
    """All that the APIs saw."""

    rng: random.Random
    running: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    """Of each tenant, the most at once."""
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    began: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    endings: Counter[str] = field(default_factory=Counter)

    async def answer(self, document: Json, side: EngineSide) -> None:
        """One attempt: answered, streamed, failed or cut; cancelled when its client is gone."""
        tenant = document["user"]
        for _ in range(3):
            await asyncio.sleep(0)  # connections that were closed before this request came are seen to be closed
        self.running[tenant] += 1
        self.most[tenant] = max(self.most[tenant], self.running[tenant])
        self.began[tenant].append(monotonic())
        try:
            await self._answered(document, side, tenant)
        except asyncio.CancelledError:
            self.endings["cancelled"] += 1
            raise
        finally:
            self.running[tenant] -= 1

    async def _answered(self, document: Json, side: EngineSide, tenant: str) -> None:
        tokens, fault = self.rng.randint(1, MOST_TOKENS), self.rng.random()
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

    def busiest(self, tenant: str, seconds: float) -> int:
        """The most attempts that began within so many seconds."""
        moments = self.began[tenant]
        most = first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] > seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

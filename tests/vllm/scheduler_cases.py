"""Cases for the two schedulers: small engines under too much load, drawn from a number that names the case.

Imported where vLLM is, so it uses nothing that only our own interpreter has.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings, SchedulingPolicy, SpeculationSettings

PAGE: Final = 4
ADAPTERS: Final = ("", "red", "blue", "green")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRequest:
    """One request of a case."""

    serial: int
    step: int
    """The step before which it arrives."""
    prompt: int
    output: int
    text: int
    """Requests of one text share its beginning; 0 shares nothing."""
    priority: int
    adapter: int
    leaves_after: int | None

    def token(self, place: int) -> int:
        """The token at this position of its text."""
        return self.text * 100_000 + place if self.text else 5_000_000 + self.serial * 1000 + place

    def ours(self, *, named: bool) -> EngineRequest:
        """For our engine."""
        full, whole = self.prompt // PAGE, (self.prompt + self.output) // PAGE
        chain = self.text * 10_000 + self.adapter * 1000
        names = tuple(chain + page for page in range(whole)) if named and self.text else ()
        return EngineRequest(
            serial=self.serial,
            prompt_tokens=self.prompt,
            output_tokens=self.output,
            arrived=float(self.serial),
            prefix=names[:full],
            reply=names[full:],
            priority=self.priority,
            adapter=ADAPTERS[self.adapter] or None,
        )


def draw(seed: int) -> tuple[EngineSettings, list[CaseRequest]]:
    """A small engine under too much load."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    adapter_slots = dice.choice([0, 0, 1, 2])
    drafts = dice.choice([0, 0, 0, 1, 3])
    settings = EngineSettings(
        blocks=dice.randint(20, 40),
        block_tokens=PAGE,
        batch_tokens=dice.choice([12, 24, 64, 256]),
        max_sequences=dice.choice([1, 2, 4, 6, 12]),
        context_tokens=dice.choice([70, 400]),
        prefix_caching=dice.random() < 0.7,
        long_prefill_tokens=dice.choice([0, 0, 5]),
        reserve_whole_prompt=dice.random() < 0.5,
        watermark=dice.choice([0.0, 0.1]),
        policy=dice.choice(list(SchedulingPolicy)),
        adapter_slots=adapter_slots,
        speculation=_drafting(seed, drafts) if drafts else None,
    )
    return settings, list(_crowd(dice, adapters=bool(adapter_slots)))


def _drafting(seed: int, tokens: int) -> SpeculationSettings:
    """Every second case drafts fewer tokens, or none, while more requests run."""
    dice = random.Random(f"{seed} by batch")  # noqa: S311  # no secret
    by_batch: tuple[tuple[int, int], ...] = ()
    if dice.random() < 0.5:
        first, second = sorted(dice.sample(range(1, 9), 2))
        by_batch = ((first, tokens), (second, dice.randint(0, tokens)), (second + 1, 0))
    return SpeculationSettings(tokens=tokens, acceptance=(0.7, 0.5, 0.4), by_batch=by_batch)


def _crowd(dice: random.Random, *, adapters: bool) -> Iterator[CaseRequest]:
    step = 0
    for serial in range(dice.randint(1, 25)):
        step += dice.choice([0, 0, 0, 1, 3, 10])
        yield CaseRequest(
            serial=serial,
            step=step,
            prompt=dice.randint(1, 40),
            output=dice.randint(1, 24),
            text=dice.randint(0, 3),
            priority=dice.randint(0, 2),
            adapter=dice.choice([0, 0, 1, 2, 3]) if adapters else 0,
            leaves_after=dice.choice([None, None, None, 1, 4, 12]),
        )

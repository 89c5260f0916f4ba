"""The least that each request of a trace takes of any engine: tokens to compute, and by when.

It assumes a prefix cache that never evicts and that the whole fleet shares, so that no real one computes less: the
first request with a block computes it. A token has memory of its own if no other request's prompt has its block.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival


@dataclass(slots=True)
class Demand:
    """One column per figure, one position per request, in order of arrival."""

    arrived: "array[float]" = field(default_factory=lambda: array("d"))
    prompt: "array[float]" = field(default_factory=lambda: array("d"))
    """Prompt tokens that no earlier request has computed; at least one."""
    pairs: "array[float]" = field(default_factory=lambda: array("d"))
    """Pairs of such a token and one that it attends to."""
    steps: "array[float]" = field(default_factory=lambda: array("d"))
    """The fewest steps after the first token's."""
    context: "array[float]" = field(default_factory=lambda: array("d"))
    """Tokens that these steps attend to, in total."""
    own: "array[float]" = field(default_factory=lambda: array("d"))
    """The part of them in memory that no other request could share."""
    gaps: "array[float]" = field(default_factory=lambda: array("d"))
    """Times between two tokens that the objective counts."""


def collect(arrivals: Iterable[RequestArrival], settings: EngineSettings) -> Demand:
    """Collect a trace's requests, reading it once."""
    found, seen, holders = Demand(), set[int](), Counter[int]()
    prefixes: list[tuple[int, ...]] = []
    at_once = 1 + (settings.speculation.tokens if settings.speculation else 0)
    shared = settings.prefix_caching
    for one in arrivals:
        names = one.prefix if shared else ()
        prompt = one.prompt_tokens
        if names or prefixes:
            prompt = max(prompt - _cached(names, seen) * settings.block_tokens, 1)
            prefixes.extend(() for _ in range(len(found.arrived) - len(prefixes)))
            prefixes.append(names)
            seen.update(names)
            holders.update(names)
        if one.reply:
            seen.update(one.reply)
        gaps = max(min(one.output_tokens, settings.context_tokens - one.prompt_tokens) - 1, 0)
        steps = -(-gaps // at_once)
        context = _attended(one.prompt_tokens, steps)
        found.arrived.append(one.time)
        found.prompt.append(prompt)
        found.pairs.append(prompt * (one.prompt_tokens - prompt) + prompt * (prompt + 1) / 2)
        found.steps.append(steps)
        found.context.append(context)
        own = one.prompt_tokens - len(names) * settings.block_tokens
        found.own.append(_attended(own, steps) if names else context)
        found.gaps.append(gaps)
    for place, names in enumerate(prefixes):
        alone = sum(1 for name in names if holders[name] == 1)
        found.own[place] += found.steps[place] * alone * settings.block_tokens
    return found


def _cached(names: tuple[int, ...], seen: set[int]) -> int:
    """Count leading blocks of earlier requests."""
    for place, name in enumerate(names):
        if name not in seen:
            return place
    return len(names)


def _attended(tokens: int, steps: int) -> float:
    """Sum up steps that each attend to one token more than the one before."""
    return max(tokens, 0) * steps + steps * (steps - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Until when a request may be served and still count as kept, in seconds after its arrival."""

    first_s: float
    pace_s: float

    @classmethod
    def of(cls, objectives: LatencyObjectives) -> "Deadlines":
        """Without an objective there is no deadline."""
        first, pace = objectives.ttft_p95_s, objectives.tpot_p95_s
        never = float("inf")
        return cls(first_s=never if first is None else first, pace_s=never if pace is None else pace)

    def last_s(self, gaps: float) -> float:
        """Return its last token's deadline."""
        return self.first_s + (gaps * self.pace_s if gaps else 0.0)

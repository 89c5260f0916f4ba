"""The stats line that vLLM 0.32 logs every ten seconds for each busy rank: rates since the last line, and gauges."""

from dataclasses import dataclass, field
from typing import Final

from fairlead.emulator.engine.rank import LiveRank

INTERVAL_SECONDS: Final = 10.0


@dataclass(slots=True)
class LoggedCounts:
    """Counts as of the last line."""

    at: float
    computed: int = 0
    generated: int = 0
    queries: int = 0
    hits: int = 0


@dataclass(slots=True)
class StatsLine:
    """The stats line of one rank."""

    number: int
    rank: LiveRank
    counts: LoggedCounts
    hit_rate: float = field(default=0.0)
    """Hit rate of the last interval with prefix cache queries."""

    def line(self, now: float) -> str | None:
        """Return the line, or None for an idle rank; cached prompt tokens do not count as prompt throughput."""
        tally, counts, before = self.rank.tally, self.rank.core.counts, self.counts
        computed, generated = tally.prompt_tokens - tally.cached_tokens, tally.generation_tokens
        self.counts = LoggedCounts(now, computed, generated, counts.queries, counts.hits)
        if counts.queries > before.queries:
            self.hit_rate = (counts.hits - before.hits) / (counts.queries - before.queries)
        gauges = tally.gauges
        quiet = computed == before.computed and generated == before.generated
        if quiet and not gauges.running and not gauges.waiting:
            return None
        seconds = now - before.at
        return (
            f"INFO Engine {self.number:03d}: "
            f"Avg prompt throughput: {(computed - before.computed) / seconds:.1f} tokens/s, "
            f"Avg generation throughput: {(generated - before.generated) / seconds:.1f} tokens/s, "
            f"Running: {gauges.running} reqs, Waiting: {gauges.waiting} reqs, "
            f"GPU KV cache usage: {gauges.usage:.1%}, Prefix cache hit rate: {self.hit_rate:.1%}"
        )

"""The decode batch line that SGLang 0.5.23 logs: `srt/managers/scheduler_components/metrics_reporter.py`."""

from dataclasses import dataclass

from fairlead.emulator.engine.rank import LiveRank


@dataclass(slots=True)
class DecodeLine:
    """The line of one rank; the real one comes every so many steps, this one every ten seconds."""

    rank: LiveRank
    at: float
    tokens: int
    """Tokens that the cache holds."""
    generated: int = 0

    def line(self, now: float) -> str | None:
        """Return the line, or None for an idle rank."""
        gauges, before = self.rank.tally.gauges, self.generated
        self.generated = self.rank.tally.generation_tokens
        seconds, self.at = now - self.at, now
        if not gauges.running and not gauges.waiting and self.generated == before:
            return None
        return (
            f"Decode batch, #running-req: {gauges.running}, #token: {round(gauges.usage * self.tokens)}, "
            f"token usage: {gauges.usage:.2f}, cuda graph: True, gen throughput (token/s): "
            f"{(self.generated - before) / seconds:.2f}, #queue-req: {gauges.waiting},"
        )

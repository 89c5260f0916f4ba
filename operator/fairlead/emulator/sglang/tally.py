"""One rank's counts as SGLang 0.5.23 exposes them: by stream or not, and as of its last update.

Its scheduler updates gauges and token counts with each batch of prompts, and every so many steps while only answers are
generated; its server's totals grow when a request ends. A request without a stream reports its first token up to 50
tokens late, since so many are sent to the server at once.
"""

from dataclasses import dataclass, field
from typing import Final

from fairlead.emulator.engine.metrics.tally import FinishedSequence, RankTally, StepGauges
from fairlead.emulator.engine.submitted_jobs import RunningSequence
from fairlead.simulator.engine.batch import StepBatch
from fairlead.telemetry import sglang_families as families
from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricFamily

SENT_AT_ONCE: Final = 50
"""Tokens between two reports to the server, for a request without a stream: `srt/managers/scheduler_components`."""


@dataclass(slots=True)
class StreamTotals:
    """Totals of requests with a stream, or of those without one."""

    requests: int = 0
    prompt_tokens: int = 0
    generation_tokens: int = 0


@dataclass(slots=True)
class SchedulerTotals:
    """What the scheduler has computed since the start."""

    computed: int = 0
    cached: int = 0
    decoded: int = 0


@dataclass(slots=True)
class SglangTally(RankTally):
    """Counts of one rank; `shown` and `published` are those of the scheduler's last update."""

    refreshed_steps: int = 1
    first_token_bounds: tuple[float, ...] = ()
    totals: dict[str, StreamTotals] = field(default_factory=dict)
    """By `is_streaming`; absent before the first request of that kind."""
    histograms: dict[tuple[str, str], MetricHistogram] = field(default_factory=dict)
    """By family and, if the family has that label, `is_streaming`."""
    histogram: MetricHistogram = field(default_factory=lambda: MetricHistogram(families.STAGE.bounds))
    """From a prompt's first step to its last."""
    live: SchedulerTotals = field(default_factory=SchedulerTotals)
    published: SchedulerTotals = field(default_factory=SchedulerTotals)
    shown: StepGauges = field(default_factory=StepGauges)
    aborts: int = 0
    steps: int = 0
    begun: int = 0
    """Replies that began in this step; a run showed that their first tokens count only for the prompt's step."""

    def stepped(self, batch: StepBatch, generated: int) -> None:
        """Count a step, and update what is shown if due."""
        RankTally.stepped(self, batch, generated)
        self.steps += 1
        self.live.computed += batch.prefill_tokens
        self.live.decoded += generated - self.begun
        self.begun = 0
        if batch.prefill_tokens or self.steps % self.refreshed_steps == 0 or not self.gauges.running:
            self.update()

    def update(self) -> None:
        """Show the current values."""
        self.shown = self.gauges
        self.published = SchedulerTotals(self.live.computed, self.live.cached, self.live.decoded)

    def first(self, sequence: RunningSequence, now: float) -> None:
        """Count the cached tokens of a prompt; only a stream reports its first token at once."""
        RankTally.first(self, sequence, now)
        self.begun += 1
        self.live.cached += sequence.cached_tokens
        self.histogram.observe(max(0.0, now - (sequence.scheduled or now)))
        if sequence.job.job.each_step:
            self._observe(families.FIRST_TOKEN, now - sequence.came, streaming="true")

    def later(self, gap: float, times: int) -> None:
        """Count an inter-token latency shared by `times` outputs."""
        self.of(families.INTER_TOKEN).observe_often(gap, times)

    def ended(self, sequence: RunningSequence, finished: FinishedSequence) -> None:
        """Count a completed sequence; one whose client disconnected is not counted."""
        RankTally.ended(self, sequence, finished)
        streaming = "true" if sequence.job.job.each_step else "false"
        totals = self.totals.setdefault(streaming, StreamTotals())
        totals.requests += 1
        totals.prompt_tokens += sequence.prompt_tokens
        totals.generation_tokens += sequence.emitted
        pace = (finished.now - sequence.begun) / (sequence.emitted - 1) if sequence.emitted > 1 else None
        if streaming == "false":
            late = (min(SENT_AT_ONCE, sequence.emitted) - 1) * (pace or 0.0)
            self._observe(families.FIRST_TOKEN, sequence.begun - sequence.came + late, streaming=streaming)
        if pace is not None:
            self._observe(families.PER_TOKEN, pace, streaming=streaming)
        self._observe(families.END_TO_END, finished.now - sequence.came, streaming=streaming)
        for family, sample in (
            (families.QUEUE, finished.queue),
            (families.PROMPT_SIZE, sequence.prompt_tokens),
            (families.COMPUTED, sequence.prompt_tokens - sequence.cached_tokens),
            (families.REPLY_SIZE, sequence.emitted),
        ):
            self.of(family).observe(sample)

    def aborted(self, sequences: int) -> None:
        """Count sequences that the engine itself ended early."""
        RankTally.aborted(self, sequences)
        self.aborts += sequences

    def of(self, family: MetricFamily, streaming: str = "") -> MetricHistogram:
        """Return a histogram, which exists from its first sample on."""
        made = self.histograms.get((family.name, streaming))
        if made is None:
            own = self.first_token_bounds if family is families.FIRST_TOKEN else ()
            made = self.histograms[family.name, streaming] = MetricHistogram(own or family.bounds)
        return made

    def _observe(self, family: MetricFamily, sample: float, *, streaming: str) -> None:
        self.of(family, streaming).observe(sample)

"""One rank's counts as vLLM 0.32 exposes them: its histograms beside what every kind counts."""

from dataclasses import dataclass, field

from fairlead.emulator.engine.metrics.tally import FinishedSequence, RankTally
from fairlead.emulator.engine.submitted_jobs import RunningSequence, SubmittedJob
from fairlead.simulator.engine.batch import StepBatch
from fairlead.telemetry import engine_families as families
from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricFamily


@dataclass(slots=True)
class VllmTally(RankTally):
    """Counts and histograms; vLLM keeps every set of adapters that ever ran."""

    context_tokens: int = 0
    finished: dict[str, int] = field(default_factory=lambda: dict.fromkeys(families.FINISHES, 0))
    histograms: dict[str, MetricHistogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create every histogram, so that it is exposed before its first sample."""
        tokens = families.token_counts(self.context_tokens)
        for family in families.HISTOGRAMS:
            self.histograms[family.name] = MetricHistogram(family.bounds or tokens)

    def of(self, family: MetricFamily) -> MetricHistogram:
        """Return the histogram of a family."""
        return self.histograms[family.name]

    def stepped(self, batch: StepBatch, generated: int) -> None:
        """Count one step's computed and generated tokens."""
        RankTally.stepped(self, batch, generated)
        self.of(families.ITERATION).observe(batch.prefill_tokens + generated)

    def first(self, sequence: RunningSequence, now: float) -> None:
        """Count a prompt at its first token, as vLLM does."""
        RankTally.first(self, sequence, now)
        self.of(families.FIRST_TOKEN).observe(now - sequence.came)

    def later(self, gap: float, times: int) -> None:
        """Count an inter-token latency shared by `times` outputs."""
        self.of(families.INTER_TOKEN).observe_often(gap, times)

    def ended(self, sequence: RunningSequence, finished: FinishedSequence) -> None:
        """Count a completed sequence; one whose client disconnected is not counted."""
        RankTally.ended(self, sequence, finished)
        whole, decode = finished.now - sequence.came, finished.now - sequence.begun
        tokens = sequence.emitted
        for family, sample in (
            (families.END_TO_END, whole),
            (families.QUEUE, finished.queue),
            (families.PREFILL, finished.prefill),
            (families.DECODE, decode),
            (families.INFERENCE, finished.prefill + decode),
            (families.PER_TOKEN, decode / (tokens - 1) if tokens > 1 else 0.0),
            (families.PROMPT_SIZE, sequence.prompt_tokens),
            (families.REPLY_SIZE, tokens),
            (families.MAX_TOKENS, sequence.max_tokens),
            (families.PREEMPTIONS, sequence.preemptions),
            (families.COMPUTED, sequence.prompt_tokens - sequence.cached_tokens),
        ):
            self.of(family).observe(sample)

    def answered(self, job: SubmittedJob) -> None:
        """Add what vLLM records once per prompt, when all its sequences have completed."""
        choices = job.job.n
        for first in range(0, len(job.runs), choices):
            together = job.runs[first : first + choices]
            self.of(families.CHOICES).observe(choices)
            self.of(families.MAX_REPLY).observe(max(sequence.emitted for sequence in together))

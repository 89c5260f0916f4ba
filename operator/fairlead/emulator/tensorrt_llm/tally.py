"""One rank's counts as TensorRT-LLM exposes them: nothing changes before a request ends."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.emulator.engine.metrics.tally import FinishedSequence, RankTally
from fairlead.emulator.engine.submitted_jobs import RunningSequence
from fairlead.emulator.tensorrt_llm.iterations import IterationBuffer, IterationStatistics
from fairlead.simulator.engine.batch import StepBatch
from fairlead.telemetry import tensorrt_families as families
from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricFamily


@dataclass(slots=True)
class TensorRtTally(RankTally):
    """Counts of ended requests, and the statistics of steps."""

    max_running: int = 0
    blocks: int = 0
    block_tokens: int = 0
    iterations: IterationBuffer = field(default_factory=IterationBuffer)
    histograms: dict[str, MetricHistogram] = field(default_factory=dict)
    """By family; absent before the first request has ended."""
    prompts: int = 0
    cached: int = 0
    outputs: int = 0
    """Tokens of ended requests."""
    completed: int = 0
    _steps: int = 0
    _begun: int = 0
    """Requests in the batch when the step began."""
    _ended: int = 0
    """Requests that ended in the step."""

    def stepped(self, batch: StepBatch, generated: int) -> None:
        """Record the statistics of a step, and show them if a request ended in it."""
        RankTally.stepped(self, batch, generated)
        self._steps += 1
        self.iterations.made.append(
            IterationStatistics(
                number=self._steps,
                running=max(self._begun, batch.prefills + batch.decodes),
                waiting=self.gauges.waiting,
                completed=self._ended,
                max_running=self.max_running,
                prompts=batch.prefills,
                decodes=batch.decodes,
                blocks=self.blocks,
                used=round(self.gauges.usage * self.blocks),
                block_tokens=self.block_tokens,
            )
        )
        if self._ended:
            self.iterations.collect()
        self._begun, self._ended = self.gauges.running, 0

    def ended(self, sequence: RunningSequence, finished: FinishedSequence) -> None:
        """Count a completed sequence; one whose client disconnected is not counted."""
        RankTally.ended(self, sequence, finished)
        self.completed += 1
        self._ended += 1
        self.prompts += sequence.prompt_tokens
        self.cached += sequence.cached_tokens
        self.outputs += sequence.emitted
        decode = finished.now - sequence.begun
        samples = {
            families.END_TO_END: finished.now - sequence.came,
            families.FIRST_TOKEN: sequence.begun - sequence.came,
            families.QUEUE: finished.queue,
            families.PREFILL: finished.prefill,
            families.INFERENCE: finished.prefill + decode,
        }
        if sequence.emitted > 1:
            samples |= {families.DECODE: decode, families.PER_TOKEN: decode / (sequence.emitted - 1)}
        for family, seconds in samples.items():
            self._of(family).observe(seconds)

    def taken(self) -> Sequence[dict[str, Any]]:
        """Return and clear unread statistics."""
        return self.iterations.taken()

    def _of(self, family: MetricFamily) -> MetricHistogram:
        return self.histograms.setdefault(family.name, MetricHistogram(family.bounds))

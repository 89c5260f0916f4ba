"""Counts of a run: answers, failures by reason, tokens, and how long the rest will take."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fairlead.batching.reply_facts import TokenUsage

_MAX_REASONS: Final = 20
_OTHERS: Final = "other reasons"


class RunEnd(StrEnum):
    """Why a run sends nothing more."""

    COMPLETE = "Complete"
    INTERRUPTED = "Interrupted"
    """By a signal."""
    TIME_OVER = "TimeOver"
    """`--until` is reached."""
    NO_ANSWERS = "NoAnswers"
    """Nothing was answered for as long as `--give-up-after` allows."""
    UNUSABLE = "Unusable"
    """The address refuses the key."""
    INPUT_CHANGED = "InputChanged"
    """A line was written anew while the run read the file."""


_COMPLETE_AFTER: Final = (RunEnd.INTERRUPTED, RunEnd.TIME_OVER, RunEnd.COMPLETE)


@dataclass(slots=True, kw_only=True)
class RunTally:
    """The counts; the requests that the output had answers to before are apart."""

    requests: int
    before: int = 0
    answered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """By reason: status and code."""
    retries: Counter[str] = field(default_factory=Counter)
    """Attempts that were repeated, by reason."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    @property
    def failed(self) -> int:
        """Return how many requests failed for good."""
        return self.failures.total()

    @property
    def left(self) -> int:
        """Return how many requests have neither an answer nor a failure."""
        return self.requests - self.before - self.answered - self.failed

    def end_of(self, end: RunEnd) -> RunEnd:
        """Return how the run ended: complete if nothing was left, whatever stopped it; else not."""
        if end not in _COMPLETE_AFTER:
            return end
        if not self.left:
            return RunEnd.COMPLETE
        return RunEnd.INPUT_CHANGED if end is RunEnd.COMPLETE else end

    def add_answer(self, usage: TokenUsage) -> None:
        """Count an answer."""
        self.answered += 1
        self.prompt_tokens += usage.prompt
        self.cached_tokens += usage.cached
        self.output_tokens += usage.output

    def add_failure(self, reason: str) -> None:
        """Count a failure."""
        _add(self.failures, reason)

    def add_retry(self, reason: str) -> None:
        """Count an attempt that is repeated."""
        _add(self.retries, reason)

    def seconds_left(self, elapsed_s: float) -> float | None:
        """Estimate by the pace so far; None before the first request ended."""
        ended = self.answered + self.failed
        return self.left * elapsed_s / ended if ended else None


def _add(counts: Counter[str], reason: str) -> None:
    counts[reason if reason in counts or len(counts) < _MAX_REASONS else _OTHERS] += 1

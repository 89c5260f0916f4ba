"""Samples of the last so many seconds, as autoscalers keep them: their mean, or the largest of them."""

from collections import deque


class SampleWindow:
    """Samples by time; a mean before the window is full is that of what there is."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, at: float, value: float) -> None:
        """Keep a sample, and forget those that are too old."""
        self._samples.append((at, value))
        while self._samples[0][0] <= at - self._seconds:
            self._samples.popleft()

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def mean(self) -> float:
        """Of all samples in the window."""
        return sum(value for _, value in self._samples) / len(self._samples)

    @property
    def least(self) -> float:
        """The smallest sample in the window."""
        return min(value for _, value in self._samples)

    @property
    def most(self) -> float:
        """The largest sample in the window."""
        return max(value for _, value in self._samples)

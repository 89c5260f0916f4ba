"""Samples of the last seconds, as autoscalers keep them: their mean, smallest or largest."""

from collections import deque


class SampleWindow:
    """Samples by time; before the window is full, the mean covers what it has."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, at: float, value: float) -> None:
        """Add a sample and drop those that are too old."""
        self._samples.append((at, value))
        while self._samples[0][0] <= at - self._seconds:
            self._samples.popleft()

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def mean(self) -> float:
        """Mean of all samples in the window."""
        return sum(value for _, value in self._samples) / len(self._samples)

    @property
    def least(self) -> float:
        """The smallest sample in the window."""
        return min(value for _, value in self._samples)

    @property
    def most(self) -> float:
        """The largest sample in the window."""
        return max(value for _, value in self._samples)

"""Burn rates: how much faster than allowed an error budget is spent, over a long window and a short one.

The long window shows that it matters, the short one that it continues. The factors are those of a budget for 30 days:
14.4 spends 2 % of it in an hour, 6 spends 5 % in six hours, 3 spends 10 % in a day, 1 spends 10 % in three days.
"""

from typing import Final

from monitoring import recording

FAST: Final = (("1h", "5m", 14.4), ("6h", "30m", 6.0))
SLOW: Final = (("1d", "2h", 3.0), ("3d", "6h", 1.0))

AVAILABILITY: Final = 0.99
"""The share of requests that must be answered; no policy sets one, so it is the same for all deployments."""
PERCENTILE: Final = 0.95
"""The share of latencies that a policy's objectives apply to: all of them are p95."""


FEWEST: Final = 10
"""Bad events that an alert takes in its long window: of three requests in a night, one may fail."""


def of_requests(windows: tuple[tuple[str, str, float], ...]) -> str:
    """True while requests fail faster than the budget allows."""
    return _burns(recording.failed, recording.REQUESTS, windows, 1 - AVAILABILITY)


def of_latencies(windows: tuple[tuple[str, str, float], ...]) -> str:
    """True while latencies miss their objective faster than the budget allows."""
    return _burns(recording.missed, recording.LATENCIES, windows, 1 - PERCENTILE)


def _burns(share: recording.Share, seen: str, windows: tuple[tuple[str, str, float], ...], budget: float) -> str:
    return " or ".join(
        f"({share(long)} > {factor * budget:.4g} and {share(short)} > {factor * budget:.4g} "
        f"and {share(long)} * {recording.counted(seen, long)} >= {FEWEST})"
        for long, short, factor in windows
    )

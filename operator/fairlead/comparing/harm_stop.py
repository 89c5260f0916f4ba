"""Early stop for harm: a bet, item by item, against "the candidate is at most the margin worse".

While the candidate is within the margin, capital that bets on harm grows past 1/alpha with a probability of at most
alpha, over any number of analyses. It is averaged over stakes, and depends only on the answers, not on their order.
"""

from collections import Counter
from collections.abc import Sequence
from math import log1p
from typing import Final, NamedTuple

from fairlead.comparing.fault_evidence import mean_of_logs

STAKES: Final = 20
ALPHA: Final = 0.05


class ClusterSum(NamedTuple):
    """The items of one cluster: their number, and gains minus losses."""

    items: float
    gain: float


def capital(clusters: Sequence[ClusterSum], margin: float) -> float:
    """What a capital of 1 has grown to; a cluster is one bet, of at most what the largest cluster can lose."""
    if not clusters:
        return 1.0
    largest = max(one.items for one in clusters)
    payoffs = Counter((one.gain + margin * one.items) / largest for one in clusters).items()
    return mean_of_logs([sum(times * log1p(-stake * one) for one, times in payoffs) for stake in stakes(margin)])


def stakes(margin: float) -> tuple[float, ...]:
    """Shares of the capital that are bet; even the largest leaves something after a gain."""
    return tuple((place + 0.5) / STAKES / (1 + margin) for place in range(STAKES))


def stopped(clusters: Sequence[ClusterSum], margin: float, alpha: float = ALPHA) -> bool:
    """Whether harm is shown."""
    return capital(clusters, margin) >= 1 / alpha

"""The cache-aware policy that vllm-router and sglang-router share: an approximate tree of prompts sent to replicas.

Published parameters (`router_args.py` of vllm-router 0.1.17 and sglang-router 0.3.2): the fleet is out of balance when
its largest and smallest request counts differ by more than an absolute threshold and by more than a relative one; then
the replica with the smallest count gets the request. In balance, the replica that got the longest prefix gets it, if
that is more than a share of the prompt. Otherwise vllm-router chooses the replica with the smallest tree, and
sglang-router, since sgl-project/sglang#14650, the one with the smallest request count.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Chosen

CHARACTERS_A_TOKEN: Final = 4
"""Assumed characters per token, since their trees count characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAwareSettings:
    """Settings as both projects publish them."""

    cache_threshold: float = 0.3
    balance_abs_threshold: int = 64
    balance_rel_threshold: float = 1.5
    eviction_s: float = 60.0
    tree_characters: int = 2**26
    smallest_tree: bool = False
    """Whether a prompt without a sufficient match goes to the smallest tree, not to the smallest request count."""


SGLANG_ROUTER: Final = CacheAwareSettings()
VLLM_ROUTER: Final = CacheAwareSettings(eviction_s=120.0, tree_characters=2**25, smallest_tree=True)


class CacheAwareBalancer:
    """One router with this policy."""

    def __init__(self, settings: CacheAwareSettings, page_tokens: int, block_pages: int) -> None:
        self._settings = settings
        self._page_tokens = page_tokens
        self._step = block_pages
        """Blocks of a prompt per tree node; the originals' nodes are characters, which find no more."""
        self._last: dict[int, dict[int, None]] = {}
        """For each node, the replicas that got it, the latest last."""
        self._sent: dict[int, OrderedDict[int, None]] = {}
        self._evict_at = settings.eviction_s

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Choose by request counts if out of balance, else by the tree."""
        if arrival.time >= self._evict_at:
            self._evict_at = arrival.time + self._settings.eviction_s
            self._evict()
        nodes = arrival.prefix[self._step - 1 :: self._step]
        chosen = self._chosen(arrival, nodes, ready)
        sent = self._sent.setdefault(chosen.ordinal, OrderedDict())
        for node in nodes:
            places = self._last.setdefault(node, {})
            places.pop(chosen.ordinal, None)
            places[chosen.ordinal] = None
            sent[node] = None
            sent.move_to_end(node)
        return chosen

    def _chosen(self, arrival: RequestArrival, nodes: Sequence[int], ready: Sequence[Chosen]) -> Chosen:
        settings = self._settings
        idlest = min(ready, key=lambda one: one.requests)
        most = max(one.requests for one in ready)
        apart = most - idlest.requests > settings.balance_abs_threshold
        if apart and most > settings.balance_rel_threshold * idlest.requests:
            return idlest
        matched, holder = self._matched(nodes, ready)
        share = matched * self._step * self._page_tokens / arrival.prompt_tokens
        if holder is not None and share > settings.cache_threshold:
            return holder
        if settings.smallest_tree:
            return min(ready, key=lambda one: len(self._sent.get(one.ordinal, ())))
        return idlest

    def _matched(self, nodes: Sequence[int], ready: Sequence[Chosen]) -> tuple[int, Chosen | None]:
        """Return how many nodes match, and the replica that last got all of them."""
        holders: dict[int, None] = {}
        matched = 0
        for node in nodes:
            places = self._last.get(node)
            if not places:
                break
            holders = places
            matched += 1
        by_ordinal = {one.ordinal: one for one in ready}
        return matched, next((by_ordinal[one] for one in reversed(holders) if one in by_ordinal), None)

    def _evict(self) -> None:
        """Shrink each replica's tree to the published size, whatever the engine's cache holds."""
        most = self._settings.tree_characters // (CHARACTERS_A_TOKEN * self._step * self._page_tokens)
        for ordinal, sent in self._sent.items():
            while len(sent) > most:
                node, _ = sent.popitem(last=False)
                places = self._last[node]
                del places[ordinal]
                if not places:
                    del self._last[node]

"""Where a tenant's prompts diverge, by their block hashes: a date at the beginning makes everything after it new.

Hashes are chained, so whether prompts are alike again later is unknown. Their lengths are known: prompts that are never
shorter than some length mostly begin with a text of that length. So the reported loss is an upper bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival

LOOKED_AT: Final = 256
"""Blocks examined of a prompt, so that long ones do not fill the memory: 4,096 tokens in blocks of 16."""
FEWEST: Final = 20
"""Fewest requests with a common beginning for a report."""
OWN_WAYS: Final = 0.2
"""Different blocks at one position, per request: with fewer, most requests find one that was computed before."""
SHORTEST: Final = 0.05
"""Share of the requests that may be shorter than the text assumed in all."""
WORTH_NAMING: Final = 0.25
"""Share of the prompt tokens: below it, texts of any length would be reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptParting:
    """Requests of a tenant that begin alike, and the block from which hardly any two are alike."""

    tenant: str | None
    """None: the traffic names no tenant."""
    requests: int
    block: int
    """The first block that differs, counted from 0."""
    block_tokens: int
    ways: int
    """Different blocks at that position."""
    lost_tokens: int
    """Tokens after the divergence in nearly every prompt."""
    share: float
    """At most this share of all prompt tokens of these requests."""

    @property
    def shared_tokens(self) -> int:
        """Tokens before the divergence."""
        return self.block * self.block_tokens


@dataclass(frozen=True, slots=True)
class _Prompt:
    blocks: tuple[int, ...]
    tokens: int


def partings(arrivals: Iterable[RequestArrival], block_tokens: int) -> tuple[PromptParting, ...]:
    """Return all tenants' divergences, the largest loss first; prompts without hashes are ignored."""
    tenants: defaultdict[str | None, list[_Prompt]] = defaultdict(list)
    for one in arrivals:
        if one.prefix:
            tenants[one.client].append(_Prompt(one.prefix[:LOOKED_AT], one.prompt_tokens))
    found = [one for tenant, prompts in tenants.items() for one in _of_tenant(tenant, prompts, block_tokens)]
    return tuple(sorted(found, key=lambda one: -one.lost_tokens * one.requests))


def _of_tenant(tenant: str | None, prompts: list[_Prompt], block_tokens: int) -> Iterator[PromptParting]:
    """Follow beginnings that enough requests share until they diverge."""
    followed = [(0, prompts)]
    while followed:
        block, alike = followed.pop()
        ways: defaultdict[int, list[_Prompt]] = defaultdict(list)
        for one in alike:
            if len(one.blocks) > block:
                ways[one.blocks[block]].append(one)
        longer = sum(len(one) for one in ways.values())
        if longer < FEWEST:
            continue
        if len(ways) < OWN_WAYS * longer:
            followed += [(block + 1, one) for one in ways.values() if len(one) >= FEWEST]
            continue
        before, tokens = block * block_tokens, sum(one.tokens for one in alike)
        lost = _shortest(alike) - before
        share = sum(min(lost, one.tokens - before) for one in alike) / tokens
        if share >= WORTH_NAMING:
            yield PromptParting(
                tenant=tenant,
                requests=len(alike),
                block=block,
                block_tokens=block_tokens,
                ways=len(ways),
                lost_tokens=lost,
                share=share,
            )


def _shortest(prompts: Sequence[_Prompt]) -> int:
    """Return the tokens of nearly all of them."""
    return sorted(one.tokens for one in prompts)[int(SHORTEST * len(prompts))]

"""Where a tenant's prompts part, by the hashes of their blocks: a date at the beginning makes all behind it new.

Hashes are chained, so whether prompts would be alike again behind the place where they part is not known. What is known
is how long they all are: prompts that are never shorter than some length mostly begin with a text of that length. So
what is said to be lost is an upper bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival

LOOKED_AT: Final = 256
"""Blocks of a prompt, so that long ones do not fill the memory: 4,096 tokens in blocks of 16."""
FEWEST: Final = 20
"""Requests of one beginning, below which nothing is said."""
OWN_WAYS: Final = 0.2
"""Different blocks at one place, for each request: with fewer, most find one that was computed before."""
SHORTEST: Final = 0.05
"""Of the requests may be shorter than what is taken to be in all."""
WORTH_NAMING: Final = 0.25
"""Of the prompt tokens: below, texts of any length would be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptParting:
    """Requests of a tenant that begin alike, and the block from which on hardly two of them are alike."""

    tenant: str | None
    """None: the traffic names none."""
    requests: int
    block: int
    """The first that differs, counted from 0."""
    block_tokens: int
    ways: int
    """Different blocks at that place."""
    lost_tokens: int
    """Behind the parting in nearly every prompt."""
    share: float
    """Of all prompt tokens of these requests, at most."""

    @property
    def shared_tokens(self) -> int:
        """Before the parting."""
        return self.block * self.block_tokens


@dataclass(frozen=True, slots=True)
class _Prompt:
    blocks: tuple[int, ...]
    tokens: int


def partings(arrivals: Iterable[RequestArrival], block_tokens: int) -> tuple[PromptParting, ...]:
    """Of all tenants, those that lose most first; nothing of requests that name no blocks."""
    tenants: defaultdict[str | None, list[_Prompt]] = defaultdict(list)
    for one in arrivals:
        if one.prefix:
            tenants[one.client].append(_Prompt(one.prefix[:LOOKED_AT], one.prompt_tokens))
    found = [one for tenant, prompts in tenants.items() for one in _of_tenant(tenant, prompts, block_tokens)]
    return tuple(sorted(found, key=lambda one: -one.lost_tokens * one.requests))


def _of_tenant(tenant: str | None, prompts: list[_Prompt], block_tokens: int) -> Iterator[PromptParting]:
    """Beginnings that enough requests share are followed until they part."""
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
    """Tokens that nearly all of them have."""
    return sorted(one.tokens for one in prompts)[int(SHORTEST * len(prompts))]

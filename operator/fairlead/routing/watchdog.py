"""An engine that has work and says nothing: stuck, however healthy its probe is.

How long silence may last is learnt from the engine itself: its time to a first token and what a token of unread prompt
adds, four times over, never under the floor and never over the cap. One long prompt stretches its own limit, so it is
not taken for a stuck engine; a page of figures in which the cache moved counts as a sign of life, for answers that
come whole.
"""

from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing.endpoint import Endpoint

TIMES: Final = 4.0
"""Silence beyond the longest usual one."""
FLOOR_SECONDS: Final = 10.0
"""A first request of a new shape may compile for seconds; vllm#39863 stayed in rotation for 85 minutes."""
FORGETS: Final = 1 / 64
"""Of the scale, with each first token: a slow hour is forgotten within a few hundred requests."""
FEW_TOKENS: Final = 64
"""A shorter unread prompt says nothing of the speed of reading."""


def learn(endpoint: Endpoint, seconds: float, unread: int) -> None:
    """A first token came after so long, with so many tokens to read before it."""
    kept = endpoint.first_seconds * (1 - FORGETS)
    endpoint.first_seconds = seconds if seconds > kept and unread <= FEW_TOKENS else kept
    if unread > FEW_TOKENS:
        pace = seconds / unread
        kept = endpoint.token_seconds * (1 - FORGETS)
        endpoint.token_seconds = max(kept, pace)


def silence_limit(endpoint: Endpoint, cap: float) -> float:
    """Seconds of silence that are nothing unusual for it, with what it has to do now."""
    if not endpoint.token_seconds and not endpoint.first_seconds:
        return cap
    unread = endpoint.prompt_load + FEW_TOKENS
    usual = endpoint.first_seconds + endpoint.token_seconds * unread
    return min(cap, max(FLOOR_SECONDS, TIMES * usual))


def hang_reason(endpoint: Endpoint, now: float, cap: float) -> str | None:
    """Why it is to be taken out, or nothing."""
    if not endpoint.inflight:
        return None
    silent = now - endpoint.progress_at
    if silent <= FLOOR_SECONDS and silent <= cap:
        return None
    limit = silence_limit(endpoint, cap)
    if silent <= limit:
        return None
    inflight = count(endpoint.inflight, "request")
    return f"no progress for {silent:.0f} s with {inflight} in flight; its limit is {limit:.0f} s"

"""Detects an engine that has requests in flight and makes no progress: it hangs, however healthy its probe is.

The allowed silence is learnt from the engine: four times its time to first token and its prefill time for the unread
prompt tokens, never under the floor and never over the cap. A long prompt extends its own limit, so it is not taken for
a hang; a sample in which KV cache usage changed counts as progress, for replies that are not streamed.
"""

from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing.endpoint import Endpoint

TIMES: Final = 4.0
"""Allowed silence, as a multiple of the longest usual one."""
FLOOR_SECONDS: Final = 10.0
"""A first request of a new shape may compile for seconds; vllm#39863 stayed in rotation for 85 minutes."""
FORGETS: Final = 1 / 64
"""Decay of the scale with each first token: a slow hour is forgotten within a few hundred requests."""
FEW_TOKENS: Final = 64
"""Unread tokens below which a prompt is too short to measure prefill speed."""


def learn(endpoint: Endpoint, seconds: float, unread: int) -> None:
    """Learn from a first token after this many seconds, with this many prompt tokens to compute before it."""
    kept = endpoint.first_seconds * (1 - FORGETS)
    endpoint.first_seconds = seconds if seconds > kept and unread <= FEW_TOKENS else kept
    if unread > FEW_TOKENS:
        pace = seconds / unread
        kept = endpoint.token_seconds * (1 - FORGETS)
        endpoint.token_seconds = max(kept, pace)


def silence_limit(endpoint: Endpoint, cap: float) -> float:
    """Return the seconds of silence that are usual for the engine with its current load."""
    if not endpoint.token_seconds and not endpoint.first_seconds:
        return cap
    unread = endpoint.prompt_load + FEW_TOKENS
    usual = endpoint.first_seconds + endpoint.token_seconds * unread
    return min(cap, max(FLOOR_SECONDS, TIMES * usual))


def hang_reason(endpoint: Endpoint, now: float, cap: float) -> str | None:
    """Return why to eject the engine, if it hangs."""
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


def hung_since(endpoint: Endpoint, silent_since: float | None) -> float | None:
    """Return since when an ejected engine hangs, after a probe that it has not answered since then.

    One that produced something meanwhile is busy with its other requests, for which the probe waits in its queue.
    """
    first, produced = endpoint.hung_since, endpoint.progress_at
    if silent_since is None or produced > silent_since:
        return None
    return silent_since if first is None or produced > first else first

"""Reads from routers which endpoints they use. Knows the report's form; does not judge what it means."""

import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from fairlead.cluster import pod_http
from fairlead.fleet.endpoints import EndpointState, RouterEndpoint

PORT: Final = 9090
"""The metrics port, which is always plain HTTP."""
PATH: Final = "/fairlead/v1/endpoints"

MOST_WORDS: Final = 300
"""Characters of a reason, which goes into a condition and would be cut there in any case."""


async def endpoints(
    session: aiohttp.ClientSession, ip: str, key: str | None, port: int = PORT
) -> tuple[RouterEndpoint, ...] | None:
    """The endpoints that one router reports; None when it does not answer, which differs from having no endpoints."""
    text = await pod_http.fetch(session, f"http://{pod_http.host(ip)}:{port}{PATH}", key)
    return None if text is None else parsed(text)


def parsed(text: str) -> tuple[RouterEndpoint, ...] | None:
    """The report, by pod and address; None when it is invalid. Unknown states and fields of newer routers are fine."""
    try:
        found = json.loads(text)["endpoints"]
        return tuple(sorted(map(_endpoint, found), key=lambda one: (one.pod, one.address)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _endpoint(entry: Mapping[str, Any]) -> RouterEndpoint:
    state = entry.get("state")
    states = {one.value for one in EndpointState}
    return RouterEndpoint(
        pod=str(entry["pod"]),
        address=str(entry["address"]),
        state=EndpointState(state) if state in states else EndpointState.UNKNOWN,
        inflight=max(0, int(entry.get("inflight") or 0)),
        reason=str(entry.get("reason") or "")[:MOST_WORDS],
    )

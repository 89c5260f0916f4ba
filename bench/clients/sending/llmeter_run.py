"""llmeter: a load generator that uses the official client, with and without streaming."""

import asyncio
from importlib.metadata import version
from typing import Any, Final

from llmeter.endpoints.openai import (  # type: ignore[import-not-found]  # from the clients' environment
    OpenAICompletionEndpoint,
    OpenAICompletionStreamEndpoint,
)
from llmeter.runner import Runner  # type: ignore[import-not-found]

from bench.clients.sending.calls import MODEL, Call, Place, try_all

CLIENTS: Final = 8
EACH: Final = 12


def _run(place: Place, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - its types are not here
    endpoint = kind(model_id=MODEL, api_key=place.key, base_url=f"{place.url}/v1")
    payload = kind.create_payload("Tell me of the tide, please.", max_tokens=24)
    runner = Runner(endpoint)
    result = asyncio.run(runner.run(payload=payload, n_requests=EACH, clients=CLIENTS))
    stats: dict[str, Any] = result.stats
    assert stats["failed_requests"] == 0, stats
    assert stats["total_requests"] == CLIENTS * EACH, stats
    return stats


def _plain(place: Place) -> str:
    stats = _run(place, OpenAICompletionEndpoint)
    return f"{stats['total_requests']} requests, p99 {stats['time_to_last_token-p99'] * 1e3:.0f} ms"


def _streamed(place: Place) -> str:
    stats = _run(place, OpenAICompletionStreamEndpoint)
    first, last = stats["time_to_first_token-p99"], stats["time_to_last_token-p99"]
    return f"{stats['total_requests']} streams, first token p99 {first * 1e3:.0f} ms, whole p99 {last * 1e3:.0f} ms"


CALLS: Final[dict[str, Call]] = {"8 clients": _plain, "8 clients, streamed": _streamed}

if __name__ == "__main__":
    raise SystemExit(try_all("llmeter", version("llmeter"), CALLS))

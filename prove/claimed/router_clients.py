"""The router's compatibility claim: third-party clients, unchanged, are served through it."""

from typing import Final

from bench.clients import __main__ as clients
from bench.clients import rows, vllm_serve
from devcluster.cache import Cache
from prove.claims import Claim, Figure


def serves_real_clients() -> Figure:
    """Every call of every client, the load generators, and real vLLM as the engine."""
    cache = Cache.chosen()
    found = [*clients.run_clients(cache, frozenset()), vllm_serve.before_real_vllm(cache, cache.logs / "clients-bench")]
    loads = [f"{row.client}: {row.note}" for row in found if row.client in {"locust", "llmeter", "vllm bench serve"}]
    versions = sorted({f"{row.client} {row.version}" for row in found})
    return Figure(
        holds=all(row.well for row in found),
        text=f"{rows.verdict(found)} ({', '.join(versions)}); {'; '.join(loads)}",
    )


CLAIMS: Final = (
    Claim(
        item="router.7",
        title="The openai and anthropic clients' main calls, litellm, llmeter and locust succeed through the router; "
        "`vllm bench serve` loses at most 2 % throughput by it, and all its requests succeed before real vLLM on CPU",
        prove=serves_real_clients,
        slow=True,
    ),
)

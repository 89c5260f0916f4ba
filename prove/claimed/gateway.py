"""The gateway's claims except cost and clients: programs that end with their figure, on real router processes."""

from typing import Final

from bench.clients import __main__ as clients
from bench.clients import rows
from devcluster.cache import Cache
from prove import noted, programs
from prove.claimed.router import together
from prove.claims import Claim, Figure


def chooses_well() -> Figure:
    """Labelled tasks, models of stated accuracies, nine ways to route."""
    return together([programs.module("bench.right_sizing.served_frontier")])


def holds_limits() -> Figure:
    """Fifty tenants over their limits, with one router and with three."""
    return together([programs.module("bench.gateway_limits")])


def adds_up() -> Figure:
    """An hour on virtual time, by the router's own accounting."""
    return together([programs.module("bench.gateway_hour")])


def prices_failing_models() -> Figure:
    """Models that break schemas at stated rates."""
    return together([programs.module("bench.right_sizing.served_reliability")])


def changes_under_load() -> Figure:
    """On a real node: models move in and out, routes and tenants change, targets go."""
    ran = noted.pytest("tests/node/serving/test_gateways.py")
    return Figure(holds=ran.well and ran.unharmed, text=f"{ran.traffic}; {ran.ended.tests}")


def serves_real_clients() -> Figure:
    """Every call of every client, by the aliases of a gateway and with tenants' keys."""
    found = list(clients.run_gateway_clients(Cache.chosen(), frozenset()))
    versions = sorted({f"{row.client} {row.version}" for row in found})
    return Figure(
        holds=bool(found) and all(row.well for row in found),
        text=f"{rows.verdict(found)} ({', '.join(versions)})",
    )


def is_large_and_quick() -> Figure:
    """Routers that follow a simulated API server."""
    return together([programs.module("bench.gateway_scale")])


CLAIMS: Final = (
    Claim(
        item="gateway.1",
        title="Rules and cascades on labelled tasks and models of stated accuracies: cost and accuracy beside always "
        "large and always small, what is saved beside what is lost, and cost, escalations and misrouted tasks in the "
        "router's metrics equal to what models and clients counted",
        prove=chooses_well,
        slow=True,
    ),
    Claim(
        item="gateway.2",
        title="Fifty tenants that want more than they may have: one router lets nobody above its concurrency and no "
        "budget be exceeded by more than one request's reservation, three routers at most two requests above it and "
        "a budget by what began within a second, through streams, retries, fallbacks, cancels and restarts; nobody "
        "sees another tenant's cache, keys, usage or errors, and the time to refuse a wrong key says nothing of it",
        prove=holds_limits,
        slow=True,
    ),
    Claim(
        item="gateway.3",
        title="Over an hour with retries, hedges, cancelled and cut requests, a hang, replicas that come and go and "
        "another price, requests and idle time cost what the replicas cost to 0.1 % with one router, to 0.5 % with "
        "three",
        prove=adds_up,
    ),
    Claim(
        item="gateway.4",
        title="Of models that fail validation at 18 % and at 2 %, reported retry rates, shares of invalid answers and "
        "costs of a success equal the truth to the last request, and the cheap failing model against the dear reliable "
        "one comes out as on the page of costs",
        prove=prices_failing_models,
        slow=True,
    ),
    Claim(
        item="gateway.5",
        title="On a real node, under load: a model moves into a gateway and out again, routes, weights, rules and "
        "tenants change, a target is deleted and its fallback answers, without one failed request or cut stream",
        prove=changes_under_load,
        slow=True,
    ),
    Claim(
        item="gateway.6",
        title="openai, anthropic, litellm, langchain-openai and instructor, with its own retries of structured "
        "outputs, succeed through a gateway with tenants' keys and aliases",
        prove=serves_real_clients,
        slow=True,
    ),
    Claim(
        item="gateway.8",
        title="With 100 models, 200 tenants and 1,000 engine pods a change reaches all routers within 2 s, under load, "
        "and a router takes at most 150 MB",
        prove=is_large_and_quick,
        slow=True,
    ),
)

"""Attempts and requests for the accounting tests."""

from fairlead.accounting.request_cost import AttemptRecord, CostParts, RequestCost
from fairlead.accounting.token_rates import TokensUsed

SMALL, LARGE, OUTSIDE = "ns/small", "ns/large", "external/api"
NOON = 1_764_158_400.0
"""2025-11-26, 12:00 UTC."""


def attempt(target: str = SMALL, cost: float = 0.25, *, output: int = 10, **more: bool | None) -> AttemptRecord:
    used = TokensUsed(prompt=100, cached=40, output=output)
    flags = {"external": target.startswith("external/"), **more}
    revision = "" if flags["external"] else "r1"
    parts = CostParts(prefill=cost * 0.625, cached=cost * 0.125, decode=cost * 0.25)
    return AttemptRecord(target=target, revision=revision, used=used, cost=cost, parts=parts, **flags)  # type: ignore[arg-type]  # flags by their names


def request(*attempts: AttemptRecord, tenant: str = "acme", route: str = "chat", task: str = "") -> RequestCost:
    made = RequestCost(tenant=tenant, route=route, task=task)
    for one in attempts:
        made.add(one)
    return made

"""What tenants use and have spent, beside their limits."""

from typing import Final

from fairlead.console import figures
from fairlead.console.elements import Markup, section, table
from fairlead.console.facts import Manifest

HEADS: Final = ("Tenant", "Running", "Waiting", "Requests a minute", "Tokens a minute", "Spent", "Budget")


def tenants(status: Manifest) -> Markup | None:
    """Show the tenants of a status, if it has any."""
    found = status.get("tenants") or ()
    return section("Tenants", table(HEADS, map(_tenant, found))) if found else None


def _tenant(one: Manifest) -> tuple[str, ...]:
    period = one.get("budgetPeriod")
    return (
        str(one.get("name", "")),
        _of(one, "running", "maxConcurrency"),
        figures.count(one.get("waiting")),
        _of(one, "requests", "requestsPerMinute"),
        _of(one, "tokens", "tokensPerMinute"),
        figures.money(figures.number(one.get("spent"))),
        f"{figures.money(figures.number(one.get('budget')))}{f' in {period}' if period else ''}",
    )


def _of(one: Manifest, used: str, limit: str) -> str:
    most = f" of {figures.count(one[limit])}" if one.get(limit) is not None else ""
    return f"{figures.count(one.get(used))}{most}"

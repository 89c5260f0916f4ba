"""Gateways: their tenants' usage and spending, and the models that they serve."""

from collections.abc import Iterator, Sequence
from typing import Final

from fairlead.console import deployment_page, figures
from fairlead.console.document import PageFrame, document
from fairlead.console.elements import Markup, element, section, table
from fairlead.console.facts import Manifest, Remedies
from fairlead.review import diagnosis

HEADS: Final = ("Gateway", "Ready", "Deployments", "Models", "Tenants", "What is wrong")
TENANT_HEADS: Final = ("Tenant", "Running", "Waiting", "Requests a minute", "Tokens a minute", "Spent", "Budget")
MODEL_HEADS: Final = ("Model", "Answers", "Targets", "Why not")


def table_page(gateways: Sequence[Manifest], remedies: Remedies, frame: PageFrame) -> str:
    """List all gateways that the reader may see."""
    if not gateways:
        words = "There is no InferenceGateway in the namespaces that you may read."
        return document("Tenants and money", frame, element("p", words, class_="note"))
    rows = (_row(one, remedies, frame) for one in gateways)
    return document("Tenants and money", frame, table(HEADS, rows, text_from=5))


def page(gateway: Manifest, remedies: Remedies, frame: PageFrame) -> str:
    """Show one gateway."""
    about, status = gateway["metadata"], gateway.get("status") or {}
    found = diagnosis.diagnose(gateway, remedies).found
    return document(
        f"{about['namespace']}/{about['name']}",
        frame,
        element("div", *map(deployment_page.remedied, found), class_="verdict down") if found else None,
        section("Tenants", _tenants(status)),
        section("Models", _models(status)),
        deployment_page.conditions(status),
    )


def _row(gateway: Manifest, remedies: Remedies, frame: PageFrame) -> tuple[str, ...]:
    about, status = gateway["metadata"], gateway.get("status") or {}
    found, link = diagnosis.diagnose(gateway, remedies), frame.link("gateways", about["namespace"], about["name"])
    return (
        element("a", f"{about['namespace']}/{about['name']}", href=link),
        f"{status.get('readyReplicas') or 0} of {figures.count(status.get('replicas'))}",
        figures.count(status.get("deployments")),
        str(len(status.get("models") or ())),
        str(len(status.get("tenants") or ())),
        f"{found.found[0].reason}: {found.found[0].message}" if found.found else found.outdated,
    )


def _tenants(status: Manifest) -> Markup:
    tenants = status.get("tenants") or ()
    if not tenants:
        return element("p", "No tenant has sent a request yet, or the gateway has none.", class_="faint")
    return table(TENANT_HEADS, map(_tenant, tenants))


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


def _models(status: Manifest) -> Markup:
    models = status.get("models") or ()
    if not models:
        return element("p", "No deployment has joined, so no model is served.", class_="faint")
    rows = (
        (
            str(one.get("name", "")),
            "✓ yes" if one.get("ready") else "✗ no",
            ", ".join(_targets(one)),
            str(one.get("message") or ""),
        )
        for one in models
    )
    return table(MODEL_HEADS, rows, text_from=2)


def _targets(model: Manifest) -> Iterator[str]:
    for one in model.get("targets") or ():
        yield f"{one.get('name', '')} ({figures.count(one.get('routable'))} routable)"

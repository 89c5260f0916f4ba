"""Gateways: their tenants' usage and spending, and the models that they serve."""

from collections.abc import Iterator, Sequence
from typing import Final

from fairlead.console import deployment_page, diagnosis_section, figures, tenant_section
from fairlead.console.document import PageFrame, document
from fairlead.console.elements import Markup, element, section, table
from fairlead.console.facts import Manifest, Remedies
from fairlead.review import diagnosis

HEADS: Final = ("Gateway", "Ready", "Deployments", "Models", "Tenants", "What is wrong")
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
    return document(
        f"{about['namespace']}/{about['name']}",
        frame,
        diagnosis_section.section(diagnosis.diagnose(gateway, remedies, frame.home)),
        _tenants(status),
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
        diagnosis_section.trouble(found),
    )


def _tenants(status: Manifest) -> Markup:
    none = "No tenant has sent a request yet, or the gateway has none."
    return tenant_section.tenants(status) or section("Tenants", element("p", none, class_="faint"))


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

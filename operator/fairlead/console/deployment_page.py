"""One deployment: what is wrong first, then its current state, its history, and the reasons."""

from collections.abc import Iterator

from fairlead.console import decision_section, diagnosis_section, figures, rollout_section, tenant_section, timeline
from fairlead.console.document import PageFrame, document
from fairlead.console.elements import Markup, element, section, table
from fairlead.console.facts import DeploymentFacts, Manifest, Remedies
from fairlead.review import diagnosis
from fairlead.scaling.explain import decision_summary


def page(facts: DeploymentFacts, remedies: Remedies, frame: PageFrame) -> str:
    """Build the whole page."""
    found = diagnosis.diagnose(facts.document, remedies, frame.home)
    return document(
        f"{facts.namespace}/{facts.name}",
        frame,
        diagnosis_section.section(found),
        _now(facts),
        timeline.timelines(facts.points),
        decision_section.decision(facts, frame.link("deployments", facts.namespace, facts.name, "changes")),
        decision_section.decisions(facts),
        rollout_section.rollout(facts.status),
        tenant_section.tenants(facts.status),
        conditions(facts.status),
    )


def _now(facts: DeploymentFacts) -> Markup:
    cells = (element("div", element("dt", name), element("dd", value)) for name, value in _cells(facts))
    return section("Now", element("dl", *cells))


def _cells(facts: DeploymentFacts) -> Iterator[tuple[str, str]]:
    status = facts.status
    fit: Manifest = status.get("fit") or {}
    yield "Replicas ready", f"{status.get('readyReplicas') or 0} of {figures.count(status.get('desiredReplicas'))}"
    yield "Accelerators in use", figures.count(facts.accelerators)
    yield "Cost an hour", figures.money(figures.number((status.get("cost") or {}).get("perHour")))
    yield "KV tokens of a replica", figures.estimate(fit.get("kvTokens"))
    yield "Concurrency of a replica", figures.estimate(fit.get("concurrency"))
    yield "Endpoint", str(status.get("endpoint") or figures.UNKNOWN)
    if facts.record is None:
        return
    summary = decision_summary.summarize(facts.record)
    yield "Requests waiting", figures.count(summary.waiting)
    yield "Requests running", figures.count(summary.running)
    yield "KV cache in use", figures.share(summary.kv_usage)
    yield "Demand", figures.rate(summary.demand)
    yield "Supply", figures.rate(summary.supply)
    yield "First tokens in time", figures.share(summary.ttft_kept)
    yield "Time per token", figures.duration(summary.tpot_seconds)


def conditions(status: Manifest) -> Markup | None:
    """Show every condition unchanged."""
    held = status.get("conditions") or ()
    if not held:
        return None
    keys = ("type", "status", "reason", "message", "lastTransitionTime")
    rows = (tuple(str(one.get(key, "")) for key in keys) for one in held)
    return section("Conditions", table(("Type", "Status", "Reason", "Message", "Since"), rows, text_from=2))

"""A row of the fleet: a deployment's replicas and cost, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.console import diagnosis_section, figures
from fairlead.console.diagnosis_section import DOUBTFUL, DOWN, SERVES
from fairlead.console.facts import DeploymentFacts, Manifest, Remedies
from fairlead.review import diagnosis
from fairlead.review.diagnosis import Diagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One deployment."""

    namespace: str
    name: str
    ready: int
    wanted: int | None
    concurrency: str
    """Requests of the longest allowed context that fit in a replica at once."""
    accelerators: int
    cost_per_hour: float | None
    diagnosis: Diagnosis

    @property
    def state(self) -> str:
        """Its state, in one word."""
        return diagnosis_section.state(self.diagnosis)

    @property
    def trouble(self) -> str:
        """The first cause of what is wrong; empty if nothing is."""
        return diagnosis_section.trouble(self.diagnosis)


def rows(facts: Iterable[DeploymentFacts], remedies: Remedies) -> tuple[FleetRow, ...]:
    """Build the rows: down first, then doubtful, then by namespace and name."""
    order = (DOWN, DOUBTFUL, SERVES)
    made = (_row(one, remedies) for one in facts)
    return tuple(sorted(made, key=lambda row: (order.index(row.state), row.namespace, row.name)))


def _row(facts: DeploymentFacts, remedies: Remedies) -> FleetRow:
    status = facts.status
    fit: Manifest = status.get("fit") or {}
    return FleetRow(
        namespace=facts.namespace,
        name=facts.name,
        ready=status.get("readyReplicas") or 0,
        wanted=status.get("desiredReplicas"),
        concurrency=figures.estimate(fit.get("concurrency")),
        accelerators=facts.accelerators,
        cost_per_hour=figures.number((status.get("cost") or {}).get("perHour")),
        diagnosis=diagnosis.diagnose(facts.document, remedies),
    )

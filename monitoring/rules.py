"""Recording and alerting rules, and the form in which Prometheus reads groups of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

RUNBOOKS: Final = "https://fairlead.dev/docs/runbooks"
"""The published page docs/runbooks.md, with an anchor for each alert."""


class Severity(StrEnum):
    """Whether a person must respond at once."""

    CRITICAL = "critical"
    """Users notice now."""
    WARNING = "warning"
    """Respond in working hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """A query that is computed once for all its readers."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The form that Prometheus reads."""
        return {"record": self.record, "expr": self.expr} | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """When a person must look."""

    name: str
    expr: str
    lasts: str
    """How long it must be true without interruption."""
    severity: Severity
    summary: str
    description: str

    @property
    def anchor(self) -> str:
        """The anchor of its heading in the runbooks."""
        return self.name.lower()

    def document(self) -> dict[str, Any]:
        """The form that Prometheus reads."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasts,
            "labels": {"severity": self.severity.value},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}#{self.anchor}",
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated in this order."""

    name: str
    rules: tuple[RecordingRule | Alert, ...]
    interval: str = ""
    """Empty for Prometheus' default."""

    def document(self) -> dict[str, Any]:
        """The form that Prometheus reads."""
        rules = [one.document() for one in self.rules]
        return {"name": self.name} | ({"interval": self.interval} if self.interval else {}) | {"rules": rules}

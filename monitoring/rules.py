"""What a rule is here, recording or alerting, and the form in which Prometheus reads groups of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

RUNBOOKS: Final = "https://fairlead.dev/docs/runbooks"
"""The page docs/runbooks.md, where it is published; each alert has an anchor there."""


class Severity(StrEnum):
    """Whether somebody must get up for it."""

    CRITICAL = "critical"
    """Users notice now."""
    WARNING = "warning"
    """In working hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """A query that is computed once for all that read it."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {"record": self.record, "expr": self.expr} | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """When somebody is to look."""

    name: str
    expr: str
    lasts: str
    """How long it must be true without a break."""
    severity: Severity
    summary: str
    description: str

    @property
    def anchor(self) -> str:
        """Of its heading in the runbooks."""
        return self.name.lower()

    def document(self) -> dict[str, Any]:
        """As Prometheus reads it."""
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
    """Rules that are computed one after the other, in this order."""

    name: str
    rules: tuple[RecordingRule | Alert, ...]
    interval: str = ""
    """Empty: as often as Prometheus does by default."""

    def document(self) -> dict[str, Any]:
        """As Prometheus reads it."""
        rules = [one.document() for one in self.rules]
        return {"name": self.name} | ({"interval": self.interval} if self.interval else {}) | {"rules": rules}

"""Queries of our metric families: names as in the code, and labels that select what a dashboard shows.

A deployment's family is selected by the dashboard's variables; that of a whole process by the process's namespace.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.telemetry import autoscaler_metrics
from fairlead.telemetry.metric_family import MetricFamily

DEPLOYMENT: Final = "fairlead_dev_deployment"
"""The label by which a scrape of routers and engines names their deployment, as the chart's PodMonitor gives it."""
REPLICA: Final = "exported_pod"
"""The router's own label `pod`, an engine, as renamed by Prometheus, where `pod` is the scraped router."""
OF_EACH: Final = ("namespace", DEPLOYMENT)
"""The labels that routers of one deployment, or of one gateway, have in common."""
INTERVAL: Final = "$__rate_interval"
OF_SERVING: Final = f'namespace=~"$namespace", {DEPLOYMENT}=~"$deployment"'
OF_DECISIONS: Final = 'namespace=~"$namespace", name=~"$deployment"'
OF_OPERATOR: Final = 'namespace=~"$namespace"'


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel, and the legend of its lines."""

    text: str
    legend: str = ""


def scope(family: MetricFamily) -> str:
    """The matchers of the dashboard's variables for this family; the autoscaler's totals have no deployment."""
    if family.name.startswith("fairlead_operator_"):
        return OF_OPERATOR
    if family in autoscaler_metrics.FAMILIES:
        return OF_DECISIONS if family.labels[:2] == autoscaler_metrics.OF_ONE else ""
    return OF_SERVING


def selected(family: MetricFamily, where: str = "", suffix: str = "") -> str:
    """The series of a family; `where` adds matchers, `suffix` names a part of a histogram."""
    matchers = ", ".join(filter(None, (scope(family), where)))
    return f"{family.name}{suffix}{{{matchers}}}" if matchers else f"{family.name}{suffix}"


def total(family: MetricFamily, *by: str, where: str = "", how: str = "sum") -> str:
    """A gauge, summed (or the maximum: `how`) by these labels."""
    return f"{how}{_by(by)}({selected(family, where)})"


def highest(family: MetricFamily, *by: str, each: tuple[str, ...] = OF_EACH, where: str = "") -> str:
    """A gauge that every process of a group shows, by these labels: the highest of each group, added up."""
    return f"sum{_by(by)}({total(family, *each, *by, where=where, how='max')})"


def rate(family: MetricFamily, *by: str, where: str = "", suffix: str = "") -> str:
    """The rate of a counter per second, by these labels."""
    return f"sum{_by(by)}(rate({selected(family, where, suffix)}[{INTERVAL}]))"


def quantile(share: float, family: MetricFamily, *by: str, where: str = "") -> str:
    """A quantile of a histogram, by these labels."""
    return f"histogram_quantile({share}, {rate(family, 'le', *by, where=where, suffix='_bucket')})"


def mean(family: MetricFamily, *by: str) -> str:
    """The mean of a histogram, by these labels."""
    return f"{rate(family, *by, suffix='_sum')} / {rate(family, *by, suffix='_count')}"


def or_zero(query: str) -> str:
    """Zero where there is no series, since the counted event never happened."""
    return f"({query} or vector(0))"


def of_deployments(series: str) -> str:
    """Series of routers, labelled by the deployment that served: a gateway's `target` names it, as namespace/name."""
    named = f'label_replace({series}, "{DEPLOYMENT}", "$1", "target", "[^/]+/(.+)")'
    return f'label_replace({named}, "namespace", "$1", "target", "([^/]+)/.+")'


def either(*queries: str) -> str:
    """The series of all: different kinds of engines report the same under different names."""
    return f"({' or '.join(queries)})"


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)}) " if labels else ""

"""The chart's values for observing an installation: metrics, the console, dashboards and alerts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Namespace = Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Texts = dict[str, str]


class Group(BaseModel):
    """Values that belong together; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, validate_by_name=True)


class PodMonitor(Group):
    """For the Prometheus operator."""

    enabled: bool = Field(default=False, description="Create a PodMonitor; its CRD must be installed.")
    interval: str = Field(default="30s", pattern="^[0-9]+(ms|s|m)$", description="How often Prometheus scrapes.")
    labels: Texts = Field(default={}, description="Labels that your Prometheus selects monitors by.")


class ServingPodMonitor(PodMonitor):
    """For the Prometheus operator; one for routers and one for engines."""

    namespaces: list[Namespace] = Field(
        default=[],
        description="Namespaces whose pods are scraped; empty means those of `watchNamespaces`, or all. Any pod there "
        "with a router's labels receives the token, so name them where others may create pods in the cluster.",
        json_schema_extra={"uniqueItems": True},
    )


class Metrics(Group):
    """The operator's own metrics, on port 9090."""

    service: bool = Field(default=True, description="Create a Service for them.")
    pod_monitor: PodMonitor = Field(default=PodMonitor(), description="For the Prometheus operator.")


class Console(Group):
    """The console: pages that show the fleet, on port 9091 of the operator, for readers whom Kubernetes authorizes."""

    enabled: bool = Field(
        default=False,
        description="Serve it, and let the operator review tokens and rights; `fairlead console` opens it.",
    )
    service: bool = Field(
        default=False,
        description="Create a Service for it, for a proxy that sends users' tokens; `fairlead console` needs none.",
    )


class Serving(Group):
    """Routers and engines of all deployments, in any namespace."""

    monitoring_namespace: str = Field(
        default="",
        pattern="^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$",
        description="Namespace whose pods may read the metrics of routers and engines; empty means that only the "
        "operator may.",
    )
    pod_monitor: ServingPodMonitor = Field(
        default=ServingPodMonitor(),
        description="For the Prometheus operator; one for routers and one for engines. Set `monitoringNamespace` too: "
        "without it the NetworkPolicies of routers and engines refuse every scrape. Routers require a token, which the "
        "chart also creates: a Secret with the release's full name and `-scraper`, whose owner may get /metrics and "
        "nothing else.",
    )


class Dashboards(Group):
    """Dashboards for Grafana, as ConfigMaps that its sidecar loads."""

    enabled: bool = Field(default=False, description="Create the ConfigMaps, one per dashboard.")
    labels: Texts = Field(
        default={"grafana_dashboard": "1"}, description="Labels that your Grafana's sidecar selects dashboards by."
    )
    annotations: Texts = Field(
        default={}, description="On the ConfigMaps, for instance `grafana_folder` for the sidecar's folders."
    )


class Alerts(Group):
    """Recording rules and alerts for the Prometheus operator."""

    enabled: bool = Field(
        default=False,
        description="Create a PrometheusRule; its CRD must be installed. Without the Prometheus operator, give "
        "Prometheus the file dashboards/rules.yaml.",
    )
    labels: Texts = Field(default={}, description="Labels that your Prometheus selects rules by.")

"""The chart's values as one model: each value, its default, and the reason to set it.

`values.yaml`, `values.schema.json` and docs/reference/values.md are generated from it; nothing here renders a template.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from house.chart_view_values import Alerts, Console, Dashboards, Group, Metrics, Serving, Texts

Namespace = Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Objects = list[dict[str, Any]]


class Image(Group):
    """The only image: operator, routers and simulated engines."""

    repository: str = Field(
        default="registry.fairlead.dev/fairlead", min_length=1, description="Where the image lies, without its tag."
    )
    tag: str = Field(default="", description="Empty means the chart's appVersion.")
    digest: str = Field(
        default="",
        pattern="^(sha256:[0-9a-f]{64})?$",
        description="`sha256:...`; pins the image whatever becomes of its tag.",
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="When a node asks the registry."
    )


class PullSecret(Group):
    """A Secret with registry credentials."""

    name: str = Field(min_length=1, description="Name of a Secret in the release's namespace.")


class ServiceAccount(Group):
    """The operator's ServiceAccount."""

    create: bool = Field(default=True, description="Make one; with `false`, `name` must say which to use.")
    name: str = Field(default="", description="Empty means the release's full name.")
    annotations: Texts = Field(default={}, description="For instance a cloud's workload identity.")


class Rbac(Group):
    """The operator's permissions."""

    create: bool = Field(default=True, description="Make its roles and bindings; with `false` you bring them.")
    secrets: bool = Field(
        default=True,
        description="May read a Secret that an object refers to (never list them), and make those by which routers "
        "know each other; without it, a missing key is noticed by the engine instead of by the operator, and routers "
        "do not report to each other.",
    )
    nodes: bool = Field(
        default=True,
        description="May list nodes, the one thing it reads outside namespaces; without it, conditions cannot name "
        "the GPUs there are.",
    )
    gateway_api: bool = Field(
        default=False,
        alias="gatewayAPI",
        description="May make HTTPRoutes of the Gateway API, where specs have an `httpRoute`.",
    )
    aggregate: bool = Field(
        default=True,
        description="Let the cluster's view, edit and admin roles include our kinds, and make a Role, bound to nobody, "
        "for `fairlead explain`, `top` and `console`.",
    )


class Crds(Group):
    """The CRDs."""

    install: bool = Field(default=True, description="Install and upgrade them with the release.")
    keep: bool = Field(
        default=True,
        description="Leave them when the release is uninstalled: without them every InferenceDeployment, and with it "
        "every serving pod, would be deleted.",
    )


class Issuer(Group):
    """The cert-manager issuer that signs the webhook's certificate."""

    name: str = Field(default="", description="Empty means a self-signed Issuer made by this chart.")
    kind: Literal["Issuer", "ClusterIssuer"] = Field(default="Issuer", description="Kind of the named issuer.")


class CertManager(Group):
    """Certificates from cert-manager."""

    enabled: bool = Field(
        default=False,
        description="Let cert-manager make and rotate the webhook's certificate instead of the operator.",
    )
    issuer: Issuer = Field(default=Issuer(), description="Who signs.")


class Webhook(Group):
    """The admission webhook: reports all that is wrong with an object when it is applied."""

    enabled: bool = Field(
        default=True, description="Without it the same answers come as a condition of the object, moments later."
    )
    failure_policy: Literal["Ignore", "Fail"] = Field(
        default="Ignore",
        description="What the API server does when the webhook cannot be reached. `Fail` blocks changes of our "
        "objects while no operator runs.",
    )
    timeout_seconds: int = Field(default=5, ge=1, le=30, description="How long the API server waits for it.")
    cert_manager: CertManager = Field(default=CertManager(), description="Certificates by cert-manager.")


class NetworkPolicy(Group):
    """Which pods may connect to the operator's pods."""

    enabled: bool = Field(default=False, description="Allow only the webhook, the probes and the metrics.")
    metrics_from: Objects = Field(
        default=[],
        description="Peers, as in a NetworkPolicy, that may read the metrics; empty means everybody. With peers, "
        "`fairlead explain` and `top` need a port-forward.",
    )


class Switch(Group):
    """A feature that is on or off."""

    enabled: bool = Field(default=False, description="Make it.")


class Logging(Group):
    """The operator's log, on standard output."""

    format: Literal["json", "text"] = Field(default="json", description="One JSON object a line, or plain text.")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is said.")


class Autoscaler(Group):
    """Which autoscaler decides the replicas of deployments with `spec.scaling`."""

    separate: bool = Field(
        default=False,
        description="Run it in pods of its own, which share the deployments, instead of in the leading operator; for "
        "more than some thousand engine pods.",
    )
    decisions: bool = Field(
        default=False,
        description="Keep whole records of decisions for `fairlead replay` in each deciding pod, below /decisions: at "
        "most 512 MiB, gone with the pod.",
    )
    replicas: int = Field(
        default=2,
        ge=1,
        le=64,
        description="How many, where they are separate; what one that dies decided is taken over.",
    )
    resources: dict[str, Any] = Field(
        default={"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        description="Of each container, where they are separate, as in a Pod.",
    )


class Values(Group):
    """All values of the chart."""

    fullname_override: str = Field(
        default="", max_length=40, description="Name of all objects; empty means one made from the release's name."
    )
    image: Image = Field(default=Image(), description="The one image: operator, routers and simulated engines.")
    cpu_images: dict[Literal["vLLM", "SGLang"], str] = Field(
        default={},
        description="Images of engines' builds for processors, which product CPU runs where a spec names none; the "
        "version stands in the tag. Without vLLM's that is `localhost/fairlead-vllm-cpu:0.32.0`, which every node must "
        "hold; without SGLang's its specs must name one.",
    )
    image_pull_secrets: list[PullSecret] = Field(default=[], description="Registry credentials of the operator's pods.")
    replicas: int = Field(
        default=2,
        ge=1,
        le=9,
        description="Operator pods. One leads, all answer the webhook; a second one takes over within seconds.",
    )
    watch_namespaces: list[Namespace] = Field(
        default=[],
        description="Namespaces to serve, each with a Role of its own; empty means all, by a ClusterRole.",
        json_schema_extra={"uniqueItems": True},
    )
    nodes_grow: bool = Field(
        default=False,
        description="A cluster autoscaler adds nodes here: pods that fit no node of today are asked for all the same.",
    )
    autoscaler: Autoscaler = Field(
        default=Autoscaler(), description="Who decides the replicas of deployments with `spec.scaling`."
    )
    service_account: ServiceAccount = Field(
        default=ServiceAccount(), description="Who the operator is to the API server."
    )
    rbac: Rbac = Field(default=Rbac(), description="What the operator may do.")
    crds: Crds = Field(default=Crds(), description="The four definitions.")
    webhook: Webhook = Field(
        default=Webhook(), description="The admission webhook: says all that is wrong with an object when applied."
    )
    metrics: Metrics = Field(default=Metrics(), description="The operator's own metrics, on port 9090.")
    console: Console = Field(
        default=Console(),
        description="The console: pages that show the fleet, on port 9091, to whom Kubernetes lets read it.",
    )
    serving: Serving = Field(
        default=Serving(), description="Routers and engines of all deployments, wherever they are."
    )
    dashboards: Dashboards = Field(
        default=Dashboards(), description="Dashboards for Grafana, as ConfigMaps that its sidecar loads."
    )
    alerts: Alerts = Field(default=Alerts(), description="Recording rules and alerts for the Prometheus operator.")
    network_policy: NetworkPolicy = Field(default=NetworkPolicy(), description="Who may reach the operator's pods.")
    flow_schema: Switch = Field(
        default=Switch(enabled=False),
        description="A FlowSchema that puts the leader's Lease among the API server's leader elections, so that no "
        "burst of other requests costs the operator its leadership.",
    )
    pod_disruption_budget: Switch = Field(
        default=Switch(enabled=True),
        description="A PodDisruptionBudget of one pod at a time; only where there are two replicas or more.",
    )
    logging: Logging = Field(default=Logging(), description="The operator's log, on standard output.")
    resources: dict[str, Any] = Field(
        default={"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        description="Of the operator's container, as in a Pod. No CPU limit: it would slow what is urgent.",
    )
    pod_annotations: Texts = Field(default={}, description="On the operator's pods.")
    pod_labels: Texts = Field(default={}, description="On the operator's pods.")
    common_labels: Texts = Field(default={}, description="On every object of the release.")
    node_selector: Texts = Field(default={}, description="As in a Pod.")
    tolerations: Objects = Field(default=[], description="As in a Pod.")
    affinity: dict[str, Any] = Field(default={}, description="As in a Pod; pods are spread over nodes without it too.")
    priority_class_name: str = Field(default="", description="As in a Pod, for instance `system-cluster-critical`.")
    extra_args: list[str] = Field(
        default=[], description="More flags of `fairlead operator`; one that another value sets is refused."
    )
    extra_env: Objects = Field(default=[], description="More environment of the operator's container.")
    extra_objects: Objects = Field(default=[], description="More objects of the release; may hold templates.")

"""The chart's values as one model: each value, its default, and the reason to set it.

`values.yaml`, `values.schema.json` and docs/reference/values.md are generated from it; nothing here renders a template.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from house.chart_product_values import Product
from house.chart_view_values import Alerts, Console, Dashboards, Group, Metrics, Namespace, Serving, Texts

Objects = list[dict[str, Any]]


class Image(Group):
    """The only image: operator, routers and simulated engines."""

    repository: str = Field(
        default="registry.fairlead.dev/fairlead",
        pattern="^[^:@]+(:[0-9]+/[^:@]+)?$",
        description="Repository of the image, without a tag.",
    )
    tag: str = Field(default="", description="Empty means the chart's appVersion.")
    digest: str = Field(
        default="",
        pattern="^(sha256:[0-9a-f]{64})?$",
        description="`sha256:...`; pins the image even if its tag is moved. `tag` has no effect then.",
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent",
        description="When a node pulls the image: for the operator, routers, evaluations and adapter loaders. "
        "Simulated engines follow Kubernetes' default.",
    )


class PullSecret(Group):
    """A Secret with registry credentials."""

    name: str = Field(
        min_length=1,
        description="Name of a Secret, in the release's namespace and in each namespace with routers or evaluations.",
    )


class Variable(Group):
    """An environment variable, as in a container."""

    name: str = Field(min_length=1, description="Its name.")
    value: str = Field(default="", description="Its value; quote numbers and booleans.")
    value_from: dict[str, Any] = Field(default={}, description="Where its value is, as in a container.")


class ServiceAccount(Group):
    """The operator's ServiceAccount."""

    create: bool = Field(default=True, description="Create one; with `false`, `name` must be an existing one.")
    name: str = Field(default="", description="Empty means the release's full name.")
    annotations: Texts = Field(default={}, description="For instance a cloud's workload identity.")


class Rbac(Group):
    """The operator's permissions."""

    create: bool = Field(
        default=True,
        description="Create its roles and bindings, and those of the token with which Prometheus reads routers' "
        "metrics; with `false` you provide them.",
    )
    secrets: bool = Field(
        default=True,
        description="May read a Secret that an object refers to (never list them), and create those with which routers "
        "authenticate to each other; without it, the engine instead of the operator notices a missing key, routers do "
        "not report to each other, and no evaluation's judge and no policy's Prometheus gets its key.",
    )
    nodes: bool = Field(
        default=True,
        description="May list nodes and priority classes, the only cluster-scoped objects it reads; without it, "
        "conditions cannot name the GPUs of the cluster.",
    )
    gateway_api: bool = Field(
        default=False,
        alias="gatewayAPI",
        description="May create HTTPRoutes of the Gateway API, for specs with an `httpRoute`.",
    )
    aggregate: bool = Field(
        default=True,
        description="Let the cluster's view, edit and admin roles include our kinds, and create a Role without a "
        "binding, for `fairlead explain`, `top` and `console`.",
    )


class Crds(Group):
    """The CRDs."""

    install: bool = Field(default=True, description="Install and upgrade them with the release.")
    keep: bool = Field(
        default=True,
        description="Keep them when the release is uninstalled: without them every InferenceDeployment, and with it "
        "every serving pod, would be deleted.",
    )


class Issuer(Group):
    """The cert-manager issuer that signs the webhook's certificate."""

    name: str = Field(default="", description="Empty means a self-signed Issuer created by this chart.")
    kind: Literal["Issuer", "ClusterIssuer"] = Field(default="Issuer", description="Kind of the named issuer.")


class CertManager(Group):
    """Certificates from cert-manager."""

    enabled: bool = Field(
        default=False,
        description="Let cert-manager issue and rotate the webhook's certificate instead of the operator.",
    )
    issuer: Issuer = Field(default=Issuer(), description="The issuer that signs.")


class Webhook(Group):
    """The admission webhook: reports all that is wrong with an object when it is applied."""

    enabled: bool = Field(
        default=True, description="Without it, the same findings appear as a condition of the object, moments later."
    )
    failure_policy: Literal["Ignore", "Fail"] = Field(
        default="Ignore",
        description="What the API server does when the webhook cannot be reached. `Fail` blocks changes of "
        "Fairlead's objects while no operator runs.",
    )
    timeout_seconds: int = Field(default=5, ge=1, le=30, description="How long the API server waits for it.")
    cert_manager: CertManager = Field(default=CertManager(), description="Certificates by cert-manager.")


class NetworkPolicy(Group):
    """Which pods may connect to the operator's pods."""

    enabled: bool = Field(
        default=False, description="Allow only the webhook, the probes, the metrics and, if enabled, the console."
    )
    metrics_from: list[Annotated[dict[str, Any], Field(min_length=1)]] = Field(
        default=[],
        description="Peers, as in a NetworkPolicy, that may read the metrics; empty means all. With peers, "
        "`fairlead explain` and `top` need a port-forward.",
    )


class PodDisruptionBudget(Group):
    """Pods are evicted one at a time."""

    enabled: bool = Field(default=True, description="Create it.")


class Switch(Group):
    """A feature that is on or off."""

    enabled: bool = Field(default=False, description="Create it.")


class Logging(Group):
    """The operator's log, on standard output."""

    format: Literal["json", "text"] = Field(default="json", description="One JSON object a line, or plain text.")
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The lowest level that is logged."
    )


class Autoscaler(Group):
    """Which autoscaler decides the replicas of deployments with `spec.scaling`."""

    separate: bool = Field(
        default=False,
        description="Run it in pods of its own, which share the deployments, instead of in the leading operator; for "
        "more than some thousand engine pods.",
    )
    decisions: bool = Field(
        default=False,
        description="Keep full records of decisions for `fairlead replay` in each deciding pod, below /decisions: at "
        "most 512 MiB, lost with the pod.",
    )
    replicas: int = Field(
        default=2,
        ge=1,
        le=64,
        description="How many, if they are separate; the others take over the deployments of one that fails.",
    )
    resources: dict[str, Any] = Field(
        default={"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        description="Of each container, if they are separate, as in a Pod.",
    )


class Values(Group):
    """All values of the chart."""

    fullname_override: str = Field(
        default="", max_length=40, description="Name of all objects; empty means one made from the release's name."
    )
    image: Image = Field(default=Image(), description="The one image: operator, routers and simulated engines.")
    cpu_images: dict[Literal["vLLM", "SGLang"], Annotated[str, Field(min_length=1)]] = Field(
        default={},
        description="Images of engines' CPU builds, which product CPU runs if a spec names none; the version is in the "
        "tag. The default for vLLM is `localhost/fairlead-vllm-cpu:0.32.0`, which every node must have; SGLang has no "
        "default, so its specs must name one.",
    )
    image_pull_secrets: list[PullSecret] = Field(
        default=[],
        description="Registry credentials for the image. The pods of the operator, of routers, of evaluations and of "
        "engines with `engine.lora` name these Secrets, which must be in the release's namespace and in each namespace "
        "that is served.",
    )
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
        description="A cluster autoscaler adds nodes here: pods are requested even if no node has room for them now.",
    )
    assigned_users: bool = Field(
        default=False,
        description="The cluster assigns every pod a user and groups, and refuses pods that name others (OpenShift): "
        "routers, engines and evaluations name none. Elsewhere their pods need it to be off.",
    )
    products: list[Product] = Field(
        default=[],
        description="Your own GPU prices, and GPUs that the catalogue lacks, as in the file of `fairlead plan "
        "--products`: `{product: NVIDIA-L4, priceUsdHour: 0.55}`. Costs, cost limits, budgets and fit use them. One "
        "that the catalogue lacks needs `memoryMib` and `computeCapability`.",
    )
    autoscaler: Autoscaler = Field(
        default=Autoscaler(), description="What decides the replicas of deployments with `spec.scaling`."
    )
    service_account: ServiceAccount = Field(
        default=ServiceAccount(), description="The operator's identity at the API server."
    )
    rbac: Rbac = Field(default=Rbac(), description="What the operator may do.")
    crds: Crds = Field(default=Crds(), description="The five CustomResourceDefinitions.")
    webhook: Webhook = Field(
        default=Webhook(), description="The admission webhook: reports all errors of an object when it is applied."
    )
    metrics: Metrics = Field(default=Metrics(), description="The operator's own metrics, on port 9090.")
    console: Console = Field(
        default=Console(),
        description="The console: pages that show the fleet, on port 9091, to users whom Kubernetes lets read it.",
    )
    serving: Serving = Field(default=Serving(), description="Routers and engines of all deployments, in any namespace.")
    dashboards: Dashboards = Field(
        default=Dashboards(), description="Dashboards for Grafana, as ConfigMaps that its sidecar loads."
    )
    alerts: Alerts = Field(default=Alerts(), description="Recording rules and alerts for the Prometheus operator.")
    network_policy: NetworkPolicy = Field(
        default=NetworkPolicy(), description="Which pods may reach the operator's pods."
    )
    flow_schema: Switch = Field(
        default=Switch(enabled=False),
        description="A FlowSchema that puts the leader's Lease among the API server's leader elections, so that no "
        "burst of other requests costs the operator its leadership.",
    )
    pod_disruption_budget: PodDisruptionBudget = Field(
        default=PodDisruptionBudget(),
        description="A PodDisruptionBudget of one pod at a time, for the operator's pods and for those of a separate "
        "autoscaler; only with two replicas or more.",
    )
    logging: Logging = Field(default=Logging(), description="The operator's log, on standard output.")
    resources: dict[str, Any] = Field(
        default={"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        description="Of the operator's container, as in a Pod. No CPU limit: it would slow down urgent work.",
    )
    pod_annotations: Texts = Field(default={}, description="On the operator's pods.")
    pod_labels: Texts = Field(default={}, description="On the operator's pods.")
    common_labels: Texts = Field(default={}, description="On every object of the release.")
    node_selector: Texts = Field(default={}, description="As in a Pod.")
    tolerations: Objects = Field(default=[], description="As in a Pod.")
    affinity: dict[str, Any] = Field(default={}, description="As in a Pod; pods are spread over nodes even without it.")
    priority_class_name: str = Field(default="", description="As in a Pod, for instance `system-cluster-critical`.")
    extra_args: list[str] = Field(
        default=[],
        description="More flags of `fairlead operator`: `--decide-seconds`, `--lease-seconds`, `--identity`. Any other "
        "is refused: a value sets it, or the chart's ports and probes rely on it. With autoscaler.separate, its pods "
        "get `--decide-seconds` and `--lease-seconds`.",
    )
    extra_env: list[Variable] = Field(default=[], description="More environment variables of the operator's container.")
    extra_objects: Objects = Field(default=[], description="More objects of the release; may contain templates.")

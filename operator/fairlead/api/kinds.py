"""The kinds of object there are: their names in every form, and what `kubectl get` shows of them."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from fairlead.api.condition import Status
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.gateway import InferenceGatewaySpec
from fairlead.api.part import Part
from fairlead.api.policy import AutoscalingPolicySpec
from fairlead.api.status import AutoscalingPolicyStatus, InferenceDeploymentStatus, InferenceGatewayStatus

GROUP: Final = "fairlead.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

S = TypeVar("S", bound=Part)

_READY: Final = '.status.conditions[?(@.type=="Ready")]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    """Shown with -o wide only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """One kind of object."""

    name: str
    plural: str
    short: str
    about: str
    spec: type[S]
    status: type[Status]
    columns: tuple[Column, ...]
    scalable: bool
    """Whether kubectl scale and a HorizontalPodAutoscaler may set spec.replicas."""
    in_all: bool
    """Whether `kubectl get all` shows it: what serves, not what configures."""

    @property
    def crd(self) -> str:
        """The name of its definition."""
        return f"{self.plural}.{GROUP}"


_AGE: Final = Column(name="Age", path=".metadata.creationTimestamp", type="date")

DEPLOYMENT: Final = Kind(
    name="InferenceDeployment",
    plural="inferencedeployments",
    short="infd",
    about="One model on one kind of GPU, served under an OpenAI-compatible address.",
    spec=InferenceDeploymentSpec,
    status=InferenceDeploymentStatus,
    columns=(
        Column(name="Model", path=".spec.model.source"),
        Column(name="Product", path=".spec.accelerator.product"),
        Column(name="Ready", path=".status.readyReplicas", type="integer"),
        Column(name="Desired", path=".status.desiredReplicas", type="integer"),
        Column(name="Routable", path=".status.routableReplicas", type="integer"),
        Column(name="Policy", path=".spec.scaling.policy.name"),
        Column(name="Reason", path=f"{_READY}.reason"),
        _AGE,
        Column(name="Endpoint", path=".status.endpoint", wide=True),
        Column(name="Cost/h", path=".status.cost.perHour", wide=True),
    ),
    scalable=True,
    in_all=True,
)
POLICY: Final = Kind(
    name="AutoscalingPolicy",
    plural="autoscalingpolicies",
    short="asp",
    about="How the number of replicas is decided; shared by many deployments.",
    spec=AutoscalingPolicySpec,
    status=AutoscalingPolicyStatus,
    columns=(
        Column(name="Mode", path=".spec.mode"),
        Column(name="TTFT-P95", path=".spec.objectives.ttftP95"),
        Column(name="TPOT-P95", path=".spec.objectives.tpotP95"),
        Column(name="Deployments", path=".status.deployments", type="integer"),
        Column(name="Reason", path=f"{_READY}.reason"),
        _AGE,
    ),
    scalable=False,
    in_all=False,
)
GATEWAY: Final = Kind(
    name="InferenceGateway",
    plural="inferencegateways",
    short="infg",
    about="Not run by this release: one OpenAI-compatible address over many deployments, with tenants, lanes and "
    "limits. Use spec.router of an InferenceDeployment.",
    spec=InferenceGatewaySpec,
    status=InferenceGatewayStatus,
    columns=(
        Column(name="Endpoint", path=".status.endpoint"),
        Column(name="Ready", path=".status.readyReplicas", type="integer"),
        Column(name="Desired", path=".spec.replicas", type="integer"),
        Column(name="Reason", path=f"{_READY}.reason"),
        _AGE,
    ),
    scalable=True,
    in_all=True,
)
KINDS: Final[tuple[Kind[Any], ...]] = (DEPLOYMENT, POLICY, GATEWAY)

"""The kinds of objects: their names in every form, and their columns in `kubectl get`."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from fairlead.api.adapter import AdapterSpec
from fairlead.api.adapter_status import AdapterStatus
from fairlead.api.api_model import ApiModel
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.evaluation import EvaluationSpec
from fairlead.api.evaluation_status import EvaluationStatus
from fairlead.api.gateway import InferenceGatewaySpec
from fairlead.api.policy import AutoscalingPolicySpec
from fairlead.api.status import AutoscalingPolicyStatus, InferenceDeploymentStatus, InferenceGatewayStatus, ObjectStatus

GROUP: Final = "fairlead.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

NAME_PATTERN: Final = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
NAME_BECAUSE: Final = "the name is also used as a label and as the name of a Service"
NAME_REMEDY: Final = "use at most 63 small letters, digits and dashes, with a letter first and no dot"

S = TypeVar("S", bound=ApiModel)

_READY: Final = '.status.conditions[?(@.type=="Ready")]'


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterColumn:
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
    status: type[ObjectStatus]
    columns: tuple[PrinterColumn, ...]
    scalable: bool
    """Whether kubectl scale and a HorizontalPodAutoscaler may set spec.replicas."""
    in_all: bool
    """Whether `kubectl get all` lists it: only what serves, not what configures."""

    @property
    def crd(self) -> str:
        """The name of its CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"

    def is_called(self, word: str) -> bool:
        """Whether kubectl accepts this word for the kind."""
        return word.lower() in (self.short, self.plural, self.name.lower(), self.crd)


_AGE: Final = PrinterColumn(name="Age", path=".metadata.creationTimestamp", type="date")

DEPLOYMENT: Final = Kind(
    name="InferenceDeployment",
    plural="inferencedeployments",
    short="infd",
    about="One model on one kind of GPU, served under an OpenAI-compatible address.",
    spec=InferenceDeploymentSpec,
    status=InferenceDeploymentStatus,
    columns=(
        PrinterColumn(name="Model", path=".spec.model.source"),
        PrinterColumn(name="Product", path=".spec.accelerator.product"),
        PrinterColumn(name="Ready", path=".status.readyReplicas", type="integer"),
        PrinterColumn(name="Desired", path=".status.desiredReplicas", type="integer"),
        PrinterColumn(name="Routable", path=".status.routableReplicas", type="integer"),
        PrinterColumn(name="Policy", path=".spec.scaling.policy.name"),
        PrinterColumn(name="Reason", path=f"{_READY}.reason"),
        _AGE,
        PrinterColumn(name="Endpoint", path=".status.endpoint", wide=True),
        PrinterColumn(name="Cost/h", path=".status.cost.perHour", wide=True),
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
        PrinterColumn(name="Mode", path=".spec.mode"),
        PrinterColumn(name="TTFT-P95", path=".spec.objectives.ttftP95"),
        PrinterColumn(name="TPOT-P95", path=".spec.objectives.tpotP95"),
        PrinterColumn(name="Deployments", path=".status.deployments", type="integer"),
        PrinterColumn(name="Reason", path=f"{_READY}.reason"),
        _AGE,
    ),
    scalable=False,
    in_all=False,
)
GATEWAY: Final = Kind(
    name="InferenceGateway",
    plural="inferencegateways",
    short="infg",
    about="One OpenAI-compatible address over many deployments, with tenants, lanes and limits.",
    spec=InferenceGatewaySpec,
    status=InferenceGatewayStatus,
    columns=(
        PrinterColumn(name="Endpoint", path=".status.endpoint"),
        PrinterColumn(name="Ready", path=".status.readyReplicas", type="integer"),
        PrinterColumn(name="Desired", path=".spec.replicas", type="integer"),
        PrinterColumn(name="Deployments", path=".status.deployments", type="integer"),
        PrinterColumn(name="Reason", path=f"{_READY}.reason"),
        _AGE,
    ),
    scalable=True,
    in_all=True,
)
EVALUATION: Final = Kind(
    name="Evaluation",
    plural="evaluations",
    short="evl",
    about="Questions with known answers, which a canary's new revision must answer as well as the old one.",
    spec=EvaluationSpec,
    status=EvaluationStatus,
    columns=(
        PrinterColumn(name="Items", path=".status.items", type="integer"),
        PrinterColumn(name="Scorer", path=".spec.scorer.type"),
        PrinterColumn(name="Last", path=".status.lastRun.verdict"),
        PrinterColumn(name="Of", path=".status.lastRun.deployment"),
        PrinterColumn(name="Reason", path=f"{_READY}.reason"),
        _AGE,
        PrinterColumn(name="Digest", path=".status.digest", wide=True),
    ),
    scalable=False,
    in_all=False,
)
ADAPTER: Final = Kind(
    name="Adapter",
    plural="adapters",
    short="adp",
    about="A LoRA adapter that running replicas of a deployment load, with versions side by side.",
    spec=AdapterSpec,
    status=AdapterStatus,
    columns=(
        PrinterColumn(name="Deployment", path=".spec.deployment"),
        PrinterColumn(name="Model", path=".status.servedName"),
        PrinterColumn(name="Loaded", path=".status.loaded", type="integer"),
        PrinterColumn(name="Chosen", path=".status.chosen", type="integer"),
        PrinterColumn(name="Reason", path=f"{_READY}.reason"),
        _AGE,
    ),
    scalable=False,
    in_all=True,
)
KINDS: Final[tuple[Kind[Any], ...]] = (DEPLOYMENT, POLICY, GATEWAY, EVALUATION, ADAPTER)

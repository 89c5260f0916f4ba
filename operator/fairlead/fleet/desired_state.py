"""The spec as values, read but not yet checked: an engine, its model, its GPUs, its limits."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.canaries import CanaryPlan
from fairlead.fleet.container_resources import ContainerResources
from fairlead.fleet.conversations import ChatTemplateSource, Reasoning, Tools
from fairlead.fleet.image_pull import AS_USUAL, ImagePull
from fairlead.fleet.kind_traits import NO_TRAITS, KindTraits
from fairlead.fleet.lora_slots import LoraSlots
from fairlead.fleet.mounts import UserMount
from fairlead.fleet.pod_metadata import PodMetadata
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat

NO_RESOURCE: Final = "none"
"""Resource of a pod that requests no GPU: an emulated engine computes nothing, so it may run on any node."""


class EngineKind(StrEnum):
    """Which program serves the model."""

    traits: KindTraits

    VLLM = "vLLM", KindTraits(on_cpu=True, sleeps=True)
    SGLANG = "SGLang", KindTraits(on_cpu=True)
    TENSORRT_LLM = "TensorRT-LLM"
    SIMULATED = "Simulated", KindTraits(emulated=True, sleeps=True)
    SIMULATED_SGLANG = "Simulated-SGLang", KindTraits(emulated=True)
    SIMULATED_TENSORRT_LLM = "Simulated-TensorRT-LLM", KindTraits(emulated=True)

    def __new__(cls, name: str, traits: KindTraits = NO_TRAITS) -> Self:
        """Make the member, which compares and is written as its name."""
        member = str.__new__(cls, name)
        member._value_, member.traits = name, traits
        return member


WITHOUT_GPU: Final = frozenset(kind for kind in EngineKind if kind.traits.emulated)
ON_CPU: Final = frozenset(kind for kind in EngineKind if kind.traits.on_cpu)
SLEEPING: Final = frozenset(kind for kind in EngineKind if kind.traits.sleeps)


class SourceScheme(StrEnum):
    """Where weights are loaded from."""

    HUB = "hf"
    OCI = "oci"
    S3 = "s3"
    CLAIM = "pvc"
    PATH = "path"


class SpeculationMethod(StrEnum):
    """What proposes the draft tokens of speculative decoding."""

    OFF = "off"
    NGRAM = "ngram"
    DRAFT_MODEL = "draftModel"
    EAGLE3 = "eagle3"
    MTP = "mtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A location that weights are loaded from, at one revision."""

    scheme: SourceScheme
    location: str
    """Without the scheme: `meta-llama/Llama-3.1-8B-Instruct`, `bucket/path`, `claim/path`, `/models/chat`."""
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """One key of a Secret, by name; its value is never read here."""

    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvFrom:
    """An environment variable whose value the kubelet reads from a Secret or a ConfigMap."""

    name: str
    object_name: str
    key: str
    from_secret: bool = True
    """Otherwise from a ConfigMap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredModel:
    """The model to serve."""

    source: ModelSource
    served_name: str
    token_secret: SecretKey | None = None
    shape: tuple[tuple[str, int], ...] = ()
    """Numbers of the architecture stated in the spec, by their names in `fleet.shapes` (and `parameters`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredSpeculation:
    """Speculative decoding as the spec asks for it."""

    method: SpeculationMethod = SpeculationMethod.OFF
    draft: ModelSource | None = None
    tokens: int = 0
    max_concurrency: int | None = None
    """With more running requests than this, speculative decoding costs more than it gives."""
    lookup_min: int | None = None
    lookup_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One LoRA adapter, served under its own name."""

    name: str
    source: ModelSource
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallelism:
    """How one replica is spread over GPUs."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1

    @property
    def gpus(self) -> int:
        """How many GPUs one replica takes."""
        return self.tensor * self.pipeline * self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredEngine:
    """An engine as the spec asks for it, not yet checked against a GPU or a model."""

    kind: EngineKind
    version: str
    image: str
    dtype: Dtype = Dtype.AUTO
    weights: WeightFormat = WeightFormat.NONE
    kv: KvFormat = KvFormat.AUTO
    prefix_caching: bool = True
    host_memory_bytes: int | None = None
    """Main memory of a replica for blocks of its KV cache, beside its GPUs; None: none."""
    speculation: DesiredSpeculation = DesiredSpeculation()
    sleeps: bool = False
    """Started with sleep mode enabled, so that it can be put to sleep."""
    max_sequences: int | None = None
    """Most requests in one batch; None: the engine's own default for this GPU."""
    max_batched_tokens: int | None = None
    cuda_graph_tokens: int | None = None
    """Tokens of the longest step that runs from a CUDA graph; None: the engine's own default."""
    max_queued_requests: int | None = None
    max_context_tokens: int | None = None
    memory_utilization: float | None = None
    adapters: tuple[Adapter, ...] = ()
    lora: LoraSlots | None = None
    """None: only `adapters` are served, and another one changes the revision."""
    tools: Tools | None = None
    """None: no parser is named, and only extra arguments can name one."""
    reasoning: Reasoning | None = None
    chat_template: ChatTemplateSource | None = None
    """Replaces the model's own template."""
    eager: bool = False
    trust_remote_code: bool = False
    extra_args: tuple[str, ...] = ()
    extra_env: tuple[tuple[str, str], ...] = ()
    env_from: tuple[EnvFrom, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRelease:
    """The engine version that this release of Fairlead was tested with: the default if the spec names none."""

    version: str
    image: str
    """Its tag contains the version, so that another version of the same image can be named."""
    cpu_image: str | None = None
    """The build for processors, in the same form; None: this kind has none."""
    pull: ImagePull = AS_USUAL  # of the operator's own image

    def image_for(self, *, on_cpu: bool) -> str:
        """Return the image if the spec names none."""
        return (self.cpu_image if on_cpu else None) or self.image


@dataclass(frozen=True, slots=True, kw_only=True)
class Toleration:
    """A taint that replicas tolerate; the fields are those of a Pod's toleration."""

    key: str | None
    operator: str
    value: str | None = None
    effect: str | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadConstraint:
    """How replicas are spread over topology domains."""

    topology_key: str
    max_skew: int = 1
    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredPlacement:
    """Nodes that replicas may run on, beyond what their accelerator requires."""

    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    affinity: str | None = None
    """Canonical JSON, since it is passed on to the pod and never read."""
    spread: tuple[SpreadConstraint, ...] = ()
    priority_class: str | None = None
    runtime_class: str | None = None
    scheduler: str | None = None
    service_account: str | None = None
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Volumes of an engine pod."""

    cache_claim: str | None = None
    cache_folder: str | None = None
    shared_memory_bytes: int | None = None
    mounts: tuple[UserMount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredRevision:
    """Everything that decides how an engine pod of one revision is built and whether it can run."""

    namespace: str
    name: str
    model: DesiredModel
    engine: DesiredEngine
    product: str
    """The GPU's product label, as GPU feature discovery writes it, or `CPU`."""
    gpus_per_replica: int
    parallelism: Parallelism
    resource: str = "nvidia.com/gpu"
    resources: ContainerResources = field(default_factory=ContainerResources)
    """Of the engine's container, beside its GPUs."""
    placement: DesiredPlacement = DesiredPlacement()
    pod_metadata: PodMetadata = field(default_factory=PodMetadata)
    storage: Storage = Storage()
    cpu: CpuResources | None = None
    """Set with product CPU, where a replica has no GPU."""


class RolloutStrategy(StrEnum):
    """How a rollout replaces one revision with another."""

    SURGE = "Surge"
    REPLACE = "Replace"
    CANARY = "Canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredRollout:
    """How a rollout applies a change to the replicas; at least one of the two numbers is above zero."""

    strategy: RolloutStrategy = RolloutStrategy.REPLACE
    max_surge: int = 0
    max_unavailable: int = 1
    progress_deadline_seconds: int = 1800
    min_ready_seconds: int = 0
    paused: bool = False
    canary: CanaryPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDrain:
    """How a replica is drained."""

    timeout_seconds: float = 300.0
    settle_seconds: float = 10.0

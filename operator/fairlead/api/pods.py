"""The pods of replicas: GPUs, nodes, volumes, and how one replica is spread over GPUs."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.mounts import Mount
from fairlead.api.string_formats import Handle, ObjectName, ProductName, Quantity, ResourceName

LabelKey = Annotated[str, StringConstraints(max_length=317)]
LabelText = Annotated[str, StringConstraints(max_length=63)]
Degree = Annotated[int, Field(ge=1, le=128)]


class Accelerator(ApiModel):
    """The GPUs of one replica, or its share of a processor."""

    product: ProductName = Field(
        description="GPU by its nvidia.com/gpu.product label, for instance NVIDIA-L4 or NVIDIA-H100-80GB-HBM3. "
        "Memory, price and abilities come from the catalogue. `kubectl get nodes -L nvidia.com/gpu.product` shows "
        "what the cluster has. CPU: no GPU; the engine's build for processors computes with cores and memory, slowly: "
        "for small models, laptops and first tries."
    )
    cores: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="Whole processor cores of one replica, as request and limit. Required with product "
        "CPU, since no default suits both a laptop and a server; refused with a GPU.",
    )
    memory: Quantity | None = Field(
        default=None,
        description="Main memory of one replica, for instance 8Gi, as request and limit: weights, KV cache "
        "and the engine's processes. Required with product CPU; refused with a GPU.",
    )
    count: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="GPUs of one replica. Default: tensor x pipeline x data of spec.parallelism; another number is "
        "refused, since the engine would leave GPUs idle or not start; so is any number with product CPU.",
    )
    resource: ResourceName = Field(
        default="nvidia.com/gpu",
        description="Extended resource that the pod requests. Default nvidia.com/gpu; differs for MIG and "
        "shared GPUs, which are sized and priced if the chart's value products describes them. none: asks for no GPU; "
        "only for kind Simulated, which then runs on any node, and for product CPU, where it changes nothing.",
    )


class Parallelism(ApiModel):
    """How one replica is spread over GPUs."""

    tensor: Degree = Field(
        default=1,
        description="GPUs that share each layer. Must divide the attention heads, and divide the KV heads or be a "
        "multiple of them. Default 1. More memory and lower latency for a model that does not fit on one GPU.",
    )
    pipeline: Degree = Field(default=1, description="Groups of GPUs among which the layers are divided. Default 1.")
    data: Degree = Field(
        default=1,
        description="Copies of the model inside one replica, each with its own requests and KV cache; in vLLM they "
        "hold the experts of a mixture together. Default 1.",
    )


class TolerationOperator(StrEnum):
    """How a toleration compares."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(ApiModel):
    """A toleration, with the fields of a Pod's."""

    key: LabelKey | None = Field(default=None, description="Key of the taint; empty with Exists: every taint.")
    operator: TolerationOperator = Field(default=TolerationOperator.EQUAL, description="Exists or Equal.")
    value: LabelText | None = Field(default=None, description="Value of the taint, with Equal.")
    effect: TaintEffect | None = Field(default=None, description="Effect of the taint; absent: every effect.")
    toleration_seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = Field(
        default=None,
        description="How long a NoExecute taint is tolerated, in seconds; absent: for ever. Only with that effect.",
    )


class WhenUnsatisfiable(StrEnum):
    """What a spread does when it cannot be satisfied."""

    SCHEDULE_ANYWAY = "ScheduleAnyway"
    DO_NOT_SCHEDULE = "DoNotSchedule"


class TopologySpread(ApiModel):
    """A topology spread constraint, with the fields of a Pod's; Fairlead fills in the selector."""

    topology_key: LabelKey = Field(
        description="Node label of the topology domain, for instance topology.kubernetes.io/zone."
    )
    max_skew: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="Largest difference in replicas between two domains. Default 1."
    )
    when_unsatisfiable: WhenUnsatisfiable = Field(
        default=WhenUnsatisfiable.SCHEDULE_ANYWAY,
        description="ScheduleAnyway or DoNotSchedule. Default ScheduleAnyway: with few GPUs a hard rule leaves pods "
        "pending.",
    )


class PullSecret(ApiModel):
    """A Secret with registry credentials."""

    name: ObjectName = Field(description="Name of the Secret, in the namespace of this object.")


class RouterPlacement(ApiModel):
    """Which nodes routers run on, with the fields of a Pod."""

    node_selector: dict[LabelKey, LabelText] = Field(
        default={}, max_length=32, description="Labels that a node must have. Default: none."
    )
    tolerations: tuple[Toleration, ...] = Field(
        default=(),
        max_length=32,
        description="Taints that the pods tolerate. Default: none.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    affinity: dict[str, Any] | None = Field(
        default=None,
        description="Affinity as in a Pod; passed on as it is.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    topology_spread_constraints: Annotated[
        tuple[TopologySpread, ...], KeyedList("topologyKey", lambda one: one.topology_key)
    ] = Field(
        default=(),
        max_length=8,
        description="How the pods are spread over topology domains. Default: over nodes, where possible.",
    )
    priority_class_name: ObjectName | None = Field(default=None, description="PriorityClass of the pods.")
    runtime_class_name: ObjectName | None = Field(default=None, description="RuntimeClass of the pods.")
    scheduler_name: ObjectName | None = Field(default=None, description="Scheduler of the pods.")


class Placement(RouterPlacement):
    """Which nodes replicas run on, with the fields of a Pod."""

    node_selector: dict[LabelKey, LabelText] = Field(
        default={},
        max_length=32,
        description="Labels a node must have, in addition to nvidia.com/gpu.product of the accelerator. That label "
        "written here replaces it, for shared GPUs and MIG.",
    )
    tolerations: tuple[Toleration, ...] = Field(
        default=(),
        max_length=32,
        description="Taints that replicas tolerate. NoSchedule of nvidia.com/gpu and of accelerator.resource is "
        "tolerated without being named, except with product CPU.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    service_account_name: ObjectName | None = Field(
        default=None,
        description="ServiceAccount of the engine pods, for instance for s3:// sources. Default: default; with "
        "engine.lora one of their own, NAME-adapters, or else the one named here gets the right to read its list.",
    )
    image_pull_secrets: Annotated[tuple[PullSecret, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=16, description="Secrets with credentials for the engine's image."
    )


class Cache(ApiModel):
    """Where downloaded models are kept between starts."""

    claim_name: ObjectName = Field(
        description="PersistentVolumeClaim that all replicas mount, so it must be ReadWriteMany unless they all run "
        "on one node. Never created or deleted by Fairlead."
    )
    sub_path: Handle | None = Field(default=None, description="Folder in the volume. Default: its root.")


class Storage(ApiModel):
    """Volumes of the engine pods."""

    cache: Cache | None = Field(
        default=None,
        description="Volume that keeps downloaded weights and compiled kernels. Without it each new pod downloads and "
        "compiles again; a restart of its container does not.",
    )
    shared_memory: Quantity | None = Field(
        default=None,
        description="Size of /dev/shm, for instance 2Gi. Counts as memory of the pod. Default: 1Gi for each GPU of the "
        "replica, for the exchange between GPUs, 1Gi with product CPU, and none for simulated kinds. 0: no volume, "
        "which leaves what the container runtime gives, usually 64Mi.",
    )
    mounts: Annotated[tuple[Mount, ...], KeyedList("path", lambda one: one.path)] = Field(
        default=(),
        max_length=16,
        description="ConfigMaps, Secrets and PersistentVolumeClaims in the engine's container: a company's CA, a "
        "plugin that a flag names, tuned kernels, data. An engine reads files when it starts, and a change of their "
        "content starts no rollout: put it into an object of a new name and name that one here.",
    )

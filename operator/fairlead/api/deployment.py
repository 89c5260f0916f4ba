"""The InferenceDeployment resource: one model on one kind of GPU, with a fixed number of replicas or bounds."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.container_resources import Resources
from fairlead.api.engine import Engine
from fairlead.api.lifecycle import MAX_REPLICAS, Drain, GatewayRef, Repair, Rollout, Router, Scaling
from fairlead.api.model import Model
from fairlead.api.pod_metadata import PodMetadata
from fairlead.api.pods import Accelerator, Parallelism, Placement, Storage
from fairlead.fleet.fit import FitCheck


class InferenceDeploymentSpec(ApiModel):
    """The desired model, engine, GPUs, and number of replicas."""

    model: Model = Field(description="The model that is served. Required.")
    engine: Engine = Field(default=Engine(), description="The engine that serves the model, and its settings.")
    accelerator: Accelerator = Field(description="The GPUs of one replica, or its cores and memory. Required.")
    parallelism: Parallelism = Field(default=Parallelism(), description="How one replica is spread over its GPUs.")
    fit_check: FitCheck = Field(
        default=FitCheck.ENFORCE,
        description="What to do if the model does not fit by the estimate. Enforce: refuse it (DoesNotFit). Warn: "
        "start it with a warning, since you have seen it run like this; without room it ends with OutOfGpuMemory, and "
        "the rollout returns to what served. Default Enforce. A change restarts nothing.",
    )
    resources: Resources = Field(
        default=Resources(),
        description="CPU, memory and disk that an engine's container requests and is limited to, beside its GPUs. "
        "Default: none of them. With product CPU, cpu and memory are those of accelerator. A change starts a new "
        "revision.",
    )
    placement: Placement = Field(default=Placement(), description="On which nodes replicas run.")
    pod_metadata: PodMetadata = Field(
        default=PodMetadata(),
        description="Labels and annotations of the engine pods. A change starts a new revision.",
    )
    storage: Storage = Field(default=Storage(), description="Volumes of the engine pods.")
    pre_pull: bool = Field(
        default=False,
        description="Pulls the images of the newest revision in advance, and keeps them, on every node that replicas "
        "may run on: a DaemonSet, NAME-prepull, holds them there without a GPU, also at zero replicas. A scale-up or a "
        "rollout then waits for no pull. Takes the images' size, often 8 to 20 GB, on each node's disk. Default "
        "false. A change restarts nothing.",
    )
    replicas: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] | None = Field(
        default=None,
        description="Number of replicas. Default 1. kubectl scale, an HPA or KEDA set it through the scale "
        "subresource; then leave it out of the files you apply, and run kubectl scale "
        "once, since an HPA needs an initial count. Refused together with scaling.",
    )
    scaling: Scaling | None = Field(
        default=None, description="Lets Fairlead choose the number of replicas. Refused together with replicas."
    )
    rollout: Rollout = Field(default=Rollout(), description="How a change is rolled out to the serving replicas.")
    drain: Drain = Field(
        default=Drain(), description="How a replica is drained before it stops. A change starts a new revision."
    )
    repair: Repair = Field(default=Repair(), description="What Fairlead does with replicas that stop serving.")
    router: Router | None = Field(
        default=None,
        description="Settings of this deployment's own router. Default: one with defaults.",
    )
    gateway: GatewayRef | None = Field(
        default=None,
        description="InferenceGateway whose routers serve this deployment, in place of a router of its own. Refused "
        "together with router.",
    )

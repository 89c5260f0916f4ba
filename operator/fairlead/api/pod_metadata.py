"""Labels and annotations of pods, for what reads them: meshes, queues, cost tools, policies, autoscalers of nodes."""

from typing import Annotated

from pydantic import Field, StringConstraints

from fairlead.api.api_model import ApiModel

MetadataKey = Annotated[str, StringConstraints(max_length=317)]


class PodMetadata(ApiModel):
    """Labels and annotations beside Fairlead's own."""

    labels: dict[MetadataKey, Annotated[str, StringConstraints(max_length=63)]] = Field(
        default={},
        max_length=32,
        description="Labels of the pods, for instance kueue.x-k8s.io/queue-name or cost-center. Keys of fairlead.dev "
        "and app.kubernetes.io are Fairlead's.",
    )
    annotations: dict[MetadataKey, Annotated[str, StringConstraints(max_length=4096)]] = Field(
        default={},
        max_length=32,
        description="Annotations of the pods, for instance sidecar.istio.io/inject or karpenter.sh/do-not-disrupt. "
        "Keys of fairlead.dev are Fairlead's.",
    )

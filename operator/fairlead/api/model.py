"""The model to serve, and its location."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.string_formats import ModelName, ObjectName, Revision, SecretKeyName, SourceText

ShapeNumber = Annotated[int | None, Field(ge=1, le=10_000_000)]
"""A number of a model's shape."""


class SecretKeyRef(ApiModel):
    """One key of a Secret in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret, in the namespace of this object.")
    key: SecretKeyName = Field(description="Key in the Secret that holds the value.")


class ModelShape(ApiModel):
    """Numbers of the model's architecture. Those not set come from the catalogue or the model's config.json; a model
    that neither describes needs all but headSize, parameters and the experts."""

    layers: ShapeNumber = Field(default=None, description="Number of transformer layers.")
    hidden_size: ShapeNumber = Field(default=None, description="Width of the hidden state.")
    attention_heads: ShapeNumber = Field(default=None, description="Number of attention heads.")
    kv_heads: ShapeNumber = Field(
        default=None,
        description="Number of key-value heads; fewer than attention heads with grouped attention. "
        "Decides how much KV cache a token takes.",
    )
    head_size: ShapeNumber = Field(default=None, description="Width of one head. Default: hiddenSize / attentionHeads.")
    intermediate_size: ShapeNumber = Field(default=None, description="Width of the feed-forward layers.")
    vocabulary_size: ShapeNumber = Field(default=None, description="Number of tokens in the vocabulary.")
    max_position: ShapeNumber = Field(
        default=None, description="Longest context in tokens that the model was made for."
    )
    parameters: Annotated[int | None, Field(ge=1, le=100_000_000_000_000)] = Field(
        default=None,
        description="Number of parameters, all experts included. Only checked against the other numbers, which decide "
        "how much memory the weights take.",
    )
    experts: ShapeNumber = Field(default=None, description="Number of experts a layer has; absent for dense models.")
    experts_per_token: ShapeNumber = Field(default=None, description="Number of experts that work on one token.")


class Model(ApiModel):
    """The model that is served."""

    source: SourceText = Field(
        description="Where the weights are read from: hf://organisation/model, oci://host/repository:tag, "
        "s3://bucket/path, pvc://claim/path, or /path for a folder in the engine's image. oci:// needs image volumes: "
        "Kubernetes 1.35 or later, or the feature gate ImageVolume. A change starts a new revision."
    )
    revision: Revision | None = Field(
        default=None,
        description="Commit, tag or branch of an hf:// source. Default: the default branch at the time a replica "
        "starts, so two replicas may serve different weights; pin a commit in production.",
    )
    served_name: ModelName | None = Field(
        default=None,
        description="Name by which clients ask for the model. Default: the name of this object.",
    )
    token_secret: SecretKeyRef | None = Field(
        default=None,
        description="Secret with a Hugging Face token, for the hf:// sources of this object: model, draft, adapters. "
        "Required for gated models; never shown in status, events or logs. Not used for s3:// (engine.env or "
        "placement.serviceAccountName) and oci:// (placement.imagePullSecrets).",
    )
    shape: ModelShape | None = Field(
        default=None,
        description="Numbers of a model's architecture that are in neither the catalogue nor its config.json, or "
        "differ there. They decide whether the model fits, how long a replica may take to start, and on CPU the size "
        "of the KV cache. A change starts a new revision.",
    )

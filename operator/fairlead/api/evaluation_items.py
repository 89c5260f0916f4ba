"""The location of an evaluation's items."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.conversation import ConfigMapKeyRef
from fairlead.api.model import SecretKeyRef
from fairlead.api.path_formats import RelativePath
from fairlead.api.pods import PullSecret
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import PATH_PIECE, ObjectName, Revision, Url

ItemSourceText = Annotated[
    str,
    StringFormat(
        pattern=(
            rf"hf://(datasets/)?{PATH_PIECE}/{PATH_PIECE}"
            rf"|oci://[a-z0-9][-a-z0-9.]*(:[0-9]+)?(/{PATH_PIECE})+(:{PATH_PIECE})?(@sha256:[0-9a-f]{{64}})?"
        ),
        longest=512,
        because="items cannot be read from this source",
        remedy="write hf://datasets/organisation/name, hf://organisation/model, or oci://host/repository:tag",
    ),
]


class ClaimItems(ApiModel):
    """A file in a volume."""

    claim_name: ObjectName = Field(
        description="PersistentVolumeClaim in the namespace of this object; mounted read-only."
    )
    path: RelativePath = Field(description="Path of the file in the volume. User 65532 must be able to read it.")


class SourceItems(ApiModel):
    """A file in a repository or an image."""

    url: ItemSourceText = Field(
        description="hf://datasets/organisation/name, hf://organisation/model, or oci://host/repository:tag, best with "
        "@sha256:…; an image is mounted, and nothing in it is run, which needs image volumes: Kubernetes 1.35 or "
        "later, or the feature gate ImageVolume."
    )
    path: RelativePath = Field(description="Path of the file in it.")
    revision: Revision | None = Field(
        default=None,
        description="Commit, tag or branch of an hf:// source; a commit never moves. Default: the default branch.",
    )
    token_secret: SecretKeyRef | None = Field(
        default=None, description="Secret with the token that an hf:// source needs. Default: none is sent."
    )
    endpoint: Url | None = Field(
        default=None,
        description="Address of the hub, or of a mirror, of an hf:// source. Default: https://huggingface.co.",
    )
    image_pull_secrets: Annotated[tuple[PullSecret, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=16, description="Secrets with credentials for an oci:// source."
    )


class EvaluationItems(ApiModel):
    """The location of the items: exactly one of three."""

    config_map: ConfigMapKeyRef | None = Field(
        default=None,
        description="Key of a ConfigMap with JSON lines: input, and the answer as target, ideal, expected_output, "
        "ground_truth, or promptfoo's vars and assert. It is read again every 15 s.",
    )
    persistent_volume_claim: ClaimItems | None = Field(
        default=None,
        description="The same lines in a file of a volume. A pod reads it once, and again when spec.items changes or "
        "that pod is deleted.",
    )
    source: SourceItems | None = Field(
        default=None,
        description="The same lines in a file of a hub repository or of an OCI image, read like a file of a volume.",
    )

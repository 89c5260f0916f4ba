"""The Adapter resource: a LoRA adapter that running replicas of a deployment load, and its versions."""

from typing import Annotated

from pydantic import Field

from fairlead.api.adapter_canary import AdapterCanary
from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import PATH_PIECE, Handle, Revision
from fairlead.fleet.adapters import WHOLE

AdapterName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9][-A-Za-z0-9._]*",
        longest=100,
        because="clients cannot ask for an adapter of this name",
        remedy="use at most 100 letters, digits and - . _, with a letter or digit first",
    ),
]
AdapterSource = Annotated[
    str,
    StringFormat(
        pattern=(
            rf"hf://{PATH_PIECE}/{PATH_PIECE}"
            rf"|oci://[a-z0-9][-a-z0-9.]*(:[0-9]+)?(/{PATH_PIECE})+(:{PATH_PIECE})?(@sha256:[0-9a-f]{{64}})?"
            rf"|pvc://[a-z0-9][-a-z0-9.]*(/{PATH_PIECE})*/?"
        ),
        longest=512,
        because="an adapter cannot be read from this source",
        remedy="write hf://organisation/adapter, oci://host/repository:tag, or pvc://claim/folder",
    ),
]
ContentDigest = Annotated[
    str,
    StringFormat(
        pattern=r"sha256:[0-9a-f]{64}",
        longest=71,
        because="this is not the digest of an adapter",
        remedy="write what `fairlead digest FOLDER` prints: sha256: and 64 hex digits",
    ),
]


class AdapterVersion(ApiModel):
    """One version of the adapter's weights."""

    digest: ContentDigest = Field(
        description="Digest of the version's two files, as `fairlead digest FOLDER` prints it. Files that differ are "
        "refused."
    )
    source: AdapterSource = Field(
        description="Folder with adapter_config.json and adapter_model.safetensors: hf://organisation/adapter, "
        "oci://host/repository:tag, or pvc://claim/folder in the claim of spec.engine.lora.claimName."
    )
    revision: Revision | None = Field(
        default=None, description="Commit, tag or branch of an hf:// source. Default: its default branch."
    )
    traffic: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None,
        description="Share of the conversations that this version answers, in percent; those of all versions add up "
        "to 100. A version with 0 is loaded, and answers no requests. Default 100; with spec.canary its steps decide.",
    )

    @property
    def share(self) -> int:
        """Percent of the conversations; 100 if `traffic` is not set."""
        return WHOLE if self.traffic is None else self.traffic


class AdapterSpec(ApiModel):
    """A LoRA adapter that running replicas load, under a name that clients request."""

    deployment: Handle = Field(
        description="Name of the InferenceDeployment, in this namespace, whose replicas serve the adapter. It must "
        "have spec.engine.lora."
    )
    served_name: AdapterName | None = Field(
        default=None, description="Name by which clients ask for the adapter. Default: this object's name."
    )
    base_model: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        default=None,
        description="Base model that the adapter's own configuration names, if it differs "
        "from spec.model.source of the deployment, for instance the checkpoint before it was quantized.",
    )
    replicas: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="Number of replicas that load the adapter. Default: all of them."
    )
    versions: Annotated[
        tuple[AdapterVersion, ...],
        Field(min_length=1, max_length=4),
        KeyedList("digest", lambda one: one.digest),
    ] = Field(
        description="Versions that are loaded side by side. A change of their traffic moves conversations and loads "
        "nothing, so neither a trial nor its end needs a GPU."
    )
    canary: AdapterCanary | None = Field(
        default=None,
        description="A version that is added beside the serving one gets its conversations in steps, and "
        "loses them if a gate fails. Default: the traffic of each version is as written.",
    )

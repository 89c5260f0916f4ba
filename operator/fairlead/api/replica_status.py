"""The status of what happens around replicas: those that hang, and images that are pulled in advance."""

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.status_values import ATOMIC, Figure, Sentence, ShortText, Timestamp


class ReplacedReplicaStatus(ApiModel):
    """One replica that hung and was replaced."""

    pod: ShortText = Field(description="Name of its pod.")
    uid: ShortText = Field(description="UID of its pod.")
    node: ShortText | None = Field(default=None, description="The node where it ran.")
    at: Timestamp = Field(default=None, description="When its pod was deleted.")


class HungReplicasStatus(ApiModel):
    """Replicas that hang, and those that were replaced because they did."""

    reason: ShortText | None = Field(
        default=None,
        description="Why a replica that hangs is not replaced: MostHang, HourlyLimit or DeletionRefused; absent while "
        "nothing keeps one.",
    )
    message: Sentence = Field(default=None, description="The same in a sentence, with its figures and a remedy.")
    replaced: tuple[ReplacedReplicaStatus, ...] = Field(
        default=(),
        max_length=3,
        description="The last ones that were replaced, newest first.",
        json_schema_extra=ATOMIC,
    )


class PrePullStatus(ApiModel):
    """Images that are pulled in advance, by a DaemonSet."""

    image: str | None = Field(default=None, max_length=1024, description="The engine's image that nodes shall hold.")
    nodes: Figure = Field(default=None, description="Nodes that shall hold it: those that replicas may run on.")
    holding: Figure = Field(default=None, description="How many of them hold it.")
    message: Sentence = Field(
        default=None, description="What is missing, and where to look; absent while every node holds it."
    )

"""What a container requests of its node and is limited to, with the fields of a Pod's."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import Quantity

CpuQuantity = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,4}(\.[0-9]{1,3})?|[0-9]{1,7}m",
        longest=8,
        because="this is not a number of processor cores",
        remedy='write cores, for instance 2, 500m or "0.5"',
        or_integer=True,
    ),
]


class ResourceAmounts(ApiModel):
    """Amounts of a node's processor, memory and disk."""

    cpu: CpuQuantity | None = Field(default=None, description="Processor cores, for instance 8 or 500m.")
    memory: Quantity | None = Field(default=None, description="Main memory, for instance 32Gi.")
    ephemeral_storage: Quantity | None = Field(
        default=None,
        alias="ephemeral-storage",
        description="The node's own disk, for instance 100Gi: logs and volumes without a claim, such as a downloaded "
        "model.",
    )


class Resources(ApiModel):
    """What a container requests and is limited to, beside GPUs."""

    requests: ResourceAmounts = Field(
        default=ResourceAmounts(), description="What a node must have left, and keeps for the container."
    )
    limits: ResourceAmounts = Field(
        default=ResourceAmounts(),
        description="What the container may use at most: above cpu it is slowed down, above memory it is killed, above "
        "ephemeral-storage its pod is evicted.",
    )

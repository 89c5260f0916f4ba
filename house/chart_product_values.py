"""The chart's value `products`: what its schema accepts is what the operator accepts when it starts."""

from typing import Any, Final

from pydantic import ConfigDict, Field, JsonValue

from fairlead.cluster import package_data
from house.chart_view_values import Group

_LISTED: Final[list[JsonValue]] = [*package_data.load_catalogue().accelerators]
_WHOLE: Final[dict[str, Any]] = {
    "required": ["memoryMib", "computeCapability"],
    "properties": {"memoryMib": {"type": "integer"}, "computeCapability": {"type": "string"}},
}
_TOO_LARGE: Final = 1e9


class Product(Group):
    """A GPU of the cluster as the user pays for it, or one that the catalogue lacks."""

    model_config = ConfigDict(
        json_schema_extra={"if": {"properties": {"product": {"not": {"enum": _LISTED}}}}, "then": _WHOLE}
    )

    product: str = Field(min_length=1, description="Label of GPU feature discovery, for instance NVIDIA-L4.")
    price_usd_hour: float | None = Field(default=None, gt=0, lt=_TOO_LARGE, description="US dollars per GPU and hour.")
    memory_mib: int | None = Field(default=None, gt=0, lt=_TOO_LARGE, description="Memory in MiB.")
    bandwidth_gbs: float | None = Field(default=None, gt=0, lt=_TOO_LARGE, description="Memory bandwidth in GB/s.")
    bf16_tflops: float | None = Field(default=None, gt=0, lt=_TOO_LARGE, description="Dense BF16 arithmetic in TFLOPS.")
    fp8_tflops: float | None = Field(default=None, gt=0, lt=_TOO_LARGE, description="Dense FP8 arithmetic in TFLOPS.")
    compute_capability: str | None = Field(
        default=None, pattern="^[0-9]{1,3}[.][0-9]{1,3}$", description="CUDA compute capability, in quotes."
    )
    unified_memory: bool | None = Field(
        default=None, description="Whether its memory is the node's main memory, as in a DGX Spark."
    )

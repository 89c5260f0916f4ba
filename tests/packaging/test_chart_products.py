"""What the values' schema accepts as `products` is what the operator accepts when it starts, and no more."""

from typing import Any, Final

import jsonschema
import pytest

from fairlead.cluster import package_data
from fairlead.sizing import custom_products
from fairlead.sizing.catalogue import Catalogue
from house import chart_files

WHOLE: Final[dict[str, Any]] = {"product": "Future-X1", "memoryMib": 983040, "computeCapability": "12.0"}
ENTRIES: Final[dict[str, tuple[dict[str, Any], bool]]] = {
    "a price of a listed one": ({"product": "NVIDIA-L4", "priceUsdHour": 0.55}, True),
    "a listed one with an empty field": ({"product": "NVIDIA-L4", "memoryMib": None}, True),
    "one that the catalogue lacks": (WHOLE, True),
    "a misspelled one": ({"product": "NVIDIA-l4", "priceUsdHour": 0.55}, False),
    "one without memory": ({"product": "Future-X1", "computeCapability": "12.0"}, False),
    "one of no known generation": ({"product": "Future-X1", "memoryMib": 983040}, False),
    "one whose memory is empty": (WHOLE | {"memoryMib": None}, False),
    "one whose generation is empty": (WHOLE | {"computeCapability": None}, False),
    "a generation without a dot": (WHOLE | {"computeCapability": "12"}, False),
    "a generation of four digits": (WHOLE | {"computeCapability": "1200.0"}, False),
    "memory in bytes": (WHOLE | {"memoryMib": 1_030_792_151_040}, False),
    "a price of a billion": (WHOLE | {"priceUsdHour": 1e9}, False),
    "bandwidth in bytes": (WHOLE | {"bandwidthGbs": 2e12}, False),
    "operations and not TFLOPS": (WHOLE | {"bf16Tflops": 9.9e14}, False),
    "operations in FP8": (WHOLE | {"fp8Tflops": 1.9e15}, False),
}


@pytest.mark.parametrize(("entry", "accepted"), ENTRIES.values(), ids=ENTRIES)
def test_an_entry_is_accepted_by_both_or_by_neither(entry: dict[str, Any], accepted: bool) -> None:
    """An operator that refuses it ends at once, again and again, while Helm reports success."""
    schema = jsonschema.Draft202012Validator(chart_files.schema())
    read = custom_products.with_products(package_data.load_catalogue(), [entry])
    assert (schema.is_valid({"products": [entry]}), isinstance(read, Catalogue)) == (accepted, accepted)


@pytest.mark.parametrize(("image", "accepted"), [("registry.test/vllm-cpu:0.32.0", True), ("", False)])
def test_an_image_for_cpus_has_a_name(image: str, accepted: bool) -> None:
    schema = jsonschema.Draft202012Validator(chart_files.schema())
    assert schema.is_valid({"cpuImages": {"vLLM": image}}) is accepted

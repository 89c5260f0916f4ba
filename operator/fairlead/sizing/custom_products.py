"""GPUs described in the user's configuration: negotiated prices, and products that the catalogue lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from fairlead.fleet.accelerators import CPU, Accelerator, ComputeCapability
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.families import MissingFact

NUMBERS: Final = {
    "memoryMib": "memory_mib",
    "bandwidthGbs": "bandwidth_gbs",
    "bf16Tflops": "bf16_tflops",
    "fp8Tflops": "fp8_tflops",
    "priceUsdHour": "price_an_hour",
}
"""The fields as users write them, with their names in `Accelerator`."""

UNIFIED: Final = "unifiedMemory"
"""Whether the GPU's memory is the node's main memory, of which other programs take their part too."""

NEEDED: Final = ("memoryMib", "computeCapability")
"""Fields that a product needs if the catalogue lacks it."""


def with_products(catalogue: Catalogue, entries: object) -> Catalogue | MissingFact:
    """Return the catalogue with these products added or changed, or the error of the first invalid entry."""
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return MissingFact("products: a list is expected, each entry with a product and what differs")
    own: dict[str, Accelerator] = {}
    for place, entry in enumerate(entries):
        made = _product(f"products[{place}]", entry, catalogue.accelerators)
        if isinstance(made, MissingFact):
            return made
        if made.product in own:
            return MissingFact(f"products[{place}].product: {made.product} is there twice; write it once")
        own[made.product] = made
    return replace(catalogue, accelerators=dict(catalogue.accelerators) | own)


def _product(at: str, entry: object, accelerators: Mapping[str, Accelerator]) -> Accelerator | MissingFact:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("product"), str):
        return MissingFact(f"{at}.product: expected the label of GPU feature discovery, for instance NVIDIA-L4")
    if entry["product"] == CPU:
        return MissingFact(
            f"{at}.product: {CPU} is not a GPU; the memory of a replica on it is spec.accelerator.memory"
        )
    strange = [str(key) for key in entry if key not in {"product", "computeCapability", UNIFIED, *NUMBERS}]
    if strange:
        return MissingFact(
            f"{at}.{strange[0]}: there is no such field; there are {', '.join(NUMBERS)}, computeCapability, {UNIFIED}"
        )
    listed = accelerators.get(entry["product"])
    absent = [] if listed else [name for name in NEEDED if entry.get(name) is None]
    if absent:
        return MissingFact(f"{at}.{absent[0]}: wanted, as {entry['product']} is not in the catalogue")
    return _made(at, entry, listed)


def _made(at: str, entry: Mapping[str, Any], listed: Accelerator | None) -> Accelerator | MissingFact:
    numbers: dict[str, Any] = {}
    for written, name in NUMBERS.items():
        value = entry.get(written)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9):
            return MissingFact(f"{at}.{written}: {str(value)[:40]!r} is not a number above 0")
        if value is not None:
            numbers[name] = value
    unified = entry.get(UNIFIED)
    if unified is not None and not isinstance(unified, bool):
        return MissingFact(f"{at}.{UNIFIED}: {str(unified)[:40]!r} is neither true nor false")
    if unified is not None:
        numbers["unified_memory"] = unified
    capability = _capability(entry.get("computeCapability"))
    if capability is None and entry.get("computeCapability") is not None:
        return MissingFact(f'{at}.computeCapability: two numbers with a dot in quotes, for instance "8.9"')
    if capability is not None:
        numbers["capability"] = capability
    if listed is not None:
        return replace(listed, **numbers)
    rates: dict[str, Any] = {"bandwidth_gbs": None, "bf16_tflops": None, "fp8_tflops": None}
    return Accelerator(product=entry["product"], **(rates | numbers))


def _capability(written: object) -> ComputeCapability | None:
    major, dot, minor = str(written).partition(".")
    readable = all(part.isascii() and part.isdigit() and len(part) < 4 for part in (major, minor))
    return ComputeCapability(int(major), int(minor)) if dot and readable else None

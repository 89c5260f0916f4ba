"""An operator's own prices and products: they override the catalogue, or are refused by the invalid field."""

from dataclasses import replace

import pytest

from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.sizing import custom_products
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.families import MissingFact

L4 = Accelerator(
    product="NVIDIA-L4",
    memory_mib=23034,
    bandwidth_gbs=300,
    bf16_tflops=121,
    fp8_tflops=242,
    capability=ComputeCapability(8, 9),
    price_an_hour=0.8,
)
CATALOGUE = Catalogue(shapes={}, accelerators={"NVIDIA-L4": L4}, missing={})


def put(*entries: object) -> Catalogue:
    found = custom_products.with_products(CATALOGUE, list(entries))
    assert isinstance(found, Catalogue)
    return found


def test_a_negotiated_price_replaces_the_public_one_and_nothing_else() -> None:
    own = put({"product": "NVIDIA-L4", "priceUsdHour": 0.55}).accelerators["NVIDIA-L4"]
    assert own.price_an_hour == 0.55
    assert own.memory_mib == 23034


def test_a_product_outside_the_catalogue_can_be_described() -> None:
    own = put({"product": "X1", "memoryMib": 98304, "bf16Tflops": 400, "computeCapability": "12.0"}).accelerators
    assert own["X1"].capability == ComputeCapability(12, 0)
    assert own["X1"].bf16_tflops == 400
    assert own["X1"].bandwidth_gbs is None
    assert set(own) == {"NVIDIA-L4", "X1"}


def test_memory_that_is_the_nodes_own_is_set_and_kept() -> None:
    spark = {"product": "X1", "memoryMib": 124576, "computeCapability": "12.1"}
    assert put(spark | {"unifiedMemory": True}).accelerators["X1"].unified_memory
    assert not put(spark).accelerators["X1"].unified_memory
    shared = replace(CATALOGUE, accelerators={"NVIDIA-L4": replace(L4, unified_memory=True)})
    priced = {"product": "NVIDIA-L4", "priceUsdHour": 0.55}
    for written, unified in ((priced, True), (priced | {"unifiedMemory": False}, False)):
        found = custom_products.with_products(shared, [written])
        assert isinstance(found, Catalogue)
        assert found.accelerators["NVIDIA-L4"].unified_memory is unified


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (None, "products: a list is expected"),
        ("NVIDIA-L4", "products: a list is expected"),
        ([{}], "products[0].product: expected the label"),
        (["NVIDIA-L4"], "products[0].product: expected the label"),
        ([{"product": "NVIDIA-L4", "price": 1}], "products[0].price: there is no such field; there are memoryMib"),
        (
            [{"product": "CPU", "memoryMib": 8192}],
            "products[0].product: CPU is not a GPU; the memory of a replica on it",
        ),
        (
            [{"product": "NVIDIA-L4", "unifiedMemory": "yes"}],
            "products[0].unifiedMemory: 'yes' is neither true nor false",
        ),
        ([{"product": "X1"}], "products[0].memoryMib: wanted, as X1 is not in the catalogue"),
        (
            [{"product": "X1", "memoryMib": None, "computeCapability": "9.0"}],
            "products[0].memoryMib: wanted, as X1 is not in the catalogue",
        ),
        (
            [{"product": "NVIDIA-L4", "priceUsdHour": 1}, {"product": "NVIDIA-L4", "priceUsdHour": 2}],
            "products[1].product: NVIDIA-L4 is there twice; write it once",
        ),
        ([{"product": "X1", "memoryMib": 1}], "products[0].computeCapability: wanted"),
        ([{"product": "NVIDIA-L4", "priceUsdHour": 0}], "products[0].priceUsdHour: '0' is not a number above 0"),
        ([{"product": "NVIDIA-L4", "priceUsdHour": True}], "'True' is not a number above 0"),
        ([{"product": "NVIDIA-L4", "memoryMib": "lots"}], "'lots' is not a number above 0"),
        ([{"product": "NVIDIA-L4", "computeCapability": "new"}], 'in quotes, for instance "8.9"'),
        ([{"product": "NVIDIA-L4", "computeCapability": "8.⁹"}], 'in quotes, for instance "8.9"'),
        ([{"product": "NVIDIA-L4", "computeCapability": "9" * 5000 + ".0"}], 'in quotes, for instance "8.9"'),
    ],
)
def test_what_makes_no_sense_is_named_by_its_field(entries: object, words: str) -> None:
    found = custom_products.with_products(CATALOGUE, entries)
    assert isinstance(found, MissingFact)
    assert words in found.what

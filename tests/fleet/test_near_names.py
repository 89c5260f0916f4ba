"""What a misspelt or shortened name means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet import near_names

GPUS = ("NVIDIA-L4", "NVIDIA-L40S", "NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", "NVIDIA-H800", "Tesla-T4")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("L4", ("NVIDIA-L4",)),
        ("nvidia-l4", ("NVIDIA-L4",)),
        ("NVIDIA L4", ("NVIDIA-L4",)),
        ("H100", ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe")),
        ("NVIDIA-H100", ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe")),
        ("NVIDIA-H100-80GB-HBM", ("NVIDIA-H100-80GB-HBM3",)),
        ("quantum-9", ()),
        ("", ()),
        ("--", ()),
    ],
)
def test_a_short_or_misspelt_product_means_those_that_have_its_words(written: str, meant: tuple[str, ...]) -> None:
    assert near_names.near_names(written, GPUS)[: len(meant)] == meant
    assert bool(near_names.near_names(written, GPUS)) == bool(meant)


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=6))
def test_whatever_is_written_only_names_that_exist_are_named(written: str, names: list[str]) -> None:
    near = near_names.near_names(written, names)
    assert len(near) <= 3
    assert set(near) <= set(names)

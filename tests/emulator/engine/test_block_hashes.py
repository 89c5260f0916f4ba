"""Page names against what real vLLM 0.32 published on its event socket, and against vllm.md part 8."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.emulator.engine.block_hashes import CBOR, BlockHasher, cbor

TEXT: Final = range(10, 106)
PAGE: Final = 32


def test_the_known_answer_of_the_reference() -> None:
    hasher = BlockHasher(CBOR, {})

    assert (hasher.root.hex()[:8], hasher.root.hex()[-6:]) == ("9bd96a48", "81eef0")
    assert list(hasher.chain([1, 2, 3, 4], 4)) == [9561501211280363793]


def test_three_pages_are_named_as_a_real_server_named_them() -> None:
    hasher = BlockHasher(CBOR, {})

    assert list(hasher.chain(TEXT, PAGE)) == [7513423537032978964, 8324879166139141864, 17672639589855959601]
    assert list(hasher.chain(TEXT, PAGE, salt="pepper")) == [
        6980587338670322507,
        4708012418251093274,
        14984333791831969722,
    ]


def test_an_adapter_sets_every_page_apart_and_a_salt_the_first_and_so_all_after_it() -> None:
    hasher = BlockHasher(CBOR, {})
    chains = [
        tuple(hasher.chain(TEXT, PAGE, adapter, salt))
        for adapter, salt in ((None, None), (("a", "/a"), None), (("a", "/b"), None), (None, "x"), (("a", "/a"), "x"))
    ]

    assert len({name for chain in chains for name in chain}) == 5 * 3


@pytest.mark.parametrize("algorithm", ["sha256", CBOR])
def test_a_seed_in_the_environment_changes_all_names_and_nothing_else_does(algorithm: str) -> None:
    names = list(BlockHasher(algorithm, {}).chain(TEXT, PAGE))

    assert names == list(BlockHasher(algorithm, {"OTHER": "1"}).chain(TEXT, PAGE))
    assert not set(names) & set(BlockHasher(algorithm, {"PYTHONHASHSEED": "0"}).chain(TEXT, PAGE))


@given(st.lists(st.integers(0, 200_000), max_size=100), st.integers(1, 32), st.integers(0, 100))
def test_texts_always_share_names_exactly_as_far_as_they_are_the_same(text: list[int], page: int, cut: int) -> None:
    hasher = BlockHasher(CBOR, {})
    names = list(hasher.chain(text, page))
    other = list(hasher.chain([*text[:cut], 7_777_777, *text[cut + 1 :]], page))
    same = min(cut, len(text)) // page

    assert len(names) == len(text) // page
    assert names[:same] == other[:same]
    assert not set(names[same:]) & set(other[same:])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "f6"),
        (23, "17"),
        (24, "1818"),
        (256, "190100"),
        (65536, "1a00010000"),
        (1 << 32, "1b0000000100000000"),
        (b"\x01", "4101"),
        ("lora", "646c6f7261"),
        ((1, 2), "820102"),
        ((b"", None), "8240f6"),
        ((), "80"),
    ],
)
def test_cbor_takes_the_shortest_form(value: object, written: str) -> None:
    assert cbor(value).hex() == written


def test_what_no_chain_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="no such number stands in a chain"):
        cbor(1 << 64)

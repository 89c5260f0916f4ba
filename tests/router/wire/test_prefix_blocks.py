"""Block ids: equal prefixes have equal ids, in every router."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire import prefix_blocks


def test_a_short_prompt_has_none_and_a_rest_has_none() -> None:
    assert prefix_blocks.of(b"") == prefix_blocks.of(b"a" * 511) == []
    assert len(prefix_blocks.of(b"a" * 512)) == 1
    assert len(prefix_blocks.of(b"a" * 1100)) == 2


def test_equal_blocks_behind_unequal_ones_differ() -> None:
    one, other = prefix_blocks.of(b"a" * 512 + b"c" * 512), prefix_blocks.of(b"b" * 512 + b"c" * 512)
    assert set(one).isdisjoint(other)
    assert len(set(prefix_blocks.of(b"a" * 5120))) == 10


def test_they_are_the_same_in_every_process_and_release() -> None:
    assert prefix_blocks.of(b"a" * 1024) == [0x4659A548A9CC8DB1, 0x958699F08697C14F]


def test_salt_keeps_apart_what_engines_keep_apart() -> None:
    prompt = b"a" * 2048
    assert set(prefix_blocks.of(prompt, b"tenant-1")).isdisjoint(prefix_blocks.of(prompt, b"tenant-2"))
    assert prefix_blocks.of(prompt, b"x") == prefix_blocks.of(prompt, b"x")


def test_their_number_is_bounded() -> None:
    assert len(prefix_blocks.of(b"a" * (prefix_blocks.BYTES * prefix_blocks.MOST + 5000))) == prefix_blocks.MOST


@given(start=st.binary(max_size=3000), one=st.binary(max_size=2000), other=st.binary(max_size=2000))
def test_beginnings_that_are_equal_always_have_equal_ids(start: bytes, one: bytes, other: bytes) -> None:
    common = len(start) // prefix_blocks.BYTES
    assert prefix_blocks.of(start + one)[:common] == prefix_blocks.of(start + other)[:common] == prefix_blocks.of(start)

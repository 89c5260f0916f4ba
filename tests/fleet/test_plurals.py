"""How a number of things reads, whatever the number."""

import pytest

from fairlead.fleet import plurals


@pytest.mark.parametrize(
    ("number", "noun", "reads"),
    [
        (0, "replica", "0 replicas"),
        (1, "replica", "1 replica"),
        (2, "replica", "2 replicas"),
        (1.0, "replica", "1 replica"),
        (0.5, "replica", "0.5 replicas"),
        (2048, "prompt token", "2,048 prompt tokens"),
        (2, "policy", "2 policies"),
        (2, "day", "2 days"),
        (3, "prefix", "3 prefixes"),
        (4, "batch", "4 batches"),
        (37.125, "request", "37.1 requests"),
    ],
)
def test_a_count_bends_its_noun(number: float, noun: str, reads: str) -> None:
    assert plurals.count(number, noun) == reads


@pytest.mark.parametrize(
    ("number", "word", "reads"),
    [(1, "keeps", "keeps"), (2, "keeps", "keep"), (0, "is", "are"), (1, "is", "is"), (2, "needs", "need")],
)
def test_a_count_bends_its_verb(number: float, word: str, reads: str) -> None:
    assert plurals.verb(number, word) == reads


def test_a_part_of_one_thing_is_and_of_several_are() -> None:
    found = [
        (some, whole, plurals.verb_of_part(some, whole, "is"))
        for some, whole in ((0, 1), (1, 1), (0, 3), (1, 3), (2, 3))
    ]
    assert [word for _, _, word in found] == ["is", "is", "are", "is", "are"]

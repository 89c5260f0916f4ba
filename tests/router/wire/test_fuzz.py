"""The fuzzer's seeds hold, a few mutations too, and a failure is reported; the long runs are `python -m fuzz.wire`."""

import pytest

from fuzz import targets, wire


@pytest.mark.parametrize("name", sorted(targets.all_of_them()))
def test_seeds_and_what_is_made_of_them_break_nothing(name: str) -> None:
    fed = wire.feed(name, targets.all_of_them()[name], 40_000, seed=3)
    assert fed.broken == []
    assert fed.fed_bytes >= 40_000
    assert len(fed.outcomes) > 5


def test_the_same_seed_takes_the_same_way() -> None:
    one, other = (wire.feed("facts", targets.bodies, 20_000, seed=5) for _ in range(2))
    assert (one.inputs, one.fed_bytes, one.outcomes) == (other.inputs, other.fed_bytes, other.outcomes)


def test_a_fuzzing_failure_is_reported_with_its_input() -> None:
    def picky(data: bytes) -> str:
        assert b"Host" not in data, "a host"
        return "fine"

    fed = wire.feed("requests", picky, 0, seed=1)
    assert fed.inputs == len(wire.seeds("requests"))
    assert all(b"Host" in data and problem.startswith("AssertionError: a host") for data, problem in fed.broken)
    assert f"{len(fed.broken):>3} broken" in fed.line

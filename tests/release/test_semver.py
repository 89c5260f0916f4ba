"""Versions: what is valid, and their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release import semver
from release.semver import SemanticVersion

EARLY = st.sampled_from(["alpha", "beta", "rc", "0", "1", "11", "x-y"])
VERSIONS = st.builds(SemanticVersion, st.tuples(*[st.integers(0, 99)] * 3), st.lists(EARLY, max_size=3).map(tuple))


@given(VERSIONS)
def test_a_version_is_always_read_as_it_is_written(one: SemanticVersion) -> None:
    assert semver.parsed(str(one)) == one


@given(VERSIONS, VERSIONS)
def test_of_two_versions_always_one_is_greater_or_they_are_equal(one: SemanticVersion, other: SemanticVersion) -> None:
    assert [one < other, one == other, one > other].count(True) == 1


def test_they_are_in_the_order_that_semver_gives() -> None:
    written = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1"]
    written += ["1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"]
    found = [semver.parsed(one) for one in written]
    assert None not in found
    assert sorted(one for one in found if one is not None) == found


NONE = ["", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+b", "1.2.x"]


@pytest.mark.parametrize("written", NONE)
def test_what_is_none_is_none(written: str) -> None:
    assert semver.parsed(written) is None

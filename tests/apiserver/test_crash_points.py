"""P1, P5, P12 on a real API server: the operator's process is killed at its writes, and its requests fail."""

import asyncio
import os
from collections.abc import Callable, Iterator

import pytest

from devcluster.door import Embedded
from tests.faults import crash_story
from tests.faults.crash_story import Point
from tests.faults.proxy import Moment
from tests.faults.small_cluster import small_cluster

SOME = (
    Point(number=1, moment=Moment.AFTER, kind="kill"),
    Point(number=13, moment=Moment.BEFORE, kind="kill"),
    Point(number=24, moment=Moment.AFTER, kind="kill"),
    Point(number=18, moment=Moment.AFTER, kind="drop"),
)
"""`make prove ITEM=controller.4` tries all of them; here a few that once broke something, or might."""


@pytest.fixture(scope="module")
def small() -> Iterator[Embedded]:
    """A cluster for these tests."""
    with small_cluster(gpus=2) as door:
        yield door


def test_a_killed_operator_and_failing_requests_lead_to_the_same_end(
    small: Embedded, record_property: Callable[[str, object], None]
) -> None:
    """P1, P5, P12"""
    chosen = None if os.environ.get("FAIRLEAD_CRASH_POINTS") == "all" else SOME
    tried, wrong = asyncio.run(crash_story.differences(small, chosen))
    record_property("real_points", tried)
    assert wrong == []
    assert tried >= len(SOME)

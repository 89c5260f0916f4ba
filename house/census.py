"""Checks that each test belongs to exactly one lane; otherwise it would never run, or run twice."""

from collections.abc import Collection
from functools import lru_cache

from _pytest.mark.expression import Expression

from house.lane import LANES, Lane


def complaint(test: str, marks: Collection[str]) -> str | None:
    """Why a test with this path and these marks is in no lane, or in more than one."""
    names = [lane.name for lane in _marked(frozenset(marks)) if lane.holds(test)]
    if len(names) == 1:
        return None
    fault = f"lanes {' and '.join(names)} would both run it" if names else "no lane would ever run it"
    return f"{test}: {fault}: correct its folder, its mark, or house/lane.py"


@lru_cache
def _marked(marks: frozenset[str]) -> tuple[Lane, ...]:
    """The lanes that select these markers, by pytest's own evaluation of their expressions."""

    def carries(name: str, /, **_: object) -> bool:
        return name in marks

    return tuple(lane for lane in LANES if Expression.compile(lane.marker).evaluate(carries))

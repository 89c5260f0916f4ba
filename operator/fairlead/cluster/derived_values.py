"""A value computed from all objects of a kind, and again only after one of them has changed.

Thousands of objects cost nothing then while nothing happens to them.
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from fairlead.cluster.interfaces import ObjectLister
from fairlead.cluster.kinds import Manifest

Value = TypeVar("Value")


class DerivedValue(Generic[Value]):
    """One such value."""

    def __init__(self, compute: Callable[[Iterable[Manifest]], Value]) -> None:
        self._compute = compute
        self._held: tuple[int, Value] | None = None

    def of(self, objects: ObjectLister) -> Value:
        """Return it as of now; always of the same store."""
        if self._held is None or self._held[0] != objects.changes:
            self._held = objects.changes, self._compute(objects.each())
        return self._held[1]

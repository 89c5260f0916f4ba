"""Records who reads which attribute: the classes of one vocabulary module are instrumented while tests run.

A field that is converted and never read has no effect, whatever its type says.
"""

import dataclasses
import inspect
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

PRODUCT: Final = "fairlead."
NO_USE: Final = ("fairlead.api.", "fairlead.fleet.")
"""Packages that only carry a value from where it is written."""
REVIEWING: Final = frozenset(
    f"fairlead.{name}" for name in ("scaling.linting", "scaling.pairing", "controller.unbuilt", "controller.policies")
)
"""Modules that report on a value and do not act on it."""

Attribute = tuple[str, str]
"""A class and one of its attributes."""
Readers = dict[Attribute, set[str]]


@contextmanager
def watched(vocabulary: ModuleType) -> Iterator[Readers]:
    """Record every read of an attribute of its dataclasses, with the module of the product that made it."""
    classes = [one for one in vars(vocabulary).values() if isinstance(one, type) and dataclasses.is_dataclass(one)]
    found: Readers = defaultdict(set)

    def noted(self: object, name: str) -> Any:  # noqa: ANN401  # whatever the attribute holds
        here = inspect.currentframe()
        assert here is not None
        assert here.f_back is not None
        module = str(here.f_back.f_globals.get("__name__"))
        if module.startswith(PRODUCT) and not module.startswith(NO_USE) and module not in REVIEWING:
            found[type(self).__name__, name].add(module.removeprefix(PRODUCT))
        return object.__getattribute__(self, name)

    for one in classes:
        one.__getattribute__ = noted  # type: ignore[method-assign]  # taken away again below
    try:
        yield found
    finally:
        for one in classes:
            del one.__getattribute__


def differences(before: object, after: object) -> set[Attribute]:
    """The deepest attributes in which two values differ."""
    if dataclasses.is_dataclass(before) and type(before) is type(after):
        found: set[Attribute] = set()
        for one in dataclasses.fields(before):
            old, new = getattr(before, one.name), getattr(after, one.name)
            if old != new:
                found |= differences(old, new) or {(type(before).__name__, one.name)}
        return found
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        return {each for old, new in zip(before, after, strict=True) for each in differences(old, new)}
    return set()

"""Records what each test tried, for `make prove ITEM=controller.4`."""

from collections.abc import Callable, Iterator

import pytest

from tests.controller import tried


@pytest.fixture(autouse=True)
def _noted(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Record what one test tried, by kind."""
    before = tried.COUNT.copy()
    yield
    for name, count in (tried.COUNT - before).items():
        record_property(name, count)

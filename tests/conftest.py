"""A test's folder is its lane: tests in apiserver/, node/ or vllm/ need that environment and are marked for it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from house import census, pure

TESTS: Final = Path(__file__).resolve().parent

_EXCHANGE: Final = find_spec("fairlead.router.exchange")
IS_COMPILED: Final = _EXCHANGE is not None and not str(_EXCHANGE.origin).endswith(".py")
"""Whether these tests run the compiled data plane, as the image has it (tests/router/test_compiled.py).

Found, not imported: every process of tests would load the data plane, and all rooms would depend on its files.
"""

settings.register_profile("house", max_examples=pure.examples(), deadline=None)
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its folder, before pytest selects by mark; a test that no lane would run stops the run."""
    faults = set()
    for item in items:
        room = item.path.relative_to(TESTS).parts[0]
        if f"tests/{room}" in pure.WORLDS:
            item.add_marker(room)
        if IS_COMPILED and item.get_closest_marker("interpreted"):
            item.add_marker(pytest.mark.skip("changes a constant or a method of the data plane"))
        for finding in item.iter_markers("trial"):
            item.user_properties.append(("trial", *finding.args))
        path = item.path.relative_to(TESTS.parent).as_posix()
        faults.add(census.complaint(path, {mark.name for mark in item.iter_markers()}))
    faults.discard(None)
    if faults:
        raise pytest.UsageError("\n".join(map(str, sorted(faults, key=str))))

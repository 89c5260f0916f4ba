"""A test's folder is its lane: tests in apiserver/, node/ or vllm/ need that environment and are marked for it."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

import fairlead.router.exchange
from house import census, pure

TESTS: Final = Path(__file__).resolve().parent

IS_COMPILED: Final = not str(fairlead.router.exchange.__file__).endswith(".py")
"""Whether these tests run the compiled data plane, as the image has it (tests/router/test_compiled.py)."""

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

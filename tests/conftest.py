"""A test's folder is its lane: what stands in apiserver/, cluster/ or vllm/ needs that world and is marked for it."""

from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).resolve().parent
LANES: Final = ("apiserver", "cluster", "vllm")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its folder, before pytest chooses by mark."""
    for item in items:
        room = item.path.relative_to(TESTS).parts[0]
        if room in LANES:
            item.add_marker(room)

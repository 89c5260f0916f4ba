"""A plugin for pytest: after collecting, one line a test with its marks: one collection tells lanes apart."""

import pytest

LINE = "census:"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Marks given by folders are there by now."""
    for item in session.items:
        marks = ",".join(sorted({mark.name for mark in item.iter_markers()}))
        print(f"{LINE}{item.nodeid}\t{marks}")

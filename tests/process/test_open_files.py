"""The limit of open files: raised as far as the system allows, with a warning where that is too little."""

import logging
import resource
from collections.abc import Iterator

import pytest

from fairlead.process import open_files


@pytest.fixture(autouse=True)
def few_files() -> Iterator[int]:
    """A runtime's soft limit, as many nodes have it; yields the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        yield open_files.MOST if hard == resource.RLIM_INFINITY else hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_soft_limit_is_raised_to_the_hard_one(few_files: int, caplog: pytest.LogCaptureFixture) -> None:
    open_files.allow(open_files.of_router(100))
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(few_files, open_files.MOST)
    assert caplog.text == ""


def test_a_system_that_allows_too_few_is_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    open_files.allow(open_files.of_router(open_files.MOST))
    assert "and may need 2097652: beyond that it accepts no connection" in caplog.text


def test_an_unlimited_one_is_raised_no_further_than_programs_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    open_files.allow()
    assert raised == [(open_files.MOST, resource.RLIM_INFINITY)]

"""The kernel's inotify limit is raised for parallel clusters, and never lowered."""

from pathlib import Path

import pytest

from devcluster.setup.watch_limit import raise_limit


@pytest.mark.parametrize(("before", "after"), [("128\n", "1024\n"), ("1024\n", "1024\n"), ("8192\n", "8192\n")])
def test_too_low_a_limit_is_raised_and_a_higher_one_stays(tmp_path: Path, before: str, after: str) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(before)
    assert raise_limit(limit)
    assert limit.read_text() == after


def test_where_the_kernel_shows_no_limit_or_refuses_nothing_ends(tmp_path: Path) -> None:
    assert not raise_limit(tmp_path / "missing")
    (tmp_path / "odd").write_text("many\n")
    assert not raise_limit(tmp_path / "odd")

"""The base file system is complete or absent, and only one build at a time makes it."""

from pathlib import Path

import pytest

from devcluster import progress
from devcluster.cache import Cache
from devcluster.image import base

WITHOUT_NETWORK = """\
#!/bin/sh
echo "E: Failed getting release file"
exit 1
"""


def test_a_base_that_could_not_be_installed_is_not_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "unshare").write_text(WITHOUT_NETWORK)
    (programs / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    with pytest.raises(progress.StepFailed, match="Failed getting release file"):
        base.context(cache)

    assert not (cache.images / f"base-{base.key()}").exists()


def test_a_base_that_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    place = cache.images / f"base-{base.key()}"
    place.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    assert base.context(cache) == place

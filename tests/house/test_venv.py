"""uv creates the environment; it must be pinned like all else and use the mirrors configured for pip."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from house import venv

OF_AN_OUTER_MAKE: Final = frozenset({"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VENV"})
"""`make test` sets these: an inner make would print the folders that it enters, and take the outer's variables."""
LOCK = """\
urllib3==2.5.0 \\
    --hash=sha256:aa
    # via requests
uv==0.9.1 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via fairlead (pyproject.toml:dev)
wrapt==2.0.0 \\
    --hash=sha256:dd
"""


def test_uv_comes_with_the_hashes_of_the_lock_and_alone() -> None:
    entry = venv.locked("uv", LOCK)
    assert entry.startswith("uv==0.9.1 ")
    assert "sha256:bb" in entry
    assert "sha256:cc" in entry
    assert "wrapt" not in entry
    assert "urllib3" not in entry


def test_our_own_lock_pins_uv() -> None:
    assert "--hash=sha256:" in venv.locked("uv", venv.LOCK.read_text())


def test_uv_gets_the_mirror_and_the_certificates_configured_for_pip() -> None:
    listed = "global.index-url='https://files.example/simple'\nglobal.timeout='9'\n:env:.cert='/etc/ssl/ours.pem'\n"
    assert venv.translated(listed) == {
        "UV_DEFAULT_INDEX": "https://files.example/simple",
        "SSL_CERT_FILE": "/etc/ssl/ours.pem",
    }


def test_the_environment_counts_more_than_a_file() -> None:
    listed = "global.find-links='/from/a/file'\n:env:.find-links='/from/the/environment'\n"
    assert venv.translated(listed) == {"UV_FIND_LINKS": "/from/the/environment"}


def test_where_nothing_is_configured_for_pip_uv_gets_nothing() -> None:
    assert venv.translated("") == {}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty checkout whose environments are only an interpreter; the versions that made them, in their order."""
    versions: list[str] = []
    monkeypatch.setattr(venv, "STAMP", tmp_path / "lock.sha256")
    monkeypatch.setattr(venv, "PYTHON", tmp_path / "python")

    def create() -> None:
        versions.append(sys.version)
        venv.PYTHON.write_text("an interpreter")

    monkeypatch.setattr(venv, "_create", create)
    monkeypatch.setattr(venv, "_install", lambda: None)
    return versions


def test_an_environment_is_made_once(made: list[str]) -> None:
    assert (venv.main(), venv.main(), len(made)) == (0, 0, 1)


def test_an_environment_whose_interpreter_is_gone_is_made_anew(made: list[str]) -> None:
    venv.main()
    venv.PYTHON.unlink()
    assert (venv.main(), len(made)) == (0, 2)


def test_another_python_makes_another_environment(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    venv.main()
    monkeypatch.setattr(sys, "version", "3.12.1 (main)")
    venv.main()
    monkeypatch.setattr(sys, "base_prefix", "/opt/python")
    venv.main()
    assert (len(made), made[1]) == (3, "3.12.1 (main)")


def test_make_hands_a_folder_with_a_space_to_python_as_one_word(tmp_path: Path) -> None:
    folder = tmp_path / "my work"
    (folder / "v" / "bin").mkdir(parents=True)
    (folder / "Makefile").write_bytes((venv.ROOT / "Makefile").read_bytes())
    python = folder / "v" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    outside = {name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE}
    command = ["make", "check", "VENV=v"]
    ran = subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, f"{folder}/operator:{folder} -m house.check\n"), ran.stderr

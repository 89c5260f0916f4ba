"""Where code may be and how it may be named."""

import subprocess
from pathlib import Path

import pytest

from house import layout, tree


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("operator/__init__.py", "delete the file"),
        ("operator/notes.txt", "move it into a room, or beside the source root"),
        ("operator/helmsman/wheel.py", "move it into a room, or beside the source root"),
        ("operator/fairlead/utils/text.py", "'utils' says nothing"),
        ("house/helpers.py", "name the module after the noun it knows"),
        ("devcluster/common.py", "put the code beside its only caller"),
        ("tests/house/manager.py", "'manager' says nothing"),
    ],
)
def test_a_misplaced_or_misnamed_file_is_reported_with_what_to_do(path: str, advice: str) -> None:
    (violation,) = layout.violations([Path(path)])

    assert violation.startswith(f"{path}:1: ")
    assert advice in violation


def test_rooms_tests_and_data_files_stand_right() -> None:
    right = (
        "operator/fairlead/fleet/__init__.py",
        "house/check.py",
        "docs/common.md",
        "tests/cli/test_commands.py",
    )

    assert list(layout.violations(map(Path, right))) == []


def test_a_tree_without_git_is_walked_past_caches(tmp_path: Path) -> None:
    for name in ("house/check.py", "house/__pycache__/check.pyc", ".mypy_cache/x.json", "notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert tree.files(tmp_path) == [Path("house/check.py"), Path("notes.md")]
    assert tree.python_files(tmp_path) == [Path("house/check.py")]


def test_in_a_checkout_new_files_count_and_ignored_and_deleted_ones_do_not(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init")
    (tmp_path / ".gitignore").write_text("scratch.py\n")
    for name in ("kept.py", "deleted.py"):
        (tmp_path / name).touch()
    git("add", "--all")
    (tmp_path / "deleted.py").unlink()
    (tmp_path / "new.py").touch()
    (tmp_path / "scratch.py").touch()

    assert tree.files(tmp_path) == [Path(".gitignore"), Path("kept.py"), Path("new.py")]

"""`make release`: what it writes into a checkout, and what it refuses before it writes anything."""

import subprocess
from pathlib import Path

import pytest

from release import proposal
from release.tree import ReleaseRefused, SourceTree


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *who, "-C", str(root), *words), check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    """A checkout of 0.1.0 with two fragments."""
    for name, text in {
        "operator/fairlead/__init__.py": '"""Ours."""\n\n__version__ = "0.1.0"\n',
        "changes/README.md": "How.\n",
        "changes/020-a.fix.md": "It is mended.\n",
        "changes/020-b.feature.md": "It can more.\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first", "--date=2026-11-24T01:00:00+0200")
    return SourceTree(tmp_path)


def test_version_and_changelog_are_written_and_the_fragments_are_in_it(tree: SourceTree) -> None:
    version = proposal.propose(tree, "0.2.0")
    assert (str(version), tree.version()) == ("0.2.0", "0.2.0")
    assert sorted(one.name for one in (tree.root / "changes").iterdir()) == ["README.md"]
    assert f"## 0.2.0, {tree.commit_date()}\n\n### New\n\n- It can more.\n\n### Fixed\n\n- It is mended.\n" in (
        tree.changelog()
    )
    assert "git tag v0.2.0" in proposal.next_steps(version)
    assert set(tree.changed_files()) >= {"CHANGELOG.md", "operator/fairlead/__init__.py"}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "VERSION=: this is no version: write MAJOR.MINOR.PATCH"),
        ("v0.2.0", "VERSION=v0.2.0: this is no version"),
        ("0.1.0", "VERSION=0.1.0: the tree is 0.1.0 already: choose a greater one"),
        ("0.1.0-rc.1", "the tree is 0.1.0 already"),
    ],
)
def test_a_version_that_is_none_or_not_greater_is_refused(tree: SourceTree, written: str, words: str) -> None:
    with pytest.raises(ReleaseRefused, match=words.replace(".", r"\.")):
        proposal.propose(tree, written)
    assert (tree.changed_files(), tree.changelog()) == ([], "")


def test_what_is_not_committed_is_named(tree: SourceTree) -> None:
    (tree.root / "operator" / "fairlead" / "new.py").write_text("")
    with pytest.raises(ReleaseRefused, match=r"1 files are not committed, first operator/fairlead/new\.py: commit"):
        proposal.propose(tree, "0.2.0")


def test_a_file_that_is_no_fragment_and_none_at_all_are_refused(tree: SourceTree) -> None:
    (tree.root / "changes" / "notes.md").write_text("")
    with pytest.raises(ReleaseRefused, match=r"changes/notes\.md: no fragment has such a name"):
        proposal.propose(tree, "0.2.0")
    for one in (tree.root / "changes").glob("*.md"):
        one.unlink()
    with pytest.raises(ReleaseRefused, match="changes/ has no fragment"):
        proposal.propose(tree, "0.2.0")


def test_a_folder_that_is_no_checkout_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReleaseRefused, match="run this in a checkout of the project"):
        SourceTree(tmp_path).commit()


def test_a_package_without_its_version_says_which_line_is_missing(tree: SourceTree) -> None:
    (tree.root / "operator" / "fairlead" / "__init__.py").write_text("")
    with pytest.raises(ReleaseRefused, match="it has no line `__version__"):
        tree.version()


def test_a_failed_generator_names_the_commands_that_undo_the_first_release_too(
    tree: SourceTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposal, "GENERATORS", ("no_such_generator",))
    proposal.propose(tree, "0.2.0")
    with pytest.raises(ReleaseRefused) as refused:
        proposal.generate(tree)
    undo = str(refused.value).split("`")[1]
    subprocess.run(("sh", "-ec", undo), cwd=tree.root, check=True, capture_output=True)
    assert (tree.changed_files(), tree.version()) == ([], "0.1.0")

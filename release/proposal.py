"""`make release VERSION=...`: the version, the changelog's new section and everything generated from them.

Commits nothing: a person reads the diff, commits and tags it.
"""

import subprocess
import sys
from typing import Final

from release import changelog, semver
from release.changelog import ChangeFragment, UnreadableName
from release.semver import SemanticVersion
from release.tree import CHANGELOG, CHANGES, ReleaseRefused, SourceTree

GENERATORS: Final = ("house.chart", "house.generated")
"""Each in a process of its own: this one has imported the previous version."""
_UNDO: Final = f"`git checkout . && git clean -f {CHANGELOG}`"
"""The first release's changelog is a new file, which `git checkout` leaves."""


def propose(tree: SourceTree, written: str) -> SemanticVersion:
    """Write what a release changes; refuse before writing anything."""
    version = _next_version(tree, written)
    fragments = _fragments(tree)
    changed = tree.changed_files()
    if changed:
        raise ReleaseRefused(f"{len(changed)} files are not committed, first {changed[0]}: commit or stash them")
    new = changelog.section(str(version), tree.commit_date(), fragments)
    (tree.root / CHANGELOG).write_text(changelog.with_section(tree.changelog(), new), encoding="utf-8")
    tree.write_version(str(version))
    for one in fragments:
        (tree.root / CHANGES / one.name).unlink()
    return version


def generate(tree: SourceTree) -> None:
    """Generate the chart, the manifests and the pages of the new version."""
    for module in GENERATORS:
        done = subprocess.run((sys.executable, "-m", module), cwd=tree.root, check=False)
        if done.returncode:
            raise ReleaseRefused(f"python -m {module} ended with {done.returncode}: see above; {_UNDO} goes back")


def next_steps(version: SemanticVersion) -> str:
    """What the user does next."""
    return (
        f"\nThe tree is {version}. Read the difference, then:\n"
        f"  git add -A && git commit -m 'Fairlead {version}' && git tag v{version}\n"
        f"  make artifacts\n"
    )


def _next_version(tree: SourceTree, written: str) -> SemanticVersion:
    version, present = semver.parsed(written), semver.parsed(tree.version())
    if version is None:
        raise ReleaseRefused(f"VERSION={written}: this is no version: write MAJOR.MINOR.PATCH, for instance 1.2.0")
    if present is not None and version <= present:
        raise ReleaseRefused(f"VERSION={written}: the tree is {present} already: choose a greater one")
    return version


def _fragments(tree: SourceTree) -> tuple[ChangeFragment, ...]:
    found = [changelog.fragment(name, text) for name, text in tree.fragments().items()]
    wrong = [one.name for one in found if isinstance(one, UnreadableName)]
    if wrong:
        raise ReleaseRefused(f"{CHANGES}/{wrong[0]}: no fragment has such a name: NNN.kind.md, see {CHANGES}/README.md")
    if not found:
        raise ReleaseRefused(f"{CHANGES}/ has no fragment: without a change that users notice there is no release")
    return tuple(one for one in found if isinstance(one, ChangeFragment))

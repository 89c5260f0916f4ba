"""The release before a change: its tree from git, and its image under a separate tag."""

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from devcluster.image import build
from house.tree import ROOT
from prove import programs

REFERENCE: Final = "localhost/fairlead:before"
MANIFEST: Final = "manifest.json"


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """Its tree, while the block runs."""
    tree = folder / "before"
    made = programs.run("git", "worktree", "add", "--quiet", "--detach", str(tree), commit)
    if not made.ok:
        raise FileNotFoundError(f"{commit} is not in this clone: fetch its history")
    try:
        yield tree
    finally:
        programs.run("git", "worktree", "remove", "--force", str(tree), cwd=ROOT)


def image(tree: Path, folder: Path) -> Path:
    """Its image, as an archive whose only tag is `REFERENCE`."""
    built, archive = build.build(tree, Cache.chosen()), folder / "before.tar"
    with tarfile.open(built.archive) as old, tarfile.open(archive, "w") as new:
        for member in old:
            content = old.extractfile(member) if member.isfile() else None
            if member.name == MANIFEST and content is not None:
                document = json.loads(content.read())
                text = json.dumps([one | {"RepoTags": [REFERENCE]} for one in document]).encode()
                member.size, content = len(text), io.BytesIO(text)
            new.addfile(member, content)
    return archive

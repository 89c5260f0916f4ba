"""`make docs`: builds the site in .build/site and checks every link and anchor; the site fetches nothing.

mkdocs has an environment of its own, from locks/docs.txt. Pages keep their relative places in the tree; files outside
docs/ that a page links to are included.
"""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from house import navigation, site_links
from house.tree import ROOT

LOCK: Final = ROOT / "locks" / "docs.txt"
VENV: Final = ROOT / ".build" / "site-venv"
PAGES: Final = ROOT / ".build" / "site-pages"
SITE: Final = ROOT / ".build" / "site"
QUIET: Final = {"NO_MKDOCS_2_WARNING": "1"}
"""mkdocs-material prints a warning about another project's plans at each run."""
_LINK: Final = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
_FENCE: Final = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z+.-]*:", re.IGNORECASE)


def main() -> int:
    """Build the site and check its links; return 0 if all hold."""
    shutil.rmtree(PAGES, ignore_errors=True)
    lay_out(ROOT, PAGES)
    words = [str(_python()), "-m", "mkdocs", "build", "--strict", "--quiet"]
    built = subprocess.run(words, cwd=ROOT, env=os.environ | QUIET, check=False)
    if built.returncode:
        return built.returncode
    faults = [*site_links.dead(SITE), *site_links.fetched(SITE)]
    print("\n".join(faults) if faults else f"docs: {len(list(SITE.rglob('*.html')))} pages in {SITE.relative_to(ROOT)}")
    return 1 if faults else 0


def lay_out(root: Path, folder: Path) -> None:
    """Copy pages, pictures, and each file that a page links to."""
    wanted = [
        *(root / name for name in navigation.OUTSIDE),
        *(one for one in (root / "docs").rglob("*") if one.is_file()),
    ]
    for one in wanted:
        place = folder / one.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        if one.suffix != ".md":
            shutil.copyfile(one, place)
            continue
        text = one.read_text(encoding="utf-8")
        for linked in _files(one, text):
            copy = folder / linked.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if linked.suffix != ".md":
                shutil.copyfile(linked, copy)
        place.write_text("".join(_with_files(one, part) for part in _FENCE.split(text)), encoding="utf-8")


def _files(page: Path, text: str) -> Iterator[Path]:
    for link, _ in _LINK.findall(_FENCE.sub("", text)):
        if not _ELSEWHERE.match(link):
            yield _file((page.parent / link).resolve())


def _file(goal: Path) -> Path:
    """A link to a room shows its `__init__.py`."""
    return goal / "__init__.py" if goal.is_dir() else goal


def _with_files(page: Path, part: str) -> str:
    """Change links to rooms into links to files, since a site shows no folders."""
    if part.lstrip().startswith("```"):
        return part

    def link(found: re.Match[str]) -> str:
        is_room = not _ELSEWHERE.match(found[1]) and (page.parent / found[1]).is_dir()
        return f"]({found[1].rstrip('/')}/__init__.py)" if is_room else found[0]

    return _LINK.sub(link, part)


def _python() -> Path:
    """The interpreter that has mkdocs; its environment is created anew for another lock."""
    python, stamp = VENV / "bin" / "python", VENV / "lock.sha256"
    digest = sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        venv.create(VENV, clear=True, with_pip=True)
        words = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r", str(LOCK)]
        subprocess.run([str(python), *words], check=True)
        stamp.write_text(digest)
    return python


if __name__ == "__main__":
    sys.exit(main())

"""docs/evidence.json: the last recorded figure of each claim, with its machine and day."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from house.tree import ROOT
from prove.claims import place

DOCS: Final = ROOT / "docs"
NAME: Final = "evidence.json"
NOT_MEASURED: Final = (f":!docs/{NAME}", ":!docs/evidence.md")
"""Records change these: a claim that is recorded after another was measured on the same tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One recorded figure."""

    item: str
    holds: bool
    figure: str
    machine: str
    date: str
    """ISO 8601 day, in UTC."""
    command: str
    seconds: float
    commit: str = ""
    """The commit that was measured, `+` after it where the tree differed; empty in records from before it was kept."""


def read(docs: Path) -> dict[str, Record]:
    """Read the records by item; empty if nothing was recorded yet."""
    path = docs / NAME
    if not path.exists():
        return {}
    return {entry["item"]: Record(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))}


def write(records: Iterable[Record], docs: Path) -> None:
    """Write the records in the page's order, so that a new figure is a small diff."""
    entries = [_entry(record) for record in sorted(records, key=lambda record: place(record.item))]
    text = json.dumps(entries, indent=2, ensure_ascii=False)
    (docs / NAME).write_text(text + "\n", encoding="utf-8")


def _entry(record: Record) -> dict[str, object]:
    return {name: value for name, value in asdict(record).items() if name != "commit" or value}


def machine() -> str:
    """What a figure depends on, without identifying the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    return f"{os.cpu_count()} CPUs, {memory:.0f} GiB, {platform.system()} {kernel}, {_distribution()}"


def commit(tree: Path) -> str:
    """The commit that `tree` stands at: figures of one commit belong together. Empty outside a repository."""
    head = _git(tree, "rev-parse", "--short=10", "HEAD")
    changed = _git(tree, "status", "--porcelain", "--untracked-files=no", "--", ".", *NOT_MEASURED)
    return f"{head}{'+' if head and changed else ''}"


def _git(tree: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=tree, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "unknown distribution"
    return f"{release.get('ID', 'unknown')} {release.get('VERSION_ID', '')}".strip()

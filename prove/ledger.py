"""docs/evidence.json: the last recorded figure of each claim, with its machine and day."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from house.tree import ROOT
from prove.claims import place

DOCS: Final = ROOT / "docs"
NAME: Final = "evidence.json"


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


def read(docs: Path) -> dict[str, Record]:
    """Read the records by item; empty if nothing was recorded yet."""
    path = docs / NAME
    if not path.exists():
        return {}
    return {entry["item"]: Record(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))}


def write(records: Iterable[Record], docs: Path) -> None:
    """Write the records in the page's order, so that a new figure is a small diff."""
    entries = [asdict(record) for record in sorted(records, key=lambda record: place(record.item))]
    text = json.dumps(entries, indent=2, ensure_ascii=False)
    (docs / NAME).write_text(text + "\n", encoding="utf-8")


def machine() -> str:
    """What a figure depends on, without identifying the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    return f"{os.cpu_count()} CPUs, {memory:.0f} GiB, {platform.system()} {kernel}, {_distribution()}"


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "unknown distribution"
    return f"{release.get('ID', 'unknown')} {release.get('VERSION_ID', '')}".strip()

"""`python -m house.floors COVERAGE_JSON [TABLE]`: no room's coverage may be below its floor in pyproject.toml.

Rooms that decide are at 100: their branches are the product, and each needs only one table row in a test.
"""

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from house.tree import ROOT

SHOWN: Final = 4
"""How many files, and places in a file, a violation lists; the report in `.build/pure` has the rest."""

DECIDING: Final = "floors"
"""The table of the rooms that `make check` tests."""
REST: Final = "floors-of-the-rest"
"""The table of all others, checked by `make test`."""

COUNTED: Final = ("lines", "branches")
ADVICE: Final = "write the story that takes the missing branch, or delete the branch; the floor stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The coverage of one folder."""

    folder: str
    counted: int
    covered: int
    gaps: tuple[str, ...]
    """Uncovered places, as `path: lines 3, 9; branches 4->7`."""

    @property
    def percent(self) -> float:
        """Lines and branches together; a room without code is complete."""
        return 100.0 * self.covered / self.counted if self.counted else 100.0


def main(arguments: Sequence[str]) -> int:
    """Compare a coverage report with the floors; return 0 if every room holds."""
    if len(arguments) not in (1, 2):
        print("usage: python -m house.floors COVERAGE_JSON [TABLE]", file=sys.stderr)
        return 2
    table = arguments[1] if len(arguments) == 2 else DECIDING
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    floors = of(ROOT, table)
    missing = [folder for folder in floors if not (ROOT / folder).is_dir()]
    unseen = [line for folder in floors for line in without_a_test(folder, report["files"])]
    low = [*map(_nowhere, missing), *unseen, *violations(report["files"], floors)]
    print("\n".join(low) if low else f"floors: {len(floors)} rooms at or above their floor")
    return 1 if low else 0


def of(root: Path, table: str) -> Mapping[str, float]:
    """The floors of a table, by folder."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    found: Mapping[str, float] = settings["tool"]["fairlead"][table]
    return found


def without_a_test(folder: str, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield one line for each file of a folder that no report mentions: no test has imported it."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in files:
            yield f"{name}: no test imports it: {ADVICE}"


def violations(files: Mapping[str, Mapping[str, Any]], floors: Mapping[str, float]) -> Iterator[str]:
    """Yield one paragraph for each room below its floor."""
    for folder, floor in floors.items():
        room = measure(folder, _without(inner_rooms(folder, floors), files))
        if room.percent < floor:
            found = f"{_shown(room.percent)} of lines and branches covered, floor {floor:g} %"
            yield "\n".join(
                (
                    f"{folder}: {found}: {ADVICE}",
                    *(f"  {gap}" for gap in room.gaps[:SHOWN]),
                    *([f"  and {len(room.gaps) - SHOWN} more files"] if len(room.gaps) > SHOWN else []),
                )
            )


def inner_rooms(folder: str, floors: Iterable[str]) -> tuple[str, ...]:
    """Subfolders with a floor of their own: they count only there."""
    return tuple(f"{other}/" for other in floors if other.startswith(f"{folder}/"))


def _without(inner: tuple[str, ...], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {path: facts for path, facts in files.items() if not path.startswith(inner)}


def measure(folder: str, files: Mapping[str, Mapping[str, Any]]) -> Room:
    """Add up the files below one folder."""
    inside = {path: facts for path, facts in sorted(files.items()) if path.startswith(f"{folder}/")}
    summaries = [facts["summary"] for facts in inside.values()]
    return Room(
        folder=folder,
        counted=sum(
            each[f"{which}_{what}"] for each in summaries for which in ("covered", "missing") for what in COUNTED
        ),
        covered=sum(each[f"covered_{what}"] for each in summaries for what in COUNTED),
        gaps=tuple(gap for path, facts in inside.items() if (gap := _gap(path, facts))),
    )


def _gap(path: str, facts: Mapping[str, Any]) -> str:
    lines = [str(line) for line in facts["missing_lines"]]
    branches = [f"{start}->{'exit' if end <= 0 else end}" for start, end in facts["missing_branches"]]
    texts = [f"{what} {_first(places)}" for what, places in (("lines", lines), ("branches", branches)) if places]
    return f"{path}: {'; '.join(texts)}" if texts else ""


def _first(places: Sequence[str]) -> str:
    return ", ".join(places[:SHOWN]) + (", …" if len(places) > SHOWN else "")


def _shown(percent: float) -> str:
    """Round down, so that 99.96 is never shown as 100."""
    return f"{int(percent * 10) / 10:.1f} %"


def _nowhere(folder: str) -> str:
    return f"{folder}: has a floor in pyproject.toml but is no folder: correct it in [tool.fairlead.floors]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m house.pure`: the tests of the rooms that decide, and the floors of their coverage.

A group of rooms whose files, and whatever they import, are as they were when its tests last held is not run again: its
coverage was kept. `--all` runs every group.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from devcluster import turns
from house import floors, reach
from house.tree import ROOT

EXAMPLES: Final = "FAIRLEAD_EXAMPLES"
FOLDER: Final = ".build/pure"
"""Away from the root and from other runs' figures."""
MARKER: Final = "not house and not apiserver and not node and not vllm and not conformance and not recipe"
MARKERS: Final = ("-m", MARKER)
"""Folders beside markers: a story that lost its marker must not start a cluster on whoever runs the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rooms that are tested together."""

    name: str
    rooms: tuple[str, ...]
    """Whose floors they hold: a new file there counts even when no test imports it."""
    tests: tuple[str, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        """The rooms' own."""
        return tuple(f"operator/fairlead/{room}" for room in self.rooms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How a group's tests last held."""

    key: str
    examples: int
    """Of each property."""

    def covers(self, wanted: "Held") -> bool:
        """Whether nothing would be seen anew: the same files, and no more examples."""
        return self.key == wanted.key and self.examples >= wanted.examples


GROUPS: Final = (
    Group(
        name="operator",
        rooms=("api", "engines", "fleet", "objects", "planning", "sizing"),
        tests=(
            *(f"tests/{room}" for room in ("api", "engines", "fleet", "objects", "planning", "sizing")),
            *("tests/controller/test_small_parts.py", "tests/controller/pods/test_pod_troubles.py"),
        ),
    ),
    Group(name="scaling", rooms=("scaling",), tests=("tests/scaling",)),
    Group(name="router", rooms=("routing", "router/wire"), tests=("tests/routing", "tests/router/wire")),
)
"""Few: each start of pytest costs two seconds, and whoever works on the one seldom touches the others."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what changed, then hold all coverage to the floors; 0 when everything holds."""
    everything = "--all" in (sys.argv[1:] if argv is None else argv)
    folder = ROOT / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with turns.alone(folder / ".lock", "the tests of the rooms that decide"):
        return gone_through(folder, everything=everything)


def gone_through(folder: Path, *, everything: bool) -> int:
    """Alone in the folder: two runs at once would erase each other's coverage."""
    kept = read(folder / "held.json")
    for group in GROUPS:
        now = Held(key=reach.key(ROOT, (*group.folders, *group.tests)), examples=examples())
        before = kept.get(group.name)
        if before and before.covers(now) and (folder / group.name).exists() and not everything:
            print(f"{group.name}: as it was when it last held; not run again")
            continue
        kept.pop(group.name, None)
        if code := run(group, folder):
            return code
        kept[group.name] = now
        text = json.dumps({name: asdict(one) for name, one in kept.items()})
        (folder / "held.json").write_text(text, encoding="utf-8")
    return judged(folder)


def read(path: Path) -> dict[str, Held]:
    """How groups last held; a file that is torn counts as none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {name: Held(**fields) for name, fields in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def examples() -> int:
    """With how many a property is tried: few while somebody waits for `make check`, many in `make test`."""
    return int(os.environ.get(EXAMPLES, "100"))


def run(group: Group, folder: Path) -> int:
    """The group's tests, their coverage kept under its name."""
    data = folder / group.name
    tests = [place for place in group.tests if (ROOT / place).exists()]
    environment = os.environ | {"COVERAGE_FILE": str(data)}
    for words in (
        ("erase",),
        ("run", "-m", "pytest", "-q", "-n", "2", *MARKERS, *tests),
        ("combine", "--quiet"),
    ):
        done = _coverage(words, environment)
        if done:
            return done
    return 0


def judged(folder: Path) -> int:
    """All groups' coverage together against the floors."""
    environment = os.environ | {"COVERAGE_FILE": str(folder / "all")}
    report = folder / "report.json"
    groups = [str(folder / group.name) for group in GROUPS]
    for words in (("combine", "--quiet", "--keep", *groups), ("json", "--quiet", "-o", str(report))):
        done = _coverage(words, environment)
        if done:
            return done
    return floors.main([str(report)])


def _coverage(words: Sequence[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(
        (sys.executable, "-m", "coverage", *words), cwd=ROOT, env=dict(environment), check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())

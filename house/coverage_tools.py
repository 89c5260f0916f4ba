"""The two programs that count what tests cover: one without tracing, and one that follows the programs tests start.

On Python 3.11, coverage.py has to trace, and tests take 2.4 times as long. SlipCover writes its counters into the code
that it measures, and tests take as long as without it, but programs that a test starts are not counted. See
docs/decisions/0059-coverage-without-tracing.md.
"""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house import floors
from house.tree import PACKAGES, ROOT

Words = tuple[str, ...]
"""Arguments of a Python interpreter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageTool:
    """How to run a module of tests with coverage, and how to write one report of several runs."""

    counted: Callable[[Sequence[str], Path], Iterator[Words]]
    """Commands that run these words of pytest and write what they covered into the file."""
    reported: Callable[[Sequence[Path], Path, Collection[str]], Iterator[Words]]
    """Commands that write a JSON report of the files about these folders."""


def environment(data: Path) -> dict[str, str]:
    """Environment of a tool's commands about one file of coverage."""
    return {**os.environ, "COVERAGE_FILE": str(data)}


def _slipcover(*words: str) -> Words:
    return ("-m", "slipcover", "--branch", "--json", *words)


def _counted_without_tracing(pytest: Sequence[str], data: Path) -> Iterator[Words]:
    measured = floors.of(ROOT, floors.DECIDING)
    rooms = (
        path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "operator" / "fairlead").glob("*/__init__.py")
    )
    others = [name for name in PACKAGES if name != "operator"]
    others += [room for room in sorted(rooms) if not any(f"{one}/".startswith(f"{room}/") for one in measured)]
    omitted = ",".join(f"{name}/*" for name in others)
    yield _slipcover("--immediate", "--dont-wrap-pytest", "--out", str(data), "--omit", omitted, "-m", *pytest)


def _reported_without_tracing(data: Sequence[Path], report: Path, _: Collection[str]) -> Iterator[Words]:
    yield _slipcover("--silent", "--out", str(report), "--merge", *map(str, data))


def _coverage(*words: str) -> Words:
    return ("-m", "coverage", *words)


def _counted_by_tracing(pytest: Sequence[str], _: Path) -> Iterator[Words]:
    yield _coverage("erase")
    yield _coverage("run", "-m", *pytest)
    yield _coverage("combine", "--quiet")


def _reported_by_tracing(data: Sequence[Path], report: Path, folders: Collection[str]) -> Iterator[Words]:
    """Kept coverage may name files that were moved since; they are in no room (`--ignore-errors`)."""
    yield _coverage("combine", "--quiet", "--keep", *map(str, data))
    wanted = ",".join(f"{folder}/*" for folder in folders)
    yield _coverage("json", "--quiet", "--ignore-errors", f"--include={wanted}", "-o", str(report))


WITHOUT_TRACING: Final = CoverageTool(counted=_counted_without_tracing, reported=_reported_without_tracing)
"""For tests that call what they cover: what a program that they start runs is not counted."""
TRACING: Final = CoverageTool(counted=_counted_by_tracing, reported=_reported_by_tracing)
"""For all others."""

"""The claims about development costs: lines to read, and time to wait for checks and tests."""

import re
import tempfile
from typing import Final

from house.lane import LANES
from house.tree import ROOT
from prove import programs
from prove.claims import Claim, Figure

PRODUCT: Final = ROOT / "operator" / "fairlead"
NOTE: Final = ROOT / "docs" / "decisions" / "0020-size-of-the-product.md"
BEFORE: Final = 65_649
"""Lines of operator/**/*.py before issue 15."""
MOVED: Final = 960 + 1_015
"""Of these, now in `fitting/`, `house/` and `tests/`."""
FEWER: Final = 2_000
WARM_S: Final = 30.0
EMPTY_S: Final = 90.0
CI_S: Final = 15 * 60.0

UNCHANGED: Final = re.compile(r"^(\w+): .*; not run again$", re.MULTILINE)
"""What `house.lanes` and `house.pure` print for a lane or a part of one that has passed on the same files."""
_ROW: Final = re.compile(r"^\| `(\w+)` \| [\d,]+ \| [\d,]+ \|", re.MULTILINE)


def smaller_or_explained() -> Figure:
    """Lines now, and the rooms whose note says why they did not shrink."""
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in PRODUCT.parent.rglob("*.py"))
    rooms = {path.parent.name for path in PRODUCT.glob("*/__init__.py")}
    unnamed = sorted(rooms - set(_ROW.findall(NOTE.read_text(encoding="utf-8"))))
    gone = BEFORE - MOVED - lines
    named = f"{NOTE.name} has a row for each of {len(rooms)} rooms" if not unnamed else f"no row for {unnamed}"
    return Figure(
        holds=gone >= FEWER or not unnamed,
        text=f"{lines:,} lines, {BEFORE - lines:,} fewer: {MOVED:,} moved, {gone:,} gone net (aim: {FEWER:,}); {named}",
    )


def quick_enough() -> Figure:
    """In fresh clones: the check from nothing and again, and all of CI, with this machine's caches."""
    with programs.clone() as tree, tempfile.TemporaryDirectory(prefix="fairlead-cache-") as nothing:
        programs.make("setup", cwd=tree)
        empty, warm = (programs.make("check", cwd=tree, extra={"FAIRLEAD_CACHE": nothing}) for _ in range(2))
    with programs.clone() as tree:
        ci = programs.run(str(tree / ".ci" / "run"), cwd=tree)
    went = [(empty, EMPTY_S), (warm, WARM_S), (ci, CI_S)]
    shown = [
        f"{name} {ended.seconds:.0f} s (at most {most:.0f}{'' if ended.ok else ', and it failed'})"
        for name, (ended, most) in zip(("make check, empty:", "warm:", ".ci/run:"), went, strict=True)
    ]
    kept = len(set(UNCHANGED.findall(ci.output)) & {lane.name for lane in LANES if lane.kept})
    shown.append(f"{kept} of its lanes had passed before on the same files and were not run again")
    return Figure(holds=all(ended.ok and ended.seconds <= most for ended, most in went), text="; ".join(shown))


def covered_shells() -> Figure:
    """All tests that need nothing but Python, traced, in this tree."""
    ended = programs.module("house.pure", "--floors", "--all")
    last = next((line for line in reversed(ended.output.splitlines()) if line.strip()), "")
    return Figure(holds=ended.ok, text=f"{last}; in {ended.seconds:.0f} s")


def same_bytes() -> Figure:
    """Two checkouts of the last commit, at two paths with two file masks."""
    ran = programs.pytest("tests/house/test_artifacts.py")
    words = "image, chart and bill of materials have the same bytes from two checkouts"
    return Figure(holds=ran.ok and ran.tests.all_passed, text=f"{words}; {ran.tests} in {ran.seconds:.0f} s")


CLAIMS: Final = (
    Claim(
        item="house.11",
        title=f"The product is at least {FEWER:,} lines smaller for the same features, what moved elsewhere not "
        "counted, or docs/decisions/0020 says room by room why not",
        prove=smaller_or_explained,
    ),
    Claim(
        item="house.12",
        title="`make check` takes less than 30 s warm and less than 90 s from nothing, `.ci/run` with warm caches at "
        "most 15 minutes",
        prove=quick_enough,
        slow=True,
    ),
    Claim(
        item="house.15",
        title="The coverage of every room that acts is at or above its floor in pyproject.toml, which may only rise",
        prove=covered_shells,
        slow=True,
    ),
    Claim(
        item="house.16",
        title="One commit built at two places gives the same image, chart and bill of materials, byte for byte",
        prove=same_bytes,
        slow=True,
    ),
)

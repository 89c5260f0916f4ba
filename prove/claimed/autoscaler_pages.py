"""The autoscaler's claims about its documents: the demo that shows it, and the pages on tuning."""

import tempfile
from pathlib import Path
from typing import Final

from house.tree import ROOT
from prove import noted, programs
from prove.claims import Claim, Figure

DEMO: Final = "tests/node/test_demo.py"
MAX_DEMO_SECONDS: Final = 240.0
POLICIES: Final = "tests/cli/test_recommended_policies.py"
LINKS: Final = "tests/house/test_readme.py"
KEPT: Final = "docs/reference"
MADE: Final = "autoscaler-knob*"


def the_demo_shows_it() -> Figure:
    """What `make demo` prints: a burst, scaling, requests held from zero, a rollout, a tour."""
    ran = noted.pytest(DEMO)
    seconds = ran.ended.seconds
    return Figure(
        holds=ran.well and seconds <= MAX_DEMO_SECONDS,
        text=f"{ran.ended.tests} in {seconds:.0f} s, its end included (at most {MAX_DEMO_SECONDS:g} s)",
    )


def the_pages_are_true() -> Figure:
    """Every printed policy is accepted, links work, and pictures are redrawn and compared."""
    tested = programs.pytest(POLICIES, LINKS)
    with tempfile.TemporaryDirectory(prefix="fairlead-knobs-") as folder:
        made = programs.module("bench.autoscaling.knobs", "--page", folder)
        total, others = compared(Path(folder), ROOT / KEPT)
    verdict = f"other than kept: {', '.join(others)}" if others else "each the same as the kept one"
    return Figure(
        holds=tested.ok and tested.tests.all_passed and made.ok and total > 0 and not others,
        text=f"{tested.tests}; {total} files about the fields of a policy made anew, {verdict}",
    )


def compared(made: Path, kept: Path) -> tuple[int, list[str]]:
    """The number of files, and those that differ or exist in only one folder."""
    names = sorted({one.name for folder in (made, kept) for one in folder.glob(MADE)})
    return len(names), [name for name in names if _text(made / name) != _text(kept / name)]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


CLAIMS: Final = (
    Claim(
        item="autoscaler.7",
        title="`make demo` shows a fleet of two models grow under a burst and shrink after it, from zero with requests "
        "held, and through a rollout, with no request failed, and says why; within 240 s",
        prove=the_demo_shows_it,
        slow=True,
    ),
    Claim(
        item="autoscaler.8",
        title="Every policy in docs/autoscaling.md is taken by `fairlead validate`, every figure there exists, and "
        "docs/reference/autoscaler-knobs.md with its pictures is what the simulator gives when asked again",
        prove=the_pages_are_true,
        slow=True,
    ),
)

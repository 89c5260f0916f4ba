"""Reruns tests of real environments alone if they failed while other lanes kept both cores busy.

A node, an API server and a dozen processes on two cores sometimes miss a deadline that no user would set. A bug of ours
fails again; failures in more than a few files are no accident and are not rerun. Whatever needed a rerun is listed at
the end, so that it is not taken for healthy.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from house.tree import ROOT

MOST: Final = 4
"""Failures in more files of one lane have a cause that waiting does not fix. An environment that came up too late fails
all tests of its files at once: of one in most lanes, of four in `operated`."""
FOLDER: Final = ".build"
ONLY_FAILED: Final = ("--last-failed", "--last-failed-no-failures", "none")


def options(lane: str) -> tuple[str, ...]:
    """Pytest options that give each concurrent lane a cache of failures of its own."""
    return ("-o", f"cache_dir={_memory(lane)}")


def again(lane: str, folders: Sequence[str], marker: str) -> tuple[str, ...]:
    """The command that reruns only the failed tests."""
    return ("pytest", *folders, "-m", marker, *ONLY_FAILED, *options(lane))


def failed(lane: str) -> list[str]:
    """Tests that failed in the last run of this lane."""
    kept = _memory(lane) / "v" / "cache" / "lastfailed"
    return sorted(json.loads(kept.read_text(encoding="utf-8"))) if kept.is_file() else []


def is_worth_it(stories: Sequence[str]) -> bool:
    """Whether an accident could be the cause."""
    return 0 < len({story.partition("::")[0] for story in stories}) <= MOST


def summary(lane: str, stories: Sequence[str], *, well: bool) -> str:
    """The summary for the end of the run."""
    how = "passed alone: check what they wait for" if well else "failed alone too"
    return "\n".join((f"{lane}: ran twice, {how}:", *(f"  {story}" for story in stories)))


def at_the_end(lane: str) -> list[str]:
    """The failures of a lane, for readers who see only the last lines of a run."""
    stories = failed(lane)
    if not stories:
        return [f"{lane}: failed, but none of its tests did: see the end of its output above"]
    return [f"{lane}: failed:", *(f"  {story}" for story in stories)]


def _memory(lane: str) -> Path:
    return ROOT / FOLDER / f"pytest-{lane}"

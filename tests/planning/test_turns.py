"""A new target at every step of a rollout, as a table: data/turns.txt holds each course to its end.

`python -m tests.planning.test_turns` prints the table anew; review the differences before you commit it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from fairlead.fleet.rollouts import RevisionState, RolloutSnapshot
from tests.planning import dry_run
from tests.planning.states import STYLES, T0, brief, edited, given, revision

TABLE: Final = Path(__file__).parent / "data" / "turns.txt"


@pytest.mark.parametrize("style", STYLES)
def test_each_change_of_target_or_count_mid_rollout_proceeds_as_the_table_lists(style: str) -> None:
    table = TABLE.read_text("utf-8").strip().split("\n\n")
    assert written(style) in table


def written(style: str) -> str:
    """One block of the table: the rollout, then at each state of it every possible new target."""
    start = given("b", 3, revision("a", 3), rules=STYLES[style])
    lines = [f"{style}: {brief(start)}"]
    for _, rollout, now in dry_run.timeline(start, T0):
        lines += [
            f"  when {', '.join(_state(each) for each in rollout.revisions)}",
            f"    a wanted again: {brief(edited(rollout, 'a', now), now)}",
            f"    c wanted:       {brief(edited(rollout, 'c', now), now)}",
            f"    5 wanted:       {brief(replace(rollout, desired_replicas=5), now)}",
            f"    1 wanted:       {brief(replace(rollout, desired_replicas=1), now)}",
            f"    paused:         {brief(_paused(rollout), now)}",
            f"    paused, 5:      {brief(replace(_paused(rollout), desired_replicas=5), now)}",
            f"    paused, 1:      {brief(replace(_paused(rollout), desired_replicas=1), now)}",
        ]
    return "\n".join(lines)


def _paused(rollout: RolloutSnapshot) -> RolloutSnapshot:
    return replace(rollout, rules=replace(rollout.rules, paused=True))


def _state(revision: RevisionState) -> str:
    """`a2 (1 leaving)`, `b1 (0 ready)`."""
    live = [one for one in revision.replicas if not one.ending]
    ready = sum(one.ready_since is not None for one in live)
    leaving = len(revision.replicas) - len(live)
    notes = [f"{ready} ready"] * (ready < revision.requested) + [f"{leaving} leaving"] * (leaving > 0)
    return f"{revision.name}{revision.requested}" + (f" ({', '.join(notes)})" if notes else "")


if __name__ == "__main__":
    print("\n\n".join(written(style) for style in STYLES))  # noqa: T201 - a command

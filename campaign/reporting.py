"""A campaign's findings, as a table for people, as JSON for programs, and each story as a test to paste."""

import json
from dataclasses import dataclass
from typing import Any

from campaign import story as stories
from campaign.hunting import Found
from campaign.sequence_run import Violation
from campaign.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """One kind of failure, with the shortest story that shows it."""

    oracle: str
    story: Story
    violations: tuple[Violation, ...]
    times: int
    """Sequences that failed with this oracle."""
    alone: bool | None
    """Whether it also fails when run alone; None if that was not tried."""


def as_json(world: str, found: Found, shorts: list[Short]) -> dict[str, Any]:
    """Everything, on one line for programs."""
    return {
        "world": world,
        "seed": found.seed,
        "sequences": found.played,
        "moves": found.done,
        "by_kind": dict(sorted(found.moves.items())),
        "faults": found.faults,
        "judged": found.judged,
        "weather": found.weather,
        "seconds": round(found.seconds, 1),
        "requests": found.requests,
        "violations": len(found.failures),
        "failures": [_failure(one) for one in shorts],
    }


def table(world: str, found: Found, shorts: list[Short]) -> str:
    """One line per figure, then each kind of failure."""
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(found.moves.items()))
    rows = (
        ("world", world),
        ("seed", str(found.seed)),
        ("sequences", f"{found.played} in {found.seconds:.0f} s"),
        ("moves", f"{found.done} carried out: {kinds}"),
        ("felt by all", str(found.weather)),
        ("status judged at rest", str(found.judged)),
        ("requests", f"{found.requests:,}"),
        ("violations", str(len(found.failures))),
    )
    lines = [f"{name:<22} {value}" for name, value in rows]
    return "\n".join([*lines, *(f"\n{_line(one)}" for one in shorts)])


def pasted(short: Short) -> str:
    """A test that runs the story again."""
    text = json.dumps(json.dumps(stories.as_json(short.story)))
    lines = ("def test_it_holds(world: World) -> None:", f"    told = story.from_json(json.loads({text}))")
    return "\n".join((*lines, "    assert tell(world, told) == []"))


def _line(one: Short) -> str:
    alone = "" if one.alone is not False else " (not when told alone)"
    words = [f"  after step {each.step}: {each.words}" for each in one.violations[:3]]
    story = [f"  {line}" for line in one.story.lines]
    kept = json.dumps(stories.as_json(one.story))
    return "\n".join([f"{one.oracle}: {one.times} times{alone}", *story, *words, f"  {kept}", pasted(one)])


def _failure(one: Short) -> dict[str, Any]:
    lines = [f"after step {each.step}: {each.oracle}: {each.words}" for each in one.violations]
    return {"oracle": one.oracle, "times": one.times, "alone": one.alone} | {
        "story": stories.as_json(one.story),
        "said": lines,
    }

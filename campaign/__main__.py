"""`python -m campaign`: hunt with a fresh seed, or repeat kept stories; 0 if nothing was found."""

import argparse
import asyncio
import itertools
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from campaign import drawing, node, reporting, small, story
from campaign.drawing import Deck
from campaign.hunting import Found, Hunt, Wanted
from campaign.reporting import Short
from campaign.sequence_run import Fresh, Outcome, SequenceRun, Violation
from campaign.shrinking import Shrinking
from campaign.story import Story
from campaign.world import Lane, World
from devcluster.door import Embedded

MAX_SHRUNK: Final = 8
"""Kinds of failure; more than that are one bug in many forms, or many bugs."""
LANES: Final = {"small": 42, "node": 4}
OPERATOR_CHARACTERS: Final = 4000
SHRINK_S: Final = 180.0
"""For all kinds of failure together, since they are shrunk in parallel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The chosen options."""

    world: str
    sequences: int
    first: int
    seed: int
    lanes: int
    weather: float
    shrink: bool
    stories: tuple[Path, ...]
    keep: Path | None


def main(argv: Sequence[str] | None = None) -> int:
    """Hunt, and print the findings."""
    parser = _parser()
    options = parser.parse_args(argv)
    chosen = Chosen(
        world=options.world,
        sequences=options.sequences,
        first=options.first,
        seed=secrets.randbelow(1_000_000) if options.seed is None else options.seed,
        lanes=options.lanes or LANES[options.world],
        weather=options.weather,
        shrink=not options.no_shrink,
        stories=tuple(options.stories),
        keep=options.keep,
    )
    found, shorts = run(chosen)
    print(
        json.dumps(reporting.as_json(chosen.world, found, shorts))
        if options.output == "json"
        else reporting.table(chosen.world, found, shorts)
    )
    return 0 if found.holds else 1


def run(chosen: Chosen) -> tuple[Found, list[Short]]:
    """Run in a new cluster."""
    lanes = min(chosen.lanes, max(1, len(chosen.stories) or chosen.sequences))
    if chosen.world == "node":
        with node.cluster(lanes) as door:
            return asyncio.run(_on_nodes(door, lanes, chosen))
    with small.cluster() as door, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_in_small(door, lanes, Path(folder), chosen))


async def _in_small(door: Embedded, lanes: int, folder: Path, chosen: Chosen) -> tuple[Found, list[Short]]:
    async with small.world(door, lanes, folder) as world:
        found, shorts = await within(world, drawing.SMALL, chosen)
    if found.failures:
        print((folder / "operator.log").read_text(encoding="utf-8")[-OPERATOR_CHARACTERS:], file=sys.stderr)
    return found, shorts


async def _on_nodes(door: Embedded, lanes: int, chosen: Chosen) -> tuple[Found, list[Short]]:
    async with node.world(door, lanes) as world:
        found, shorts = await within(world, drawing.NODE, chosen)
        if found.failures:
            print(world.release.log()[-OPERATOR_CHARACTERS:], file=sys.stderr)
    return found, shorts


async def within(world: World, deck: Deck, chosen: Chosen) -> tuple[Found, list[Short]]:
    """Run in an existing world."""
    if chosen.stories:
        found = await _played(world, chosen)
    else:
        wanted = Wanted(
            sequences=chosen.sequences, seed=chosen.seed, first=chosen.first, weather_every_s=chosen.weather
        )
        found = await Hunt(world, deck, wanted).run(Progress(chosen.sequences))
    beside = zip(itertools.cycle(world.lanes), _kinds(found), strict=False)
    return found, list(await asyncio.gather(*(_short(world, lane, one, chosen) for lane, one in beside)))


async def _played(world: World, chosen: Chosen) -> Found:
    """Run kept stories, one after the other."""
    found, began = Found(seed=chosen.seed), time.monotonic()
    for path in chosen.stories:
        outcome = await play(world, world.lanes[0], story.from_json(json.loads(path.read_text(encoding="utf-8"))))
        found.note(outcome)
        print(f"{path.name}: {[one.words for one in outcome.violations] or 'holds'}", file=sys.stderr)
    found.seconds = time.monotonic() - began
    return found


async def play(world: World, lane: Lane, kept_story: Story) -> Outcome:
    """Run one story to its end, including a fresh apply."""
    return await SequenceRun(world, lane, kept_story, Fresh()).play(anew=True)


def _kinds(found: Found) -> list[list[Outcome]]:
    """Failures by their first oracle, the shortest story first."""
    kinds: dict[str, list[Outcome]] = {}
    for one in found.failures:
        kinds.setdefault(one.violations[0].oracle, []).append(one)
    by_length = [sorted(some, key=lambda one: len(one.whole.steps)) for some in kinds.values()]
    return sorted(by_length, key=lambda some: -len(some))[:MAX_SHRUNK]


async def _short(world: World, lane: Lane, some: list[Outcome], chosen: Chosen) -> Short:
    """The shortest story of a kind, run alone and shrunk."""
    oracle = some[0].violations[0].oracle
    violations: dict[Story, tuple[Violation, ...]] = {}

    async def fails(candidate: Story) -> bool:
        outcome = await play(world, lane, candidate)
        violations[candidate] = tuple(outcome.violations)
        return any(one.oracle == oracle for one in outcome.violations)

    until = time.monotonic() + SHRINK_S
    for one in some[: 2 if chosen.shrink else 0]:
        for candidate in (one.story, one.whole):
            if await fails(candidate):
                short = await Shrinking(candidate, fails, until).run()
                _keep(chosen, oracle, short)
                return Short(oracle=oracle, story=short, violations=violations[short], times=len(some), alone=True)
    first = some[0]
    return Short(
        oracle=oracle,
        story=first.whole,
        violations=tuple(first.violations),
        times=len(some),
        alone=False if chosen.shrink else None,
    )


def _keep(chosen: Chosen, oracle: str, short: Story) -> None:
    if chosen.keep is not None:
        name = "".join(letter if letter.isalnum() else "-" for letter in oracle.lower()).strip("-")
        text = json.dumps(story.as_json(short), indent=1)
        (chosen.keep / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


class Progress:
    """Prints progress now and then."""

    EVERY_S: Final = 10.0

    def __init__(self, of: int) -> None:
        self._of = of
        self._failures = 0
        self._began = self._at = time.monotonic()

    def __call__(self, found: Found) -> None:
        """Report after each sequence; failures are printed at once, since the rest may take long."""
        now = time.monotonic()
        for one in found.failures[self._failures :]:
            self._failures += 1
            words = "; ".join(f"{each.oracle}: {each.words}" for each in one.violations[:3])
            print(f"failed after step {one.violations[0].step}: {words}", file=sys.stderr)
            print(f"  {json.dumps(story.as_json(one.whole))}", file=sys.stderr)
            print("\n".join(f"    {line}" for line in one.violations[0].scene), file=sys.stderr, flush=True)
        if now - self._at >= self.EVERY_S:
            self._at = now
            words = f"{found.played} of {self._of} sequences, {found.judged} times judged at rest"
            print(f"{now - self._began:5.0f} s  {words}, {len(found.failures)} failed", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("--world", choices=("small", "node"), default="small", help="what it runs on")
    parser.add_argument("--sequences", type=int, default=300, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first sequence")
    parser.add_argument("--seed", type=int, metavar="N", help="default: a fresh one, printed")
    parser.add_argument("--lanes", type=int, metavar="N", help="sequences side by side")
    parser.add_argument(
        "--weather",
        type=float,
        default=40.0,
        metavar="SECONDS",
        help="between faults that affect all sequences; 0: none",
    )
    parser.add_argument("--no-shrink", action="store_true", help="print failures as they came")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the shortest failing sequences here")
    parser.add_argument(
        "--stories", type=Path, nargs="*", default=(), metavar="FILE", help="run these kept sequences instead"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    return parser


if __name__ == "__main__":
    sys.exit(main())

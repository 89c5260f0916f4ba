"""`python -m campaign`: hunt with fresh seeds, or tell a kept story again."""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path

from campaign import drawing, small, story
from campaign.hunting import Found, Hunt, Wanted
from campaign.telling import Fresh, Outcome, Telling


def main() -> int:
    """0: nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m campaign")
    parser.add_argument("--sequences", type=int, default=60)
    parser.add_argument("--lanes", type=int, default=24)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--weather", type=float, default=40.0)
    parser.add_argument("--story", type=Path, default=None)
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(10**6)
    with small.cluster() as door, tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_hunt(door, Path(folder), chosen, seed))
    print(json.dumps([_failure(one) for one in found.failures], indent=1))
    print(found.told, found.done, found.judged, found.weather, round(found.seconds, 1), dict(found.moves), "seed", seed)
    return 0 if found.holds else 1


async def _hunt(door: small.Embedded, folder: Path, chosen: argparse.Namespace, seed: int) -> Found:
    async with small.world(door, chosen.lanes, folder) as world:
        if chosen.story:
            told = story.from_json(json.loads(chosen.story.read_text()))
            outcome = await Telling(world, world.lanes[0], told, Fresh()).tell(anew=True)
            return Found(seed=seed, told=1, failures=[outcome] if outcome.violations else [])
        wanted = Wanted(sequences=chosen.sequences, seed=seed, first=chosen.first, weather_every_s=chosen.weather)
        began = time.monotonic()
        def progress(found: Found) -> None:
            print(f"{time.monotonic()-began:.0f}s {found.told} told, {found.judged} judged, {len(found.failures)} failed", file=sys.stderr)
        try:
            return await Hunt(world, drawing.SMALL, wanted).run(progress)
        finally:
            print((folder / "operator.log").read_text()[-3000:], file=sys.stderr)


def _failure(one: Outcome) -> dict[str, object]:
    return {"story": story.as_json(one.whole), "violations": [f"{v.step} {v.oracle}: {v.words}" for v in one.violations[:6]]}


if __name__ == "__main__":
    sys.exit(main())

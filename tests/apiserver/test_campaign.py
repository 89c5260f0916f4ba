"""A short campaign: recorded sequences replayed, and a few generated ones, on the small cluster.

The sequences are the same each time, so that a change is judged by its effect. `make campaign` draws fresh ones.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from campaign import drawing, small, story
from campaign.hunting import Found, Hunt, Wanted
from campaign.sequence_run import Outcome, SequenceRun
from campaign.story import Story
from devcluster.door import Embedded

STORIES: Final = Path(__file__).parents[1] / "campaign" / "stories"
LANES: Final = 16
KEPT: Final = 6
"""Lanes for recorded stories; the others play drawn ones beside them."""
SEQUENCES: Final = 12
SEED: Final = 20261121
WEATHER_S: Final = 30.0


# Clients of a story are cut off as they connect; asyncio closes their connections a moment later.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_kept_sequences_hold_and_a_few_generated_ones_find_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    kept = {path.stem: story.from_json(json.loads(path.read_text())) for path in sorted(STORIES.glob("*.json"))}
    with small.cluster() as door:
        wrong, found = asyncio.run(_played(door, tmp_path, kept))
    record_property("sequences", found.played + len(kept))
    record_property("judged", found.judged)
    assert wrong == []
    assert [report(one) for one in found.failures] == []
    assert found.played == SEQUENCES


async def _played(door: Embedded, folder: Path, kept: dict[str, Story]) -> tuple[list[str], Found]:
    async with small.world(door, LANES, folder) as world:
        waiting = list(kept.items())
        wrong: list[str] = []

        async def lane(place: int) -> None:
            while waiting:
                name, one = waiting.pop()
                outcome = await SequenceRun(world, world.lanes[place], one).play(anew=False)
                wrong.extend(f"{name}: {line}" for line in report(outcome))

        wanted = Wanted(sequences=SEQUENCES, seed=SEED, weather_every_s=WEATHER_S)
        hunt = Hunt(world, drawing.SMALL, wanted, world.lanes[KEPT:])
        await asyncio.gather(hunt.run(lambda _: None), *(lane(place) for place in range(KEPT)))
        return wrong, hunt.found


def report(outcome: Outcome) -> list[str]:
    """What was wrong, and the story to replay."""
    text = json.dumps(story.as_json(outcome.whole))
    return [f"{one.oracle}: {one.words} (after step {one.step} of {text})" for one in outcome.violations[:2]]

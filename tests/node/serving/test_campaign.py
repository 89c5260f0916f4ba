"""A short campaign on real nodes: a few sequences side by side, under clients that stream.

The sequences are the same each time, so that a change is judged by its effect. `make campaign` draws fresh ones.
"""

import asyncio
import json
from typing import Final

from campaign import drawing, node, story
from campaign.hunting import Found, Hunt, Wanted
from campaign.sequence_run import Outcome
from campaign.world import Lane
from tests.node.operator_stage import Operator
from tests.node.serving.claims import Record

SEQUENCES: Final = 4
SEED: Final = 20261121
LANES: Final = tuple(
    Lane(number=number, namespace=f"campaign-{name}", name="chat", nodes=(name,))
    for number, name in enumerate(("one", "two"))
)


def test_a_few_sequences_find_nothing(operated: Operator, our_image: str, record_property: Record) -> None:
    found = asyncio.run(_hunt(operated, our_image))
    record_property("requests", found.requests)
    record_property("judged", found.judged)
    assert [report(one) for one in found.failures] == []
    assert found.played == SEQUENCES


async def _hunt(operated: Operator, image: str) -> Found:
    async with node.lived_in(operated, image, LANES) as world:
        wanted = Wanted(sequences=SEQUENCES, seed=SEED, weather_every_s=0)
        return await Hunt(world, drawing.NODE, wanted).run(lambda _: None)


def report(outcome: Outcome) -> list[str]:
    """What was wrong, and the story to replay."""
    text = json.dumps(story.as_json(outcome.whole))
    return [f"{one.oracle}: {one.words} (after step {one.step} of {text})" for one in outcome.violations[:3]]

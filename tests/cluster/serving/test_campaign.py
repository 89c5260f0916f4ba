"""The campaign on real nodes, in short: a few fresh sequences side by side, under clients that stream."""

import asyncio
import json
import secrets
from typing import Final

from campaign import drawing, node, story
from campaign.hunting import Found, Hunt, Wanted
from campaign.telling import Outcome
from campaign.world import Lane
from tests.cluster.operator_stage import Operator
from tests.cluster.serving.claims import Record

SEQUENCES: Final = 4
LANES: Final = tuple(
    Lane(number=number, namespace=f"campaign-{name}", name="chat", nodes=(name,))
    for number, name in enumerate(("one", "two"))
)


def test_a_few_fresh_sequences_find_nothing(operated: Operator, our_image: str, record_property: Record) -> None:
    seed = secrets.randbelow(1_000_000)
    found = asyncio.run(_hunt(operated, our_image, seed))
    record_property("requests", found.requests)
    record_property("judged", found.judged)
    assert [said(one) for one in found.failures] == [], f"seed {seed}"
    assert found.told == SEQUENCES


async def _hunt(operated: Operator, image: str, seed: int) -> Found:
    async with node.lived_in(operated, image, LANES) as world:
        wanted = Wanted(sequences=SEQUENCES, seed=seed, weather_every_s=0)
        return await Hunt(world, drawing.NODE, wanted).run(lambda _: None)


def said(outcome: Outcome) -> list[str]:
    """What was wrong, and the story that can be told again."""
    told = json.dumps(story.as_json(outcome.whole))
    return [f"{one.oracle}: {one.words} (after step {one.step} of {told})" for one in outcome.violations[:3]]

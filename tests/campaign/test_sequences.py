"""Sequences are drawn from their seed, stored as JSON, printed as lines, and shrunk to what is needed."""

import asyncio
import json
import math
from pathlib import Path

import pytest

from campaign import drawing, moves, page, reporting, story
from campaign.hunting import Found
from campaign.moves import Bad, Edit, Engine, EngineDeed, Field, Node, NodeDeed
from campaign.sequence_run import Violation
from campaign.shrinking import Shrinking
from campaign.specs import WantedSpec
from campaign.story import Pause, Step, Story

KEPT = sorted((Path(__file__).parent / "stories").glob("*.json"))


def step(move: moves.Move, pause: Pause = Pause.MOMENT) -> Step:
    return Step(move=move, pause=pause)


def test_the_same_seed_draws_the_same_sequence_and_another_number_another_one() -> None:
    drawn = [drawing.story(drawing.SMALL, 7, number) for number in range(20)]

    assert drawn == [drawing.story(drawing.SMALL, 7, number) for number in range(20)]
    assert len({json.dumps(story.as_json(one)) for one in drawn}) == 20
    assert {len(one.steps) for one in drawn} <= set(range(2, 7))


@pytest.mark.parametrize("deck", [drawing.SMALL, drawing.NODE], ids=["small", "node"])
def test_every_drawn_sequence_can_be_stored_and_read_back(deck: drawing.Deck) -> None:
    for number in range(300):
        drawn = drawing.story(deck, 1, number)
        assert story.from_json(json.loads(json.dumps(story.as_json(drawn)))) == drawn
        assert len(drawn.lines) == len(drawn.steps) + 1


def test_every_kind_of_move_is_drawn_and_weather_can_be_kept_too() -> None:
    drawn = {type(one.move) for number in range(300) for one in drawing.story(drawing.SMALL, 1, number).steps}

    assert {kind.__name__ for kind in drawn} == {
        "Edit", "Engine", "Pod", "Node", "Router", "Child", "Secret"
    }  # fmt: skip
    for move in (*drawing.SMALL.weather, *drawing.NODE.weather):
        assert moves.from_json(moves.as_json(move)) == move


def test_an_unknown_move_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no such move"):
        moves.from_json({"move": "earthquake", "deed": "strong"})


def test_a_good_value_ends_what_was_bad_and_a_policy_is_no_part_of_the_wish() -> None:
    bad = WantedSpec(replicas=0).edited(Edit(Field.BAD, Bad.CRASH.value))

    assert bad == WantedSpec(replicas=0, bad="crash-at-start")
    assert bad.edited(Edit(Field.CONTEXT, 4096)) == WantedSpec(replicas=0, context=4096)
    assert bad.edited(Edit(Field.POLICY_TARGET, 4)) == bad
    assert bad.good == WantedSpec(replicas=1)


def test_a_failing_sequence_is_shrunk_to_the_one_move_that_matters() -> None:
    crash = step(Engine(EngineDeed.CRASH, 3, 137), Pause.NONE)
    others = [step(Edit(Field.CONTEXT, 4096)), step(Node(NodeDeed.CORDON)), step(Edit(Field.REPLICAS, 3))]
    long = Story(start=WantedSpec(context=2048), steps=(others[0], others[1], crash, others[2]))

    async def fails(candidate: Story) -> bool:
        return any(isinstance(one.move, Engine) for one in candidate.steps)

    short = asyncio.run(Shrinking(long, fails, math.inf).run())

    assert short == Story(start=WantedSpec(), steps=(step(Engine(EngineDeed.CRASH, 0, 1), Pause.SETTLED),))


def test_a_finding_is_reported_with_its_sequence() -> None:
    found_story = Story(start=WantedSpec(), steps=(step(Engine(EngineDeed.CRASH, 0, 1), Pause.SETTLED),), origin="7/3")
    violations = (Violation(oracle="lie: Ready", words="Ready: said True", step=1),)
    short = reporting.Short(oracle="lie: Ready", story=found_story, violations=violations, times=2, alone=True)
    text = reporting.table("small", Found(seed=7, played=9), [short])

    assert "lie: Ready: 2 times" in text
    assert "engine crash 0 1, then settled" in text
    assert "after step 1: Ready: said True" in text
    assert "def test_it_holds(world: World) -> None:" in text
    assert reporting.as_json("small", Found(seed=7, played=9), [short])["failures"][0]["story"] == story.as_json(
        found_story
    )


@pytest.mark.parametrize("path", KEPT, ids=lambda one: one.stem)
def test_kept_sequences_can_be_read(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert story.from_json(story.as_json(story.from_json(kept))) == story.from_json(kept)
    assert kept["found"].endswith(".")


def test_the_page_lists_every_kept_sequence() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run python -m campaign.page and commit the page"

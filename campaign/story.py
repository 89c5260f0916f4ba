"""One sequence as it is kept: its start, its moves, and the pause after each. As JSON and in words."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from campaign import moves, specs
from campaign.moves import Move
from campaign.specs import WantedSpec


class Pause(StrEnum):
    """How long after a move the next one comes."""

    NONE = "none"
    MOMENT = "moment"
    """While the effects of the move are still unfolding."""
    SETTLED = "settled"
    """When nothing changes any more and the status has been judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A move and the pause after it."""

    move: Move
    pause: Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens to one deployment."""

    start: WantedSpec
    steps: tuple[Step, ...]
    origin: str = ""
    """The seed and number that it was drawn from."""

    @property
    def lines(self) -> list[str]:
        """The story in words."""
        start = json.dumps(specs.as_json(self.start))
        return [f"start {start}", *(f"{moves.line(one.move)}, then {one.pause}" for one in self.steps)]


def as_json(story: Story) -> dict[str, Any]:
    """The JSON form in a file."""
    steps = [moves.as_json(one.move) | {"then": one.pause.value} for one in story.steps]
    return {"origin": story.origin, "start": specs.as_json(story.start), "steps": steps}


def from_json(document: dict[str, Any]) -> Story:
    """Parse the JSON form."""
    steps = []
    for one in document["steps"]:
        fields = dict(one)
        pause = Pause(fields.pop("then", Pause.SETTLED))
        steps.append(Step(move=moves.from_json(fields), pause=pause))
    return Story(start=specs.from_json(document["start"]), steps=tuple(steps), origin=str(document.get("origin", "")))

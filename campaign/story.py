"""One sequence as it is kept: where it starts, what happens, how long each step is waited for. JSON, and a story."""

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
    """In the middle of what the move set going."""
    SETTLED = "settled"
    """When nothing moves any more and the status has been judged."""


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
    """The seed and number it was drawn by."""

    @property
    def lines(self) -> list[str]:
        """As a person reads it."""
        start = json.dumps(specs.as_json(self.start))
        return [f"start {start}", *(f"{moves.line(one.move)}, then {one.pause}" for one in self.steps)]


def as_json(story: Story) -> dict[str, Any]:
    """As a file keeps it."""
    steps = [moves.as_json(one.move) | {"then": one.pause.value} for one in story.steps]
    return {"origin": story.origin, "start": specs.as_json(story.start), "steps": steps}


def from_json(document: dict[str, Any]) -> Story:
    """Back again."""
    steps = []
    for one in document["steps"]:
        fields = dict(one)
        pause = Pause(fields.pop("then", Pause.SETTLED))
        steps.append(Step(move=moves.from_json(fields), pause=pause))
    return Story(start=specs.from_json(document["start"]), steps=tuple(steps), origin=str(document.get("origin", "")))

"""Labelled tasks: our own prompts, which the difficulty estimate was not fitted to, and extractions with a schema."""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.fleet.model_routes import Difficulty

PROMPTS: Final = Path(__file__).resolve().parents[2] / "tests/data/difficulty/prompts.jsonl"
EXTRACTIONS: Final = 0.2
HARD: Final = 0.3
EXTRACTION: Final = "Extract the name and the age: Ann is 33 years old."
SCHEMA: Final = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
WANTED: Final = json.dumps(
    {"response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}}
).encode()
"""The parts of an extraction's body that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTask:
    """One task with its true labels."""

    number: int
    prompt: bytes
    difficulty: Difficulty
    structured: bool
    output_tokens: int

    @property
    def prompt_tokens(self) -> int:
        """At the usual four bytes a token."""
        return len(self.prompt) // 4 + 1


def tasks(count: int, seed: int = 17) -> list[LabelledTask]:
    """A fifth extractions, three in ten hard, the others easy; prompts are drawn with repetition."""
    rng = random.Random(seed)  # noqa: S311  # a seeded draw
    rows = [json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").splitlines()]
    texts = {
        level: [row["prompt"] for row in rows if row["label"] == level and not row["fitted"]] for level in Difficulty
    }
    return [_task(number, rng, texts) for number in range(count)]


def _task(number: int, rng: random.Random, texts: dict[Difficulty, list[str]]) -> LabelledTask:
    kind = rng.random()
    structured = kind < EXTRACTIONS
    level = Difficulty.HARD if EXTRACTIONS <= kind < EXTRACTIONS + HARD else Difficulty.EASY
    text = EXTRACTION if structured else rng.choice(texts[level])
    return LabelledTask(
        number=number,
        prompt=b"user\x1e" + text.encode(),
        difficulty=level,
        structured=structured,
        output_tokens=40 if structured else 400 if level is Difficulty.HARD else 120,
    )

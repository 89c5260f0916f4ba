"""Simulated models that are right at stated rates; replies in the API's bytes, with logprobs that correlate with it."""

import json
import random
from dataclasses import dataclass
from math import log
from typing import Final

from bench.right_sizing.task_mix import LabelledTask
from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.fleet.model_routes import Difficulty

VALID: Final = '{"name": "Ann", "age": 33}'
WRONG: Final = '{"name": "Ann", "age": 5}'
"""Obeys the schema but is not the right answer."""
INVALID: Final = '{"name": "Ann"}'
CONFIDENCE: Final = {True: (0.65, 1.0, 0.92), False: (0.40, 0.97, 0.74)}
"""Least, most and likeliest mean token probability of right and of wrong answers: they overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendedModel:
    """One model."""

    target: str
    accuracy: dict[Difficulty, float]
    """Of answers that can be right or wrong."""
    invalid: float
    """Share of structured outputs that break their schema."""
    rates: TokenRates


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendedReply:
    """One answer, and whether it is truly right."""

    right: bool
    valid: bool
    body: bytes
    used: TokensUsed


def replied(model: PretendedModel, task: LabelledTask, attempt: int = 0) -> PretendedReply:
    """The same for the same model, task and attempt, so that strategies compare on equal answers."""
    rng = random.Random(f"{task.number}/{model.target}/{attempt}")  # noqa: S311  # a seeded draw
    valid = not (task.structured and rng.random() < model.invalid)
    right = valid and rng.random() < model.accuracy[task.difficulty]
    confidence = rng.triangular(*CONFIDENCE[right])
    text = _text(task, right=right, valid=valid)
    logprobs = {"content": [{"token": "x", "logprob": log(confidence)}] * 4}
    choice = {"index": 0, "message": {"content": text}, "finish_reason": "stop", "logprobs": logprobs}
    return PretendedReply(
        right=right,
        valid=valid,
        body=json.dumps({"object": "chat.completion", "choices": [choice]}).encode(),
        used=TokensUsed(prompt=task.prompt_tokens, output=task.output_tokens),
    )


def _text(task: LabelledTask, *, right: bool, valid: bool) -> str:
    if not task.structured:
        return "The answer." if right else "Some other answer."
    return (VALID if right else WRONG) if valid else INVALID

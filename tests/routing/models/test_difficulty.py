"""How hard a request is: the client's value, or an estimate whose accuracy is measured and not promised."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.model_routes import Difficulty
from fairlead.routing.models import difficulty
from fairlead.routing.models.route_facts import RouteFacts

LABELLED = [
    json.loads(line) for line in Path("tests/data/difficulty/prompts.jsonl").read_text(encoding="utf-8").splitlines()
]


def share_right(*, fitted: bool) -> float:
    rows = [one for one in LABELLED if one["fitted"] is fitted]
    right: int = sum(
        guess(one["prompt"], one.get("output_tokens"), tools=one.get("tools", False)) == one["label"] for one in rows
    )
    return right / len(rows)


def guess(prompt: str, output_tokens: int | None = None, *, tools: bool = False) -> Difficulty:
    text = b"user\x1e" + prompt.encode()
    return difficulty.estimated(text, len(text) // 4, output_tokens, tools=tools)


def test_on_prompts_that_it_was_not_fitted_to_four_of_five_are_right() -> None:
    assert share_right(fitted=True) == pytest.approx(0.92)
    assert share_right(fitted=False) == pytest.approx(40 / 49)


def test_the_clients_difficulty_overrides_the_estimate() -> None:
    hard = RouteFacts(model="chat", prompt=b"Prove the theorem and explain why.")
    assert hard.level() is Difficulty.HARD
    assert hard.level() is Difficulty.HARD
    assert RouteFacts(model="chat", prompt=hard.prompt, difficulty=Difficulty.EASY).level() is Difficulty.EASY


@pytest.mark.parametrize(
    ("header", "level"),
    [(b"easy", Difficulty.EASY), (b" HARD ", Difficulty.HARD), (b"medium", None), (b"", None), (b"\xff", None)],
)
def test_a_difficulty_header_is_easy_or_hard_and_otherwise_ignored(header: bytes, level: Difficulty | None) -> None:
    assert difficulty.of_header(header) is level


def test_only_the_beginning_and_the_end_of_a_long_prompt_are_read() -> None:
    middle = "why prove algorithm theorem explain code " * 500
    assert guess("Hello." + " a" * 1000 + middle + " a" * 2000) is Difficulty.EASY
    assert guess("Prove the theorem, and explain why it holds." + " a" * 5000) is Difficulty.HARD


@given(st.binary(), st.integers(0, 10**9), st.none() | st.integers(0, 10**9), st.booleans())
def test_any_bytes_always_get_an_estimate(prompt: bytes, tokens: int, output: int | None, tools: bool) -> None:
    assert difficulty.estimated(prompt, tokens, output, tools=tools) in Difficulty

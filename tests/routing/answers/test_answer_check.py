"""What decides in a cascade whether the smaller model's answer is used."""

from typing import Any

import pytest

from fairlead.fleet.model_routes import AnswerCheck, CascadeSettings
from fairlead.routing.answers.answer import Answer, AnswerChoice
from fairlead.routing.answers.answer_check import CascadeCheck
from fairlead.routing.answers.check_results import PASSED, AnswerFault, CheckResult
from fairlead.routing.answers.compiled_schemas import CompiledSchemas
from fairlead.routing.answers.wanted_output import wanted_in
from tests.routing.answers.replies import call, text, wanting

REFUSING: Answer = (AnswerChoice(refusal="I will not."),)


def checked(answer: Answer | None, kind: AnswerCheck, **settings: Any) -> CheckResult:  # noqa: ANN401  # of a cascade
    cascade = CascadeSettings(targets=("a", "b"), check=kind, **settings)
    return CascadeCheck(cascade, CompiledSchemas()).check(answer, wanted_in(wanting()))


@pytest.mark.parametrize("kind", AnswerCheck)
def test_no_check_lets_an_empty_answer_pass_or_an_unreadable_one(kind: AnswerCheck) -> None:
    assert checked(text("fine", " \n"), kind, pattern="f", min_characters=1).failed
    assert checked(text(" \n"), kind).fault is AnswerFault.EMPTY
    assert checked(REFUSING, kind).fault is AnswerFault.REFUSED
    unreadable = checked(None, kind)
    assert (unreadable.fault, unreadable.failed) == (AnswerFault.UNREADABLE, False)


def test_not_empty() -> None:
    assert checked(text("a"), AnswerCheck.NOT_EMPTY) is PASSED
    assert checked(call("f", "{}"), AnswerCheck.NOT_EMPTY) is PASSED


def test_a_schema_where_the_request_names_one() -> None:
    assert checked(text('{"name": "Ann", "age": 1}'), AnswerCheck.JSON_SCHEMA) is PASSED
    assert checked(text('{"name": "Ann"}'), AnswerCheck.JSON_SCHEMA).fault is AnswerFault.SCHEMA
    cascade = CascadeSettings(targets=("a",), check=AnswerCheck.JSON_SCHEMA)
    assert CascadeCheck(cascade, CompiledSchemas()).check(text("free"), None) is PASSED


@pytest.mark.parametrize(
    "answer",
    [
        text("I\u2019m sorry, but I can't help with that."),
        text("As an AI language model, I have no view of that."),
        text("Das weiß ich nicht."),
        (AnswerChoice(text="no", refusal="policy"),),
    ],
)
def test_a_refusal_is_recognized_by_common_phrases_and_by_the_routes_own_phrases(answer: Answer) -> None:
    words = ("weiß ich nicht",)
    assert checked(answer, AnswerCheck.NO_REFUSAL, refusal_words=words).fault is AnswerFault.REFUSED


def test_a_phrase_matches_with_either_apostrophe() -> None:
    for word in ("je n\u2019ai pas le droit", "je n'ai pas le droit"):
        for answer in ("Je n\u2019ai pas le droit de dire cela.", "Je n'ai pas le droit de dire cela."):
            assert checked(text(answer), AnswerCheck.NO_REFUSAL, refusal_words=(word,)).fault is AnswerFault.REFUSED


def test_a_phrase_late_in_an_answer_is_no_refusal() -> None:
    assert checked(text("x" * 400 + " I cannot help"), AnswerCheck.NO_REFUSAL) is PASSED


def test_a_least_length() -> None:
    assert checked(text("four"), AnswerCheck.MIN_LENGTH, min_characters=4) is PASSED
    assert checked(call("f", "{}"), AnswerCheck.MIN_LENGTH, min_characters=4) is PASSED
    short = checked(text(" six   "), AnswerCheck.MIN_LENGTH, min_characters=4)
    assert (short.fault, short.message) == (AnswerFault.TOO_SHORT, "it has 3 characters, at least 4 are needed")


def test_a_pattern() -> None:
    assert checked(text("Answer: 5"), AnswerCheck.PATTERN, pattern="^Answer: [0-9]+$") is PASSED
    assert checked(call("f", "{}"), AnswerCheck.PATTERN, pattern="x") is PASSED
    assert checked(text("5"), AnswerCheck.PATTERN, pattern="^Answer").fault is AnswerFault.PATTERN
    refused = checked(text("5"), AnswerCheck.PATTERN, pattern="(?=a)")
    assert (refused.fault, refused.failed) == (AnswerFault.PATTERN_REFUSED, False)


def test_confidence() -> None:
    assert checked(text("a", probability=0.7), AnswerCheck.CONFIDENCE, min_confidence=0.7) is PASSED
    low = checked(text("a", probability=0.69), AnswerCheck.CONFIDENCE, min_confidence=0.7)
    assert low.message == "the mean probability of its tokens is 0.69, below 0.70"
    missing = checked(text("a"), AnswerCheck.CONFIDENCE, min_confidence=0.7)
    assert (missing.fault, missing.failed) == (AnswerFault.NO_PROBABILITIES, True)

"""When an answer is right."""

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.evaluating import answer_values, replies, scorers
from fairlead.evaluating.item_problems import ItemFieldError
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.replies import ItemReply
from fairlead.evaluating.scorers import ScorerKind, ScorerSettings
from fairlead.routing.answers.answer import ToolCall

CITY = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


def holds(kind: ScorerKind, expected: object, text: str, **more: Any) -> bool:  # noqa: ANN401  # settings
    return scorers.rule(ScorerSettings(kind=kind, **more), expected, "target").holds(ItemReply(text=text))


@pytest.mark.parametrize(
    ("kind", "expected", "right", "wrong"),
    [
        (ScorerKind.EXACT, "Paris", " Paris\n", "paris"),
        (ScorerKind.EXACT, 42, "42", "42.0"),
        (ScorerKind.EXACT, ["Paris"], "Paris", "[Paris]"),
        (ScorerKind.ONE_OF, ["yes", "Yes"], "Yes", "YES"),
        (ScorerKind.ONE_OF, "yes", "yes", "no"),
        (ScorerKind.CONTAINS, ["Seine", "Loire"], "the Loire is", "the Rhine"),
        (ScorerKind.REGEX, "^v[0-9]+$", "v12", "version 12"),
        (ScorerKind.NUMBER, "1,234.5", "so it is 1234.5.", "it is 1235"),
        (ScorerKind.NUMBER, 3, "3", "three"),
        (ScorerKind.CHOICE, "(b)", "The answer is (B).", "A"),
        (ScorerKind.JSON_SCHEMA, CITY, '{"city": "Rome"}', '{"city": 5}'),
        (ScorerKind.JSON_SCHEMA, CITY, '```json\n{"city": "Rome"}\n```', "Rome"),
    ],
)
def test_each_scorer_knows_right_from_wrong(kind: ScorerKind, expected: object, right: str, wrong: str) -> None:
    assert holds(kind, expected, right)
    assert not holds(kind, expected, wrong)


def test_case_may_be_ignored() -> None:
    assert holds(ScorerKind.EXACT, "Paris", "PARIS", ignore_case=True)
    assert holds(ScorerKind.REGEX, "^paris", "Paris is", ignore_case=True)


def test_numbers_may_be_off_by_a_tolerance_or_a_share() -> None:
    assert holds(ScorerKind.NUMBER, 100, "about 101", tolerance=1)
    assert not holds(ScorerKind.NUMBER, 100, "about 101.1", tolerance=1)
    assert holds(ScorerKind.NUMBER, -200, "-202", tolerance=0.01, relative=True)
    assert not holds(ScorerKind.NUMBER, 100, "none")


@pytest.mark.parametrize(("wanted", "off"), [(3.14, 0.01), (1.0, 0.01), (0.3, 0.01), (1_000_000, 0.01), (2, 0.1)])
def test_a_number_that_is_off_by_just_the_tolerance_is_right_on_both_sides(wanted: float, off: float) -> None:
    for written in (Decimal(str(wanted)) + Decimal(str(off)), Decimal(str(wanted)) - Decimal(str(off))):
        assert holds(ScorerKind.NUMBER, wanted, f"{written}", tolerance=off)
        assert not holds(ScorerKind.NUMBER, wanted, f"{written}", tolerance=off * 0.99)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("so x = \u22125", [-5]),
        ("-0.5", [-0.5]),
        ("The share is .5", [0.5]),
        ("the change is -.5.", [-0.5]),
        ("between 10-12", [12]),
        ("an F-16", [16]),
        ("12 000", [12_000]),
        ("1\u202f234\u202f567.5 m", [1_234_567.5]),
        ("in 2019 300", [300]),
        ("\\boxed{1{,}234}", [1234]),
        ("$12\\,500$", [12_500]),
        ("version 1.2.3", [3]),
        ("$1,234.50.", [1234.5]),
        ("1.5e3", [1500]),
        ("none", []),
    ],
)
def test_the_last_number_is_read_as_people_write_it(text: str, numbers: list[float]) -> None:
    assert list(answer_values.last_numbers(text)) == numbers


def test_an_expected_number_may_be_written_as_an_answer_may() -> None:
    assert holds(ScorerKind.NUMBER, "\u22125", "it is -5")
    assert holds(ScorerKind.NUMBER, "\u22121 000", "it is -1000")


@pytest.mark.parametrize("written", ["NaN", "snan", "Infinity", "-inf", "1e999", float("inf"), "9" * 400])
def test_an_expected_number_that_no_answer_is_near_is_refused_and_makes_no_answer_right(written: object) -> None:
    with pytest.raises(ItemFieldError, match="not a number"):
        scorers.rule(ScorerSettings(kind=ScorerKind.NUMBER, tolerance=0.01, relative=True), written, "target")


@pytest.mark.parametrize(
    "text", ["1 4 9 16 25 36 49 64 81 100", "the factors are 2 5 10 100", "step 2 100", "100 100 100", "2 100g bags"]
)
def test_numbers_beside_each_other_are_not_only_one_number(text: str) -> None:
    """Nothing but the expected number says whether a space separates thousands."""
    assert holds(ScorerKind.NUMBER, 100, text)


def test_the_end_of_a_long_number_is_no_number() -> None:
    assert not holds(ScorerKind.NUMBER, 0, "it is 12 000")
    assert not holds(ScorerKind.NUMBER, 50, "it is 12 050")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("(c) since", "C"),
        ("D. Because", "D"),
        ("b", "B"),
        ("I think that the answer is: C", "C"),
        ("First I chose A, but the correct option is D", "D"),
        ("A cat and a dog", None),
        ("It must be B here", "B"),
        ("Either B or C", None),
        ("", None),
        ("The correct answer is B. Option A is wrong because it ignores friction.", "B"),
        ("B is correct: option C confuses mass with weight.", "B"),
        ("The answer is B, the only option a careful reader can defend.", "B"),
        ("**Answer: B**\n\nOption D would need a vacuum.", "B"),
        ("### Answer\n\nB\n\nOption D would need a vacuum.", "B"),
        ("B. Choice A is out because of the date.", "B"),
        ("B) Paris\n\nA) is the largest city, C) a river", "B"),
        ("A) no friction\nB) no mass\nC) both\n\nSo I would choose option C over B.", "C"),
        ("A) wrong\nB) wrong\nC) fits\n\nC is the best of them.", "C"),
        ("Since friction counts, option C", "C"),
        ("Neither option C nor option D", None),
        ("The answer is a B.", "B"),
        ("the answer is a", "A"),
        ("The answer is (a), since it fits", "A"),
        ("The answer is a cat", None),
        ("The answer is A since it fits", "A"),
        ("Answer: I think that it is B", "B"),
        ("The answer is option B, and option C is not", "B"),
        ("Final Answer: \\boxed{C}\n\nOption B is not, since", "C"),
        ("\\boxed{\\text{(D)}}", "D"),
        ("Among the options, B fits", "B"),
        ("A cat", None),
        ("The answer is 'B'.", "B"),
        ("Answer: 'A'", "A"),
        ("'B'", "B"),
        ('"A"', "A"),
        ("{'reason': 'not C', 'answer': 'D'}", "D"),
        ("The answer is B's opposite", None),
        ("The correct answer is B. A common wrong answer is C, which confuses cause and effect.", "B"),
        ("The answer is B. The other choice is A trap. The wrong answer: D.", "B"),
        ("B. Paris.\n\nA tempting choice is D, but it is outdated.", "B"),
        ("**B**\n\nThe incorrect option is A.", "B"),
        ("**Answer: B**\n\n**Choice A** - too early\n**Choice:** C - late", "B"),
        ("B. Paris, at first sight. The correct choice is D.", "D"),
        ("I weighed both, and my choice is D over A.", "D"),
    ],
)
def test_the_letter_of_a_choice_is_found(text: str, letter: str | None) -> None:
    assert answer_values.choice_letter(text) == letter


def test_a_field_of_a_json_answer_is_compared_as_json() -> None:
    assert holds(ScorerKind.JSON_FIELD, 1, '{"a": {"b": 1.0}}', field="a.b")
    assert holds(ScorerKind.JSON_FIELD, {"x": [1, 2.5]}, '{"a": {"x": [1.0, 2.5]}}', field="a")
    assert not holds(ScorerKind.JSON_FIELD, 1, '{"a": {"b": true}}', field="a.b")
    assert not holds(ScorerKind.JSON_FIELD, 1, '{"a": 1}', field="a.b")
    assert not holds(ScorerKind.JSON_FIELD, 1, "no JSON", field="a")


def test_a_tool_call_is_right_by_name_and_arguments() -> None:
    rule = scorers.rule(
        ScorerSettings(kind=ScorerKind.TOOL), {"name": "weather", "arguments": {"city": "Rome", "days": 2}}, "target"
    )
    good = ToolCall(name="weather", arguments='{"days": 2, "city": "Rome"}')
    assert rule.holds(ItemReply(calls=(good,)))
    for calls in ((), (ToolCall(name="weather", arguments='{"city": "Rome"}'),), (ToolCall(name="x", arguments="{"),)):
        assert not rule.holds(ItemReply(calls=calls))
    assert not rule.holds(ItemReply(calls=(ToolCall(name="weather", arguments="{"),)))
    named = scorers.rule(ScorerSettings(kind=ScorerKind.TOOL), {"name": "weather"}, "target")
    assert named.holds(ItemReply(calls=(good,)))


@pytest.mark.parametrize(
    ("kind", "expected", "because"),
    [
        (ScorerKind.EXACT, "  ", "not text"),
        (ScorerKind.EXACT, True, "not text"),
        (ScorerKind.ONE_OF, [], "not text"),
        (ScorerKind.REGEX, "(?=x)", "the pattern '(?=x)' is not accepted"),
        (ScorerKind.REGEX, "x" * 600, "the pattern has 600 characters, at most 512 are accepted"),
        (ScorerKind.NUMBER, "many", "not a number"),
        (ScorerKind.NUMBER, True, "not a number"),
        (ScorerKind.NUMBER, None, "not a number"),
        (ScorerKind.NUMBER, 10**400, "not a number"),
        (ScorerKind.CHOICE, "AB", "not a letter of a choice"),
        (ScorerKind.JSON_SCHEMA, "object", "not a JSON schema"),
        (ScorerKind.JSON_SCHEMA, {"type": "nothing"}, "the JSON schema is not used"),
        (ScorerKind.JSON_FIELD, 1, "no field is named"),
        (ScorerKind.TOOL, "weather", "not a tool call"),
    ],
)
def test_what_no_answer_could_meet_is_refused_when_items_are_read(
    kind: ScorerKind, expected: object, because: str
) -> None:
    with pytest.raises(ItemFieldError) as refused:
        scorers.rule(ScorerSettings(kind=kind), expected, "target")
    assert refused.value.because.startswith(because)
    assert refused.value.remedy


def test_a_hostile_pattern_and_a_hostile_answer_take_no_time() -> None:
    began = time.process_time()
    assert not holds(ScorerKind.REGEX, "^(a+)+$", "a" * 50_000 + "!")
    some = ("9," * 500_000, "answer " * 100_000, "(" * 1_000_000, "A " * 500_000, "123 " * 50_000, "-.1" * 50_000)
    for text in (*some, "I choose " * 9000, "answer is the option " * 1000, "A.\n" * 9000, "boxed{\\" * 9000):
        answer_values.last_numbers(text)
        answer_values.choice_letter(text)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("depth", [480, 700, 960, 100_000])
def test_an_answer_that_nests_too_deeply_is_wrong(depth: int) -> None:
    deep = '{"city": ' + "[" * depth + "]" * depth + "}"
    assert not holds(ScorerKind.JSON_FIELD, "Rome", deep, field="city")
    assert not holds(ScorerKind.JSON_SCHEMA, CITY, deep)
    call = ToolCall(name="weather", arguments=deep)
    rule = scorers.rule(ScorerSettings(kind=ScorerKind.TOOL), {"name": "weather", "arguments": {"city": 1}}, "target")
    assert not rule.holds(ItemReply(calls=(call,)))


@given(st.text(max_size=60), st.sampled_from(ScorerKind))
def test_no_answer_ever_raises(text: str, kind: ScorerKind) -> None:
    expected: dict[ScorerKind, object] = {
        ScorerKind.NUMBER: 5,
        ScorerKind.CHOICE: "A",
        ScorerKind.JSON_SCHEMA: CITY,
        ScorerKind.TOOL: {"name": "a"},
    }
    rule = scorers.rule(ScorerSettings(kind=kind, field="a"), expected.get(kind, "x"), "target")
    item = EvaluationItem(name="a", messages=(), rules=(rule,), digest="d")
    assert item.score(ItemReply(text=text)).right in (True, False)


def test_reasoning_is_no_part_of_an_answer() -> None:
    assert replies.without_reasoning("<think>Lyon? No.</think> Paris") == "Paris"
    assert replies.without_reasoning("Lyon? No.</think>\nParis") == "Paris"
    assert replies.without_reasoning("<think>Lyon or") == ""
    assert replies.without_reasoning(" Paris ") == "Paris"


def test_a_reply_is_read_with_its_length_and_how_it_ended() -> None:
    body = (
        b'{"choices": [{"message": {"content": "Par"}, "finish_reason": "length"}], "usage": {"completion_tokens": 3}}'
    )
    assert replies.read(body) == ItemReply(text="Par", cut=True, tokens=3)
    assert replies.read(b'{"choices": [{"message": {"content": "x"}}]}').tokens is None
    assert replies.read(b"<html>").error == "the reply is not a chat completion"


@pytest.mark.parametrize("page", ["<html>", "[]", '{"data": []}', "[" * 200_000])
def test_an_engine_whose_list_of_models_cannot_be_read_has_no_name(page: str) -> None:
    assert replies.model_name(page) is None


def test_what_guards_count_is_seen_when_an_answer_is_scored() -> None:
    rule = scorers.rule(ScorerSettings(kind=ScorerKind.JSON_SCHEMA), CITY, "target")
    item = EvaluationItem(name="a", messages=(), rules=(rule,), digest="d")
    assert item.score(ItemReply(text="{", cut=True, tokens=9)).invalid_json
    assert item.score(ItemReply()).empty
    failed = item.score(ItemReply(error="503"))
    assert (failed.right, failed.error, failed.invalid_json) == (False, "503", False)


def test_an_engine_names_its_base_model_first() -> None:
    assert replies.model_name('{"data": [{"id": "chat"}, {"id": "adapter"}]}') == "chat"
    for page in ("nonsense", "{}", '{"data": []}', '{"data": [7]}'):
        assert replies.model_name(page) is None

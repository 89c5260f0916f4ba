"""Items in users' files, and the error for an invalid line."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.evaluating import item_file, items, requests, scorers
from fairlead.evaluating.items import EvaluationItem, digest_of
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.replies import ItemReply
from fairlead.evaluating.scorers import ScorerKind, ScorerSettings
from fairlead.fleet.line_problems import LineProblem

EXACT = ScorerSettings()


def read(
    *lines: object, settings: ScorerSettings = EXACT, schema: object = None
) -> tuple[list[EvaluationItem], list[LineProblem]]:
    raw = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    return item_file.read(raw, settings, schema)


def only(*lines: object, settings: ScorerSettings = EXACT) -> EvaluationItem:
    found, problems = read(*lines, settings=settings)
    assert problems == []
    return found[0]


@pytest.mark.parametrize("name", item_file.ANSWERS)
def test_the_answer_has_the_names_that_other_tools_give_it(name: str) -> None:
    item = only({"input": "Capital of France?", name: "Paris", "metadata": {"mine": 1}})
    assert item.messages == ({"role": "user", "content": "Capital of France?"},)
    assert item.score(ItemReply(text="Paris ")).right
    assert not item.score(ItemReply(text="Lyon")).right


def test_messages_tools_and_tags_are_taken_as_they_are() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2"}]
    tools = [{"type": "function", "function": {"name": "add"}}]
    item = only({"id": 7, "input": messages, "target": 4, "tags": ["sum", "cluster:page-1"], "tools": tools})
    assert (item.name, list(item.messages), item.extra) == ("7", messages, {"tools": tools})
    assert (item.cluster, item.slices) == ("page-1", ("sum",))
    assert only({"input": "a", "target": "b"}).cluster == ""


def test_items_are_read_as_pythons_json_writes_them_with_numbers_and_halves_that_are_no_json() -> None:
    line = json.dumps({"id": "a", "input": "cut \ud83d", "target": "b", "metadata": {"loss": float("nan"), "n": 1e400}})
    item = only(line.encode())
    assert item.messages == ({"role": "user", "content": "cut \ud83d"},)
    assert json.loads(requests.body(item, "chat", RequestSettings(max_tokens=8)))["messages"][0]["content"] == "cut ?"
    (named,) = item_file.with_names([line.replace('"id": "a", ', "").encode()])
    assert json.loads(named)["metadata"]["n"] == float("inf")


@pytest.mark.parametrize("settings", [*(ScorerSettings(kind=one, field="a") for one in ScorerKind), None])
@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("target", "NaN"),
        ("ideal", '["Paris", -Infinity]'),
        ("target", '{"name": "add", "arguments": {"by": [1, 1e999]}}'),
    ],
)
def test_an_answer_that_a_table_lacked_is_refused_with_its_line_whatever_scores_it(
    field: str, written: str, settings: ScorerSettings | None
) -> None:
    found, (problem,) = item_file.read([f'{{"input": "a", "{field}": {written}}}'.encode()], settings)
    assert (found, problem.line, problem.field) == ([], 1, field)
    assert problem.because == "NaN and Infinity are no JSON, so no answer is right"


def test_an_assertion_on_a_value_that_a_table_lacked_is_refused_too() -> None:
    found, (problem,) = read(b'{"input": "a", "assert": [{"type": "equals", "value": NaN}]}')
    assert (found, problem.field) == ([], "assert")


@pytest.mark.parametrize("kind", ScorerKind)
@pytest.mark.parametrize("target", ["NaN", "-Infinity", "1e999", "9" * 400, '"\\ud800"', '{"name": NaN}'])
def test_an_answer_that_is_no_json_makes_an_item_or_a_problem_whatever_scores_it(kind: ScorerKind, target: str) -> None:
    settings = ScorerSettings(kind=kind, field="a")
    found, problems = read(f'{{"input": "a", "target": {target}}}'.encode(), settings=settings)
    assert len(found) + len(problems) == 1
    assert not any(one.score(ItemReply(text="7")).right for one in found)


def test_an_item_without_a_name_is_called_by_its_input_and_blank_lines_are_none() -> None:
    found, problems = read({"input": "a", "target": "b"}, b"  \n", {"input": "c", "target": "b"})
    assert problems == []
    assert len({one.name for one in found}) == 2
    assert all(len(one.name) == 16 for one in found)


@pytest.mark.parametrize("kind", [ScorerKind.NUMBER, ScorerKind.CONTAINS])
def test_a_new_version_of_a_scorer_repeats_its_answers_only_and_tries_no_rejected_revision_again(
    kind: ScorerKind,
) -> None:
    settings = ScorerSettings(kind=kind)
    item = only({"id": "a", "input": "2+2?", "target": 4}, settings=settings)
    sent = {"messages": [{"role": "user", "content": "2+2?"}]}
    first = digest_of(["a", sent, [4, None, None, None, None], None, 1, repr(settings)])
    assert items.set_digest([item]) == digest_of([first])
    assert (item.digest == first) == (scorers.version(settings) == 1)


def test_order_is_shuffled_and_always_the_same_and_digests_follow_what_answers_depend_on() -> None:
    lines = [{"id": place, "input": f"question {place}", "target": "x"} for place in range(50)]
    found = read(*lines)[0]
    assert items.in_order(found) == items.in_order(found[::-1])
    assert items.in_order(found) != found
    assert items.set_digest(found) == items.set_digest(found[::-1])
    other = only({"id": 0, "input": "question 0", "target": "y"})
    assert other.digest != found[0].digest


def test_promptfoos_variables_and_assertions_are_read() -> None:
    plain = only({"vars": {"question": "Say hello to Ann"}, "assert": [{"type": "icontains", "value": "HELLO"}]})
    assert plain.messages[0]["content"] == "Say hello to Ann"
    assert plain.score(ItemReply(text="hello Ann")).right
    filled = only(
        {
            "input": "{{ context }}: {{question}}",
            "vars": {"context": "France", "question": "capital?", "year": 2026},
            "assert": [{"type": "contains-all", "value": ["Par", "is"]}, {"type": "regex", "value": "^P"}],
        }
    )
    assert filled.messages[0]["content"] == "France: capital?"
    assert filled.score(ItemReply(text="Paris")).right
    assert not filled.score(ItemReply(text="Is Paris")).right
    named = only({"vars": {"input": "a", "tone": "b"}, "assert": [{"type": "is-json"}]})
    assert named.messages[0]["content"] == "a"
    assert named.score(ItemReply(text="[]")).right
    assert (
        only({"vars": {"q": "a"}, "assert": [{"type": "contains-all", "value": "b"}]}).score(ItemReply(text="b")).right
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{", "line 1: line: {: no JSON: Expecting property name enclosed in double quotes"),
        (b"[" * 100_000, "line 1: line: [[[[[[[["),
        (b'{"input": "a", "target": ' + b"[" * 990 + b"]" * 990 + b"}", 'line 1: line: {"input": "a", "target": [[['),
        ([1], 'line 1: line: [1]: not a JSON object; write {"input": ..., "target": ...}'),
        (b'"' + b"x" * 2**20 + b'"', "line 1: line: 1,048,578 bytes: more than 1,048,576; shorten the input"),
        ({"target": "x"}, "line 1: input: null: no input; write a text, or"),
        ({"input": 5, "target": "x"}, "line 1: input: 5: neither a text nor a list of messages; write"),
        ({"input": [{"role": "narrator", "content": ""}], "target": "x"}, "line 1: input: "),
        ({"input": "a"}, "line 1: target: null: no answer to compare with; write one of target, ideal,"),
        ({"input": "a", "target": "b", "ideal": "c"}, "line 1: ideal: c: target is there too; keep one of them"),
        ({"input": "a", "target": ["b", "c"]}, 'line 1: target: ["b", "c"]: not text; write what the answer must be'),
        (
            {"input": "a", "target": "b", "answer": "c"},
            "line 1: answer: c: not a field of an item; put your own",
        ),
        ({"input": "a", "target": "b", "id": ""}, "line 1: id: blank: not a name; write a number or text"),
        ({"input": "a", "target": "b", "tags": "law"}, "line 1: tags: law: not a list of words; write a list"),
        ({"vars": {}, "assert": []}, "line 1: vars: {}: not an object of variables; write an object"),
        ({"vars": {"a": []}, "assert": []}, "line 1: vars.a: []: not text or a number; write it as text"),
        (
            {"vars": {"a": "1", "b": "2"}, "assert": []},
            'line 1: vars: ["a", "b"]: several variables and no prompt; add',
        ),
        ({"vars": {"a": "1"}, "assert": []}, "line 1: assert: []: not a list of assertions; write"),
        ({"vars": {"a": "1"}, "assert": [{"type": "llm-rubric"}]}, "line 1: assert[0].type: llm-rubric: not a known"),
        ({"vars": {"a": "1"}, "assert": ["equals"]}, "line 1: assert[0].type: null: not a known assertion"),
        ({"vars": {"a": "1"}, "assert": [{"type": "contains-all"}]}, "line 1: assert[0].value: null: not text; write"),
    ],
)
def test_a_line_that_cannot_be_used_says_where_what_why_and_what_to_write(line: Any, sentence: str) -> None:  # noqa: ANN401  # any JSON
    found, (problem,) = read(line)
    assert found == []
    assert problem.sentence.startswith(sentence)


def test_an_item_is_as_deep_as_a_run_can_encode_again_however_many_brackets_it_has() -> None:
    deep = b'{"input": "a", "target": "b", "metadata": ' + b"[" * 400 + b"]" * 400 + b"}"
    found, (problem,) = read(deep)
    assert found == []
    assert problem.sentence.endswith("it nests too deeply; flatten it to at most 200 levels")
    assert only({"input": "a", "target": "b", "metadata": [[] for _ in range(400)]}).name


def test_all_wrong_lines_are_named_at_once_and_a_name_is_accepted_once() -> None:
    same = {"id": "a", "input": "x", "target": "y"}
    found, problems = read(same, b"nonsense", same)
    assert [one.name for one in found] == ["a"]
    assert [one.line for one in problems] == [2, 3]
    assert "as in line 1" in problems[0].sentence
    assert problems[1].sentence == (
        "line 3: id: a: line 1 has it too; give each item its own id, or leave one line out"
    )


def test_more_items_than_anybody_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_file, "MAX_ITEMS", 1)
    _, problems = read({"input": "a", "target": "b"}, {"input": "c", "target": "b"})
    assert [(one.line, one.because) for one in problems] == [(2, "more than 1 items")]


def test_one_schema_may_hold_for_all_items() -> None:
    settings = ScorerSettings(kind=ScorerKind.JSON_SCHEMA)
    found, problems = read({"input": "a"}, settings=settings, schema={"type": "array"})
    assert problems == []
    assert found[0].score(ItemReply(text="[1]")).right
    _, (refused,) = read({"input": "a"}, schema={"type": "array"})
    assert refused.field == "target"


@given(st.binary(max_size=200))
def test_no_line_ever_raises(line: bytes) -> None:
    found, problems = item_file.read([line], EXACT)
    assert len(found) + len(problems) <= 1


@given(
    st.dictionaries(
        st.sampled_from(sorted(item_file.FIELDS)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    ),
    st.sampled_from(ScorerKind),
)
def test_no_object_ever_raises(document: dict[str, object], kind: ScorerKind) -> None:
    found, problems = read(document, settings=ScorerSettings(kind=kind, field="a"))
    assert len(found) + len(problems) == 1
    for one in found:
        one.score(ItemReply(text="7"))

"""Rules as text: what holds, what is refused and why, and that an accepted rule never fails."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.model_routes import Difficulty, RequestConditions
from fairlead.routing.models.expressions import compiler
from fairlead.routing.models.expressions.problems import ExpressionFault, ExpressionProblem
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.models.route_facts import RouteFacts
from tests.routing.models.routes import LARGE, SMALL, chosen, ruled

FACTS = RouteFacts(
    model="chat",
    prompt_tokens=5000,
    output_tokens=64,
    structured_output=True,
    tenant="acme",
    task="extract-names",
    difficulty=Difficulty.HARD,
)


def holds(source: str, facts: RouteFacts = FACTS) -> bool:
    condition = compiler.compiled(source)
    assert not isinstance(condition, ExpressionProblem), condition
    return condition(facts)


@pytest.mark.parametrize(
    "source",
    [
        "promptTokens > 4000",
        "4000 < promptTokens && promptTokens <= 5000 && promptTokens >= 5000",
        "tenant in ['other', \"acme\"]",
        "promptTokens in [5000]",
        "structuredOutput in [true]",
        "task.startsWith('extract') && task.endsWith('names') && task.contains('-')",
        r"task.matches(r'^extract-[a-z]+$')",
        r"task.matches('^extract\\-')",
        "size(task) == 13 && task.size() == 13",
        "size(['a', 'b']) < promptTokens",
        "!tools || tools",
        "!(tools || tenant == 'other')",
        "!!structuredOutput",
        "structuredOutput == true && tools != true",
        "difficulty == 'Hard' && 'Hard' == difficulty && difficulty != 'Easy' && difficulty in ['Hard']",
        "model == 'chat'",
        "tools && tools || structuredOutput",
        "outputTokens == 64",
        "tenant != 'it\\'s' && tenant != \"a\\tb\"",
        "model.contains(task) || tenant == 'acme'",
        "true && structuredOutput",
    ],
)
def test_what_holds_for_a_request(source: str) -> None:
    assert holds(source)
    assert not holds(f"!({source})")


def test_a_request_that_names_no_maximum_has_0_output_tokens() -> None:
    assert holds("outputTokens == 0", RouteFacts(model="chat"))


def test_a_rule_with_an_expression_holds_with_all_its_other_conditions() -> None:
    table = ModelTable((ruled(("long", RequestConditions(expression="promptTokens > 10", tools=False), LARGE)),))
    assert chosen(table, FACTS).rule == "long"
    assert chosen(table, RouteFacts(model="chat", prompt_tokens=11, tools=True)).rule is None


def test_a_rule_whose_expression_is_refused_never_holds() -> None:
    table = ModelTable((ruled(("broken", RequestConditions(expression="promptTokens >"), LARGE)),))
    assert chosen(table, FACTS).target == SMALL


@pytest.mark.parametrize(
    ("source", "fault", "message"),
    [
        ("", "not_understood", "column 1: the expression ends where a fact or a literal should be; "),
        ("promptTokens >", "not_understood", "column 15: the expression ends where a fact or a literal should be; "),
        ("tools tools", "not_understood", "column 7: 'tools' stands where an operator or the end should be; "),
        ("(tools", "not_understood", "column 7: the expression ends where ) should be; write )"),
        ("tools.size", "not_understood", "column 11: the expression ends where ( should be; write ("),
        ("task.contains('a'", "not_understood", "column 18: the expression ends where ) should be; write )"),
        ("task == 'a", "not_understood", "column 9: the text that begins with 'a has no closing '; add it on the "),
        ("tools & tools", "not_understood", "column 7: & on its own means nothing; write &&"),
        ("promptTokens + 1 > 2", "not_understood", "column 14: + is not part of this subset of CEL; compare facts "),
        ("tools;", "not_understood", "column 6: ';' means nothing here; remove it"),
        (
            "task == '\\d'",
            "not_understood",
            "column 10: \\d is not an escape; write \\\\ for a backslash, or r'...' for ",
        ),
        ("promptTokens > 99999999999999999", "not_understood", "column 16: 99999999999999999 is beyond 9007199254"),
        ("promptTokens > 9999999999999999", "not_understood", "column 16: 9999999999999999 is beyond 9007199254"),
        (
            "prompt == 'a'",
            "unknown_name",
            "column 1: there is no fact prompt; the facts are model, tenant, task, ",
        ),
        ("task.lower() == 'a'", "unknown_name", "column 6: there is no function 'lower'; there are startsWith, "),
        ("task.size('a') == 1", "unknown_name", "column 6: there is no function 'size'"),
        ("promptTokens", "wrong_type", "column 1: expected a condition, found a number; compare it "),
        ("task", "wrong_type", "column 1: expected a condition, found a string; compare it with something"),
        ("promptTokens == '5'", "wrong_type", "column 17: expected a number, found a string; put a number "),
        ("task < 'b'", "wrong_type", "column 1: expected a number, found a string; put a number there"),
        ("task.contains(5)", "wrong_type", "column 15: expected a string, found a number; put a string there"),
        ("task.contains()", "wrong_type", "column 6: contains needs a string; write contains('...')"),
        ("size(promptTokens) > 1", "wrong_type", "column 6: size() takes a string or a list, and this is a number; "),
        ("tenant in 'acme'", "wrong_type", "column 11: expected a list, found a string; put a list there"),
        ("tenant in [1]", "wrong_type", "column 11: the list's members are not a string, as the left side is; "),
        ("['a'] in ['a']", "wrong_type", "column 10: the list's members are not a list"),
        ("tenant in ['a', 1]", "wrong_type", "column 17: a list holds texts or numbers, all of one kind; "),
        ("tenant in [task]", "wrong_type", "column 12: a list holds texts or numbers, all of one kind; "),
        ("tenant in [['a']]", "wrong_type", "column 12: a list holds texts or numbers, all of one kind; "),
        ("['a'] == ['a']", "wrong_type", "column 1: lists are not compared; write: fact in [...]"),
        (
            "difficulty == 'medium'",
            "wrong_type",
            "column 1: 'medium' is not a value of the fact at column 1; write 'Easy' ",
        ),
        (
            "difficulty in ['hard']",
            "wrong_type",
            "column 1: 'hard' is not a value of the fact at column 1; write 'Easy' or ",
        ),
        ("tenant in ['a' 'b']", "not_understood", "column 16: 'b' stands where , should be; write ,"),
        ("tenant in []", "no_fact", "column 11: an empty list matches nothing; name its members"),
        ("true", "no_fact", "column 1: it names no fact of the request, so it always holds or never does; "),
        ("'a' == 'a' || 1 < 2", "no_fact", "column 1: it names no fact of the request"),
        ("size('abc') == 3", "no_fact", "column 6: it names no fact of the request"),
        ("task.matches(model)", "bad_pattern", "column 14: a pattern is written out, as in task.matches("),
        ("task.matches(r'(?=a)')", "bad_pattern", "column 14: the pattern '(?=a)' is not accepted: "),
        ("(" * 17 + "tools" + ")" * 17, "too_deep", "column 18: nested more than 16 deep; make it several rules"),
        ("!" * 17 + "tools", "too_deep", "column 18: nested more than 16 deep; make it several rules"),
        (" " * 1020 + "tools", "too_long", "column 1025: the expression has 1025 characters, at most 1024 are read; "),
        (f"promptTokens in [{', '.join(map(str, range(65)))}]", "too_long", "column 264: a list has at most 64 "),
    ],
)
def test_a_refused_expression_is_reported_with_column_and_remedy(source: str, fault: str, message: str) -> None:
    problem = compiler.compiled(source)
    assert isinstance(problem, ExpressionProblem)
    assert problem.message.startswith(message), problem.message
    assert (problem.fault, problem.message.split(":")[0]) == (ExpressionFault(fault), f"column {problem.column}")
    assert len(problem.message) <= 240


@dataclass(frozen=True)
class Sample:
    """An expression, and its value in Python."""

    text: str
    python: str


TEXTS = st.sampled_from(("model", "tenant", "task", "difficulty"))
NUMBERS = st.sampled_from(("promptTokens", "outputTokens"))
FLAGS = st.sampled_from(("tools", "structuredOutput", "true", "false"))
WORDS = st.sampled_from(("a", "b", "ab", ""))


def _simple() -> st.SearchStrategy[Sample]:
    return st.one_of(
        FLAGS.map(lambda name: Sample(name, name)),
        st.builds(
            lambda name, sign, number: Sample(*[f"{name} {sign} {number}"] * 2),
            NUMBERS,
            st.sampled_from(("==", "!=", "<", "<=", ">", ">=")),
            st.integers(0, 3),
        ),
        st.builds(
            lambda name, word: Sample(f"{name}.startsWith('{word}')", f"{name}.startswith('{word}')"),
            TEXTS.filter(lambda name: name != "difficulty"),
            WORDS,
        ),
        st.builds(lambda name, word: Sample(f"{name}.contains('{word}')", f"('{word}' in {name})"), TEXTS, WORDS),
        st.builds(
            lambda name, some: Sample(*[f"{name} in {some}"] * 2),
            TEXTS.filter(lambda name: name != "difficulty"),
            st.lists(WORDS, min_size=1, max_size=3),
        ),
        st.builds(
            lambda name, number: Sample(f"size({name}) > {number}", f"len({name}) > {number}"), TEXTS, st.just(1)
        ),
    )


def _combined(inner: st.SearchStrategy[Sample]) -> st.SearchStrategy[Sample]:
    return st.one_of(
        st.builds(lambda a, b: Sample(f"({a.text}) && ({b.text})", f"({a.python}) and ({b.python})"), inner, inner),
        st.builds(lambda a, b: Sample(f"({a.text}) || ({b.text})", f"({a.python}) or ({b.python})"), inner, inner),
        inner.map(lambda one: Sample(f"!({one.text})", f"not ({one.python})")),
    )


REQUESTS = st.builds(
    RouteFacts,
    model=WORDS,
    tenant=WORDS,
    task=st.text(),
    prompt_tokens=st.integers(0, 3),
    output_tokens=st.none() | st.integers(0, 3),
    structured_output=st.booleans(),
    tools=st.booleans(),
    prompt=st.binary(max_size=20),
)


def _python(sample: Sample, facts: RouteFacts) -> object:
    names = {
        "model": facts.model,
        "tenant": facts.tenant,
        "task": facts.task,
        "difficulty": facts.level().value,
        "promptTokens": facts.prompt_tokens,
        "outputTokens": facts.output_tokens or 0,
        "structuredOutput": facts.structured_output,
        "tools": facts.tools,
        "true": True,
        "false": False,
        "len": len,
    }
    return eval(sample.python, {"__builtins__": {}}, names)  # noqa: S307 - the test's own text


@given(st.recursive(_simple(), _combined, max_leaves=6), REQUESTS)
def test_an_accepted_expression_is_always_worth_what_python_says(sample: Sample, facts: RouteFacts) -> None:
    condition = compiler.compiled(sample.text)
    if isinstance(condition, ExpressionProblem):
        assert condition.fault in (ExpressionFault.NO_FACT, ExpressionFault.TOO_LONG)
    else:
        assert condition(facts) is _python(sample, facts)


PIECES = st.sampled_from(
    [
        *(
            "tools",
            "task",
            "promptTokens",
            "difficulty",
            "true",
            "size",
            "matches",
            "contains",
            "in",
            "'a'",
            "r'a+'",
            "17",
        ),
        *("&&", "||", "!", "==", "<", "(", ")", "[", "]", ",", ".", " ", "'", "\\", "{", "\n", "é"),
    ]
)


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=30).map("".join)), REQUESTS)
def test_no_text_ever_raises_neither_when_it_is_read_nor_when_it_is_evaluated(source: str, facts: RouteFacts) -> None:
    condition = compiler.compiled(source)
    if isinstance(condition, ExpressionProblem):
        assert 1 <= condition.column <= len(source) + 1
        assert len(condition.message) <= 240
    else:
        assert condition(facts) in (True, False)

"""Whether an answer matches the request's schemas, and what the model is told where it does not."""

import pytest

from fairlead.routing.answers import structured_output
from fairlead.routing.answers.answer import Answer, AnswerChoice, ToolCall
from fairlead.routing.answers.check_results import PASSED, AnswerFault, CheckResult, retry_message
from fairlead.routing.answers.compiled_schemas import CompiledSchemas
from fairlead.routing.answers.wanted_output import WantedOutput, wanted_in
from tests.routing.answers.replies import PERSON, WEATHER, call, text, wanting

TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "now"}},
    {"type": "function", "function": {"name": "odd", "parameters": {"$ref": "http://example.com/x"}}},
]


def checked(answer: Answer | None, schema: object = PERSON) -> CheckResult:
    wanted = wanted_in(wanting(schema, tools=TOOLS))
    assert wanted is not None
    return structured_output.checked(answer, wanted, CompiledSchemas())


def test_an_answer_that_obeys_its_schema_passes() -> None:
    assert checked(text('{"name": "Ann", "age": 33}', ' {"age": 1, "name": ""}\n')) is PASSED


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (
            text('{"name": "Ann", "age": -1}'),
            CheckResult(
                fault=AnswerFault.SCHEMA, message="at $.age: -1 is less than the minimum of 0", keyword="minimum"
            ),
        ),
        (
            text('{"name": "Ann", "age": 1}', '{"name": "Ann"}'),
            CheckResult(fault=AnswerFault.SCHEMA, message='at $: "age" is a required property', keyword="required"),
        ),
        (
            text("Here it is: {}"),
            CheckResult(
                fault=AnswerFault.NOT_JSON, message="it is not JSON: JSON is malformed: invalid character (byte 0)"
            ),
        ),
        (text("  "), CheckResult(fault=AnswerFault.EMPTY, message="it is empty")),
        (
            text('{"name": "An', cut=True),
            CheckResult(
                fault=AnswerFault.CUT_SHORT,
                message="it reached its token limit; be shorter, or raise the limit. "
                "it is not JSON: Input data was truncated",
            ),
        ),
        (
            (AnswerChoice(refusal="I will not."),),
            CheckResult(
                fault=AnswerFault.REFUSED, message="it is a refusal; answer in the format that the request names"
            ),
        ),
        (
            call("weather", '{"city": 5}'),
            CheckResult(
                fault=AnswerFault.TOOL_ARGUMENTS,
                message='arguments of tool weather: at $.city: 5 is not of type "string"',
                keyword="type",
            ),
        ),
        (
            call("sing", "{}"),
            CheckResult(
                fault=AnswerFault.UNKNOWN_TOOL, message="there is no tool 'sing'; call one of: weather, now, odd"
            ),
        ),
        (
            None,
            CheckResult(fault=AnswerFault.UNREADABLE, message="the reply is not from a known API, or is too large"),
        ),
    ],
)
def test_each_fault_of_an_answer_is_reported_with_its_message(answer: Answer | None, result: CheckResult) -> None:
    assert checked(answer) == result
    assert result.failed == (answer is not None)


def test_calls_of_tools_pass_by_their_arguments_and_the_text_beside_them_is_free() -> None:
    assert checked(call("weather", '{"city": "Oslo"}')) is PASSED
    assert checked(call("now", "")) is PASSED
    assert checked((AnswerChoice(text="One moment.", calls=(ToolCall(name="now", arguments=""),)),)) is PASSED


def test_a_schema_that_is_refused_checks_nothing_and_hides_no_fault() -> None:
    refused = checked(text("{}"), {"$ref": "http://example.com/x"})
    assert (refused.fault, refused.passed, refused.failed) == (AnswerFault.SCHEMA_REFUSED, False, False)
    unchecked = checked(call("odd", "{}"))
    assert unchecked.fault is AnswerFault.SCHEMA_REFUSED
    both = ToolCall(name="odd", arguments="{}"), ToolCall(name="sing", arguments="{}")
    assert checked((AnswerChoice(calls=both),)).fault is AnswerFault.UNKNOWN_TOOL
    assert checked((*call("odd", "{}"), *text("no"))).fault is AnswerFault.NOT_JSON


def test_without_tools_or_without_a_schema_only_the_other_is_checked() -> None:
    only_tools = WantedOutput(tools={"now": b""})
    assert structured_output.checked(text("anything"), only_tools, CompiledSchemas()) is PASSED
    only_schema = WantedOutput(schema=b"{}", tools={})
    assert structured_output.checked(call("sing", "{}"), only_schema, CompiledSchemas()) is PASSED


def test_a_message_for_the_model_says_what_is_wrong_and_is_short() -> None:
    result = checked(text('{"name": "' + "a" * 5000 + '"}'), {"properties": {"name": {"type": "integer"}}})
    assert len(result.message) == 240
    assert result.message.endswith("aaa...")
    message = retry_message(checked(text('{"name": "Ann"}')))
    assert message == (
        'Your last answer is not valid: at $: "age" is a required property. '
        "Answer again, in full, and only with what was asked for."
    )


def test_all_choices_of_an_answer_together_take_no_longer_than_one_may() -> None:
    schema = {"items": {"allOf": [{"minimum": n} for n in range(300)]}}
    one = str([1000] * 1500)
    assert checked(text(one), schema) is PASSED
    many = checked(text(*[one] * 16), schema)
    assert (many.passed, many.failed, many.fault) == (False, False, AnswerFault.TOO_COSTLY)

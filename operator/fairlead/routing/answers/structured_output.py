"""Whether an answer is what the request's schemas want: its text, and the arguments of its tool calls."""

from fairlead.routing.answers.answer import Answer, AnswerChoice, ToolCall
from fairlead.routing.answers.check_results import PASSED, AnswerFault, CheckResult, fault
from fairlead.routing.answers.compiled_schemas import CompiledSchemas, StepBudget
from fairlead.routing.answers.wanted_output import WantedOutput


def checked(answer: Answer | None, wanted: WantedOutput, schemas: CompiledSchemas) -> CheckResult:
    """Return the first fault of any choice; unchecked choices show only if none fails."""
    if answer is None:
        return fault(AnswerFault.UNREADABLE, "the reply is not from a known API, or is too large")
    unchecked, budget = PASSED, StepBudget()
    for choice in answer:
        result = _choice(choice, wanted, schemas, budget)
        if result.failed:
            return result
        unchecked = unchecked if result.passed else result
    return unchecked


def _choice(choice: AnswerChoice, wanted: WantedOutput, schemas: CompiledSchemas, budget: StepBudget) -> CheckResult:
    unchecked = PASSED
    for call in choice.calls if wanted.tools else ():
        result = _call(call, wanted, schemas, budget)
        if result.failed:
            return _cut_short(choice, result)
        unchecked = unchecked if result.passed else result
    if choice.calls or wanted.schema is None:
        return unchecked
    return _text(choice, wanted.schema, schemas, budget)


def _text(choice: AnswerChoice, schema: bytes, schemas: CompiledSchemas, budget: StepBudget) -> CheckResult:
    if choice.refusal:
        return fault(AnswerFault.REFUSED, "it is a refusal; answer in the format that the request names")
    if not choice.text.strip():
        return _cut_short(choice, fault(AnswerFault.EMPTY, "it is empty"))
    kept = schemas.get(schema)
    return kept if isinstance(kept, CheckResult) else _cut_short(choice, kept.check(choice.text, budget))


def _call(call: ToolCall, wanted: WantedOutput, schemas: CompiledSchemas, budget: StepBudget) -> CheckResult:
    schema = wanted.tools.get(call.name)
    if schema is None:
        names = ", ".join(list(wanted.tools)[:5])
        return fault(AnswerFault.UNKNOWN_TOOL, f"there is no tool {call.name[:60]!r}; call one of: {names[:120]}")
    if not schema:
        return PASSED
    kept = schemas.get(schema)
    result = kept if isinstance(kept, CheckResult) else kept.check(call.arguments or "{}", budget)
    if not result.failed:
        return result
    message = f"arguments of tool {call.name[:60]}: {result.message}"
    return fault(AnswerFault.TOOL_ARGUMENTS, message, result.keyword)


def _cut_short(choice: AnswerChoice, result: CheckResult) -> CheckResult:
    """Treat a failure after the token limit as cut short: the format is not at fault."""
    if not (choice.cut and result.failed):
        return result
    return fault(AnswerFault.CUT_SHORT, f"it reached its token limit; be shorter, or raise the limit. {result.message}")

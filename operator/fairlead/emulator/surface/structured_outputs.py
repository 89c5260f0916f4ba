"""The structured output that a request demands: JSON, a schema, a choice, a pattern, a grammar, or a tool call.

Reads `response_format` and `structured_outputs`; `tools` reads tools. Generates no replies.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.fields import Json, JsonObject


class OutputForm(StrEnum):
    """The kind of structured output."""

    OBJECT = "json_object"
    SCHEMA = "json"
    CHOICE = "choice"
    PATTERN = "regex"
    GRAMMAR = "grammar"
    CALL = "call"
    """With the schema of a function's parameters, and the function's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredOutput:
    """One structured output."""

    form: OutputForm
    what: Json = None
    """The schema, the choices, the pattern or the grammar."""
    function: str = ""
    forced: bool = True
    """False if the client leaves the choice to the model: a call is then not guaranteed."""


_TYPES: Final = ("null", "boolean", "object", "array", "number", "string", "integer")
_KINDS: Final = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")
_FORMATS: Final = ("text", "json_object", "json_schema")
_CHECKED: Final = 4000
"""Characters of a pattern that is compiled to check it; a set of all characters takes a millisecond."""


def check(body: Json) -> None:
    """Check what vLLM checks in the raw body."""
    wanted = body.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema" and wanted.get("json_schema") is None:
        why = "When response_format type is 'json_schema', the 'json_schema' field must be provided."
        raise errors.bad_request(why, "response_format")
    structured = body.get("structured_outputs")
    if not isinstance(structured, dict):
        return
    if sum(structured.get(kind) is not None for kind in ("json", "regex", "choice")) > 1:
        why = "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice')."
        raise errors.bad_request(why, None if "messages" in body else "structured_outputs")
    if sum(structured.get(kind) is not None for kind in _KINDS) < 1:
        why = f"You must use one kind of structured outputs constraint but none are specified: {structured}"
        raise errors.bad_request(why)


def of(found: JsonObject) -> StructuredOutput | None:
    """Return the request's structured output; `response_format` takes precedence over `structured_outputs`."""
    wanted = found.get("response_format")
    if wanted is not None and wanted.get("type") != "text":
        return formatted(wanted, "body.response_format")
    structured = found.get("structured_outputs")
    if structured is None:
        return None
    form = next(
        (OutputForm(kind) for kind in _KINDS if structured.get(kind) is not None and kind != "structural_tag"), None
    )
    if form is None:
        return None
    what = structured[form]
    if form is OutputForm.CHOICE and not what:
        raise errors.bad_request(f"Choice '{what}' cannot be an empty list")
    return _checked(StructuredOutput(form=form, what=what))


def formatted(wanted: JsonObject, where: str) -> StructuredOutput | None:
    """Read OpenAI's `response_format`: any JSON object, or JSON by a schema."""
    kind = wanted.get("type")
    if kind == "structural_tag":
        return None
    if kind not in _FORMATS:
        expected = "'text', 'json_object' or 'json_schema'"
        problem = errors.detail("literal_error", f"{where}.type", f"Input should be {expected}", kind)
        raise errors.invalid_body(problem | {"ctx": {"expected": expected}})
    if kind == "json_object":
        return StructuredOutput(form=OutputForm.OBJECT)
    holder = wanted.get("json_schema") or wanted
    if not isinstance(holder, dict):
        why = "Input should be a valid dictionary or object to extract fields from"
        raise errors.invalid_body(errors.detail("model_attributes_type", f"{where}.json_schema", why, holder))
    return _checked(StructuredOutput(form=OutputForm.SCHEMA, what=holder.get("schema")))


def _checked(structured: StructuredOutput) -> StructuredOutput:
    """Refuse gross mistakes, which vLLM's grammar compilers refuse before anything runs."""
    kind = (
        structured.what.get("type")
        if structured.form is OutputForm.SCHEMA and isinstance(structured.what, dict)
        else None
    )
    if isinstance(kind, str) and kind not in _TYPES:
        raise errors.bad_request(f"Grammar error: Invalid type: {kind}")
    if structured.form is OutputForm.PATTERN and len(str(structured.what)) <= _CHECKED:
        _check_pattern(str(structured.what))
    return structured


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as problem:
        raise errors.bad_request(f'Grammar error: invalid regex "{pattern}" (in regex): {problem}') from None

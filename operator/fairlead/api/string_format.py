"""One format of strings: its pattern, and the message for a string, or a bare number, that does not match it.

The CRD has the same message, so the API server says what `fairlead validate` says; with a bare `pattern` it would print
the expression instead.
"""

import re
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class StringFormat:
    """The required format of a string."""

    pattern: str
    """Must work in both Python's `re` and RE2; it matches the whole string."""
    longest: int
    because: str
    remedy: str
    or_integer: bool = False
    """Whether a bare integer means the same, as in quantities."""
    somewhere: str = ""
    """A second pattern that must occur somewhere in the string: RE2 has no look-ahead to combine both."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(max_length=self.longest)
        checked = core_schema.no_info_after_validator_function(self._checked, text)
        before = _as_text if self.or_integer else self._worth_quoting
        return core_schema.no_info_before_validator_function(before, checked)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        cel = f"self.matches({_quoted(f'^({self.pattern})$')})"
        if self.somewhere:
            cel = f"{cel} && self.matches({_quoted(self.somewhere)})"
        if self.or_integer:
            cel = f"type(self) == int ? self >= 0 : {cel.replace('self.', 'string(self).')}"
            typed: JsonSchemaValue = {
                "anyOf": [{"type": "integer"}, {"type": "string"}],
                "x-kubernetes-int-or-string": True,
            }
        else:
            typed = {"type": "string"}
        message = f"{self.because}; {self.remedy}"
        return typed | {"maxLength": self.longest, "x-kubernetes-validations": [{"rule": cel, "message": message}]}

    def _worth_quoting(self, given: object) -> object:
        """A bare number that quotes would not help, as 30 for a duration, is refused here with what is missing."""
        bare = isinstance(given, int | float) and not isinstance(given, bool)
        if bare and not self._matches(str(given)):
            raise PydanticCustomError("bare_number", "{because}", {"because": self.because, "remedy": self.remedy})
        return given

    def _checked(self, text: str) -> str:
        if not self._matches(text):
            raise PydanticCustomError("spelling", "{because}", {"because": self.because, "remedy": self.remedy})
        return text

    def _matches(self, text: str) -> bool:
        return bool(re.fullmatch(self.pattern, text) and re.search(self.somewhere, text))


def _as_text(given: object) -> object:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("\\", "\\\\").replace("'", "\\'") + "'"

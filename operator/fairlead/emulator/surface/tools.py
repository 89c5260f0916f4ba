"""Tools in a chat: which one is called, and the call as the model writes it (`hermes` format) and as clients see it.

Errors have vLLM's messages. `replies` generates the arguments.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.fields import Json, JsonObject
from fairlead.emulator.surface.structured_outputs import OutputForm, StructuredOutput

_USAGE: Final = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`'
_CLOSING: Final = "}\n</tool_call>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool call in a reply's text."""

    name: str
    arguments: str
    opening: str
    """The text before the arguments."""
    call_id: str

    @property
    def text(self) -> str:
        """The whole text that the model writes."""
        return self.opening + self.arguments + _CLOSING

    @property
    def json_object(self) -> JsonObject:
        """The call as a JSON object for a whole response."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.call_id, "type": "function", "function": function}


def call(name: str, arguments: str) -> ToolCall:
    """Return a call with a new id, as in vLLM."""
    opening = f'<tool_call>\n{{"name": {json.dumps(name)}, "arguments": '
    return ToolCall(name=name, arguments=arguments, opening=opening, call_id=f"chatcmpl-tool-{token_hex(8)}")


def check(body: Json) -> None:
    """Check what vLLM checks in the raw body."""
    tools = body.get("tools")
    if tools == []:
        why = "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely."
        raise errors.bad_request(why, "tools")
    _check_names(tools)
    choice = body.get("tool_choice")
    if choice is None or choice == "none":
        return
    if tools is None:
        raise errors.bad_request("When using `tool_choice`, `tools` must be set.", "tool_choice")
    if isinstance(choice, dict):
        _check_named(choice, tools)
    elif choice not in ("auto", "required"):
        why = (
            f'Invalid value for `tool_choice`: {choice}! Only named tools, "none", "auto" or "required" are supported.'
        )
        raise errors.bad_request(why, "tool_choice")


def _check_names(tools: Json) -> None:
    """Refuse a tool that is not a function with a name."""
    for place, tool in enumerate(tools if isinstance(tools, list) else ()):
        inner = tool.get("function") if isinstance(tool, dict) else None
        where = f"body.tools.{place}.function"
        if not isinstance(inner, dict):
            raise errors.invalid_body(errors.detail("missing", where, "Field required", tool))
        if "name" not in inner:
            raise errors.invalid_body(errors.detail("missing", f"{where}.name", "Field required", inner))


def _check_named(choice: JsonObject, tools: Sequence[Json]) -> None:
    function = choice.get("function")
    where = "tool_choice.function"
    if not isinstance(function, dict):
        raise errors.bad_request(f"Invalid value for `function`: `{function}` in `tool_choice`! {_USAGE}", where)
    if "name" not in function:
        why = f"Expected field `name` in `function` in `tool_choice`! {_USAGE}"
        raise errors.bad_request(why, f"{where}.name")
    name = function["name"]
    if not isinstance(name, str) or not name:
        raise errors.bad_request(f"Invalid `name` in `function`: `{name}` in `tool_choice`! {_USAGE}", f"{where}.name")
    if all(_function(tool).get("name") != name for tool in tools):
        why = "The tool specified in `tool_choice` does not match any of the specified `tools`"
        raise errors.bad_request(why, "tool_choice")


def required_call(found: JsonObject, *, auto: bool, parser: bool) -> StructuredOutput | None:
    """Return the call that the reply must be, if any; raise an error if the server lacks the flag for it.

    With `auto` the model calls a tool unless the conversation ends with a tool's result, so that agents' loops end.
    """
    tools = found.get("tools")
    choice = found.get("tool_choice") or "auto"
    if not tools or choice == "none":
        return None
    if choice == "auto" and not auto:
        raise errors.bad_request(
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
        )
    if choice != "auto" and not parser:
        shown = f'"{choice}"' if isinstance(choice, str) else f'function "{choice["function"]["name"]}"'
        raise errors.bad_request(f"tool_choice={shown} requires --tool-call-parser to be set")
    if choice == "auto" and found["messages"] and found["messages"][-1].get("role") == "tool":
        return None
    wanted = choice["function"]["name"] if isinstance(choice, dict) else _function(tools[0]).get("name", "")
    schema = next((_function(tool).get("parameters") for tool in tools if _function(tool).get("name") == wanted), None)
    return StructuredOutput(
        form=OutputForm.CALL, what=schema or {"type": "object"}, function=str(wanted), forced=choice != "auto"
    )


def client_named_tool(found: JsonObject) -> bool:
    """Return whether the client named the tool: the finish reason is then `stop`, not `tool_calls`."""
    return isinstance(found.get("tool_choice"), dict)


def _function(tool: Json) -> JsonObject:
    """Read a tool's function; `/v1/responses` writes it flat."""
    if not isinstance(tool, dict):
        return {}
    inner = tool.get("function", tool)
    return inner if isinstance(inner, dict) else {}

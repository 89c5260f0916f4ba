"""What a request says its answer must look like: a schema, any JSON, tools with their arguments' schemas."""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.fleet.light_dataclass import light

ANY_OBJECT: Final = b'{"type":"object"}'
"""The schema of `json_object`."""
JSON_OBJECT: Final = "json_object"
JSON_SCHEMA: Final = "json_schema"
TOOLS: Final = "tools"


@light
class WantedOutput:
    """Schemas by their bytes, as the client wrote them."""

    schema: bytes | None = None
    tools: dict[str, bytes]
    """By name; empty bytes if a tool declares no parameters."""
    name: str = ""
    """The client's name for its schema; the kind of format if it has none."""


class _Schema(Struct):
    schema: Raw = Raw()
    name: str = ""


class _Format(Struct):
    type: str = ""
    json_schema: _Schema | None = None
    schema: Raw = Raw()
    name: str = ""
    """Used by the responses API, like `schema`."""


class _Text(Struct):
    format: _Format | None = None


class _Function(Struct):
    name: str = ""
    parameters: Raw = Raw()


class _Tool(Struct):
    function: _Function | None = None
    name: str = ""
    """Used by the responses and messages APIs."""
    parameters: Raw = Raw()
    input_schema: Raw = Raw()
    type: str = ""


class _Structured(Struct):
    json: Raw = Raw()
    """vLLM's own: a schema, or a text that holds one."""


class _Body(Struct):
    response_format: _Format | None = None
    text: _Text | None = None
    tools: list[_Tool] | None = None
    structured_outputs: _Structured | None = None


_BODY: Final = msgspec.json.Decoder(_Body)
NULL: Final = b"null"


def wanted_in(body: bytes) -> WantedOutput | None:
    """Return what this request wants; None if nothing can be checked, or the request cannot be read."""
    try:
        parsed = _BODY.decode(body)
    except (ValueError, RecursionError):
        return None
    tools = {name: schema for name, schema in map(_tool, parsed.tools or ()) if name}
    schema = _schema(parsed)
    return WantedOutput(schema=schema, tools=tools, name=_name(parsed, schema)) if schema or tools else None


def _format(body: _Body) -> _Format | None:
    return body.response_format or (body.text.format if body.text is not None else None)


def _name(body: _Body, schema: bytes | None) -> str:
    """Return a name: the schema's, even if tools are checked too."""
    wanted = _format(body)
    if schema is None:
        return TOOLS
    if wanted is None or wanted.type != JSON_SCHEMA:
        return JSON_OBJECT if schema is ANY_OBJECT else JSON_SCHEMA
    return (wanted.json_schema.name if wanted.json_schema is not None else wanted.name) or JSON_SCHEMA


def _schema(body: _Body) -> bytes | None:
    wanted = _format(body)
    if wanted is not None and wanted.type == JSON_OBJECT:
        return ANY_OBJECT
    if wanted is not None and wanted.type == JSON_SCHEMA:
        return _present(wanted.json_schema.schema if wanted.json_schema is not None else wanted.schema)
    return _unwrapped(body.structured_outputs.json) if body.structured_outputs is not None else None


def _tool(tool: _Tool) -> tuple[str, bytes]:
    """Read a tool. One that is no function (a provider's own search) has no name, and is not checked."""
    if tool.function is not None:
        return tool.function.name, _present(tool.function.parameters) or b""
    return tool.name, _present(tool.parameters) or _present(tool.input_schema) or b""


def _present(raw: Raw) -> bytes | None:
    value = bytes(raw)
    return None if value in (b"", NULL) else value


def _unwrapped(raw: Raw) -> bytes | None:
    value = _present(raw)
    if value is None or not value.startswith(b'"'):
        return value
    return msgspec.json.decode(value, type=str).encode()

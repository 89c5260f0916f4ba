"""Tool calls, reasoning and the chat template: the flags of their fields, and what vLLM 0.32 would refuse."""

import difflib
from collections.abc import Sequence
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import parsers, release
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.engine_launch import ConfigMapFile
from fairlead.fleet.findings import SpecRefusal, SpecWarning

TOOLS: Final = "spec.engine.tools.parser"
REASONING: Final = "spec.engine.reasoning.parser"
FOLDER: Final = "/etc/fairlead/chat-template"
FILE: Final = "template.jinja"


def tools(asked: EngineSetup) -> tuple[str, ...]:
    """`--enable-auto-tool-choice` lets the model choose; a call that the client requires needs the parser alone."""
    written, parser = asked.engine.tools, tool_parser(asked)
    if written is None or parser is None:
        return ()
    return (*(("--enable-auto-tool-choice",) if written.auto else ()), "--tool-call-parser", parser)


def reasoning(asked: EngineSetup) -> tuple[str, ...]:
    """The parser that separates the reasoning from the text of the reply."""
    parser = reasoning_parser(asked)
    return () if parser is None else ("--reasoning-parser", parser)


def template(asked: EngineSetup) -> tuple[str, ...]:
    """A path or the text itself; vLLM opens what it can open and takes anything else for the text."""
    found = asked.engine.chat_template
    if found is None:
        return ()
    return ("--chat-template", f"{FOLDER}/{FILE}" if isinstance(found, ConfigMapKey) else found)


def files(asked: EngineSetup) -> tuple[ConfigMapFile, ...]:
    """The template as a file, if a ConfigMap holds it."""
    found = asked.engine.chat_template
    return (ConfigMapFile(source=found, folder=FOLDER, name=FILE),) if isinstance(found, ConfigMapKey) else ()


def tool_parser(asked: EngineSetup) -> str | None:
    """The one in the spec, else the family's; None if the spec has no `tools`."""
    written = asked.engine.tools
    return None if written is None else written.parser or parsers.of(asked.shape, parsers.OF_TOOLS)


def reasoning_parser(asked: EngineSetup) -> str | None:
    """The one in the spec, else the family's; None if the spec has no `reasoning`."""
    written = asked.engine.reasoning
    return None if written is None else written.parser or parsers.of(asked.shape, parsers.OF_REASONING)


def tool_parser_unknown(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "invalid tool call parser: X (chose from { ... })", a KeyError at the start."""
    return _unknown(asked, TOOLS) if release.is_whole(asked.engine) else None


def reasoning_parser_unknown(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "invalid reasoning parser: X (chose from { ... })", a KeyError at the start."""
    return _unknown(asked, REASONING) if release.is_whole(asked.engine) else None


def tool_parser_doubtful(asked: EngineSetup) -> SpecWarning | None:
    """The registry of another release, or of an image of one's own, may have more parsers."""
    return _doubtful(asked, TOOLS)


def reasoning_parser_doubtful(asked: EngineSetup) -> SpecWarning | None:
    """The same of reasoning."""
    return _doubtful(asked, REASONING)


def tool_parser_missing(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "--enable-auto-tool-choice requires --tool-call-parser"; without either the field would say nothing."""
    if asked.engine.tools is None or tool_parser(asked) is not None:
        return None
    return _missing(asked, TOOLS, "hermes")


def reasoning_parser_missing(asked: EngineSetup) -> SpecRefusal | None:
    """A field that would say nothing to the engine."""
    if asked.engine.reasoning is None or reasoning_parser(asked) is not None:
        return None
    return _missing(asked, REASONING, "deepseek_r1")


def _unknown(asked: EngineSetup, field: str) -> SpecRefusal | None:
    name = _stranger(asked, field)
    if name is None:
        return None
    near = _nearest(name, field)
    return SpecRefusal(
        field=field,
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because="vLLM 0.32 has no parser of this name and would end its start",
        remedy=f"did you mean {near}?" if near else f"write one of {', '.join(_registry(field))}",
    )


def _doubtful(asked: EngineSetup, field: str) -> SpecWarning | None:
    name = _stranger(asked, field)
    if name is None or release.is_whole(asked.engine):
        return None
    near = _nearest(name, field)
    return SpecWarning(
        field=field,
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because="vLLM 0.32 has no parser of this name; another release or an image of your own may have one",
        remedy=f"did you mean {near}?" if near else "watch the first start: an unknown parser ends it",
    )


def _stranger(asked: EngineSetup, field: str) -> str | None:
    """A name in the spec that the registry lacks; with a plugin any name may be valid."""
    written: Tools | Reasoning | None = asked.engine.tools if field == TOOLS else asked.engine.reasoning
    plugin = "--tool-parser-plugin" if field == TOOLS else "--reasoning-parser-plugin"
    name = written.parser if written else None
    return None if name is None or name in _registry(field) or asked.gives(plugin) else name


def _missing(asked: EngineSetup, field: str, example: str) -> SpecRefusal:
    whole = field.removesuffix(".parser")
    known = f"models of family {asked.shape.family}" if asked.shape else "this model, which the catalogue does not know"
    return SpecRefusal(
        field=field,
        value="(not written)",
        reason=EngineReason.PARSER_MISSING,
        because=f"there is no default for {known}",
        remedy=f"write the parser that the model's card names, for instance {example}, or remove {whole}",
    )


def _registry(field: str) -> Sequence[str]:
    return parsers.TOOLS if field == TOOLS else parsers.REASONING


def _nearest(name: str, field: str) -> str | None:
    return next(iter(difflib.get_close_matches(name, _registry(field), n=1)), None)

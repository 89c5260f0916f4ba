"""Tool calls, reasoning and the chat template: the flags of their fields, and what vLLM 0.32 would refuse."""

import difflib
from collections.abc import Sequence
from typing import Final

from fairlead.engines import family_parsers
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


def tools(setup: EngineSetup) -> tuple[str, ...]:
    """`--enable-auto-tool-choice` lets the model choose; a call that the client requires needs the parser alone."""
    written, parser = setup.engine.tools, tool_parser(setup)
    if written is None or parser is None:
        return ()
    return (*(("--enable-auto-tool-choice",) if written.auto else ()), "--tool-call-parser", parser)


def reasoning(setup: EngineSetup) -> tuple[str, ...]:
    """The parser that separates the reasoning from the text of the reply."""
    parser = reasoning_parser(setup)
    return () if parser is None else ("--reasoning-parser", parser)


def template(setup: EngineSetup) -> tuple[str, ...]:
    """A path or the text itself; vLLM opens what it can open and takes anything else for the text."""
    found = setup.engine.chat_template
    if found is None:
        return ()
    return ("--chat-template", f"{FOLDER}/{FILE}" if isinstance(found, ConfigMapKey) else found)


def files(setup: EngineSetup) -> tuple[ConfigMapFile, ...]:
    """The template as a file, if a ConfigMap holds it."""
    found = setup.engine.chat_template
    return (ConfigMapFile(source=found, folder=FOLDER, name=FILE),) if isinstance(found, ConfigMapKey) else ()


def tool_parser(setup: EngineSetup) -> str | None:
    """The one in the spec, else the family's; None if the spec has no `tools`."""
    written = setup.engine.tools
    return None if written is None else written.parser or family_parsers.of(setup.shape, parsers.OF_TOOLS)


def reasoning_parser(setup: EngineSetup) -> str | None:
    """The one in the spec, else the family's; None if the spec has no `reasoning`."""
    written = setup.engine.reasoning
    return None if written is None else written.parser or family_parsers.of(setup.shape, parsers.OF_REASONING)


def tool_parser_unknown(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "invalid tool call parser: X (chose from { ... })", a KeyError at the start."""
    return _unknown(setup, TOOLS) if release.is_whole(setup.engine) else None


def reasoning_parser_unknown(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "invalid reasoning parser: X (chose from { ... })", a KeyError at the start."""
    return _unknown(setup, REASONING) if release.is_whole(setup.engine) else None


def tool_parser_doubtful(setup: EngineSetup) -> SpecWarning | None:
    """The registry of another release, or of an image of one's own, may have more parsers."""
    return _doubtful(setup, TOOLS)


def reasoning_parser_doubtful(setup: EngineSetup) -> SpecWarning | None:
    """The same of reasoning."""
    return _doubtful(setup, REASONING)


def tool_parser_missing(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "--enable-auto-tool-choice requires --tool-call-parser"; without either the field would say nothing."""
    if setup.engine.tools is None or tool_parser(setup) is not None:
        return None
    return _missing(setup, TOOLS, "hermes")


def reasoning_parser_missing(setup: EngineSetup) -> SpecRefusal | None:
    """A field that would say nothing to the engine."""
    if setup.engine.reasoning is None or reasoning_parser(setup) is not None:
        return None
    return _missing(setup, REASONING, "deepseek_r1")


def _unknown(setup: EngineSetup, field: str) -> SpecRefusal | None:
    name = _stranger(setup, field)
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


def _doubtful(setup: EngineSetup, field: str) -> SpecWarning | None:
    name = _stranger(setup, field)
    if name is None or release.is_whole(setup.engine):
        return None
    near = _nearest(name, field)
    return SpecWarning(
        field=field,
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because="vLLM 0.32 has no parser of this name; another release or an image of your own may have one",
        remedy=f"did you mean {near}?" if near else "watch the first start: an unknown parser ends it",
    )


def _stranger(setup: EngineSetup, field: str) -> str | None:
    """A name in the spec that the registry lacks; with a plugin any name may be valid."""
    written: Tools | Reasoning | None = setup.engine.tools if field == TOOLS else setup.engine.reasoning
    plugin = "--tool-parser-plugin" if field == TOOLS else "--reasoning-parser-plugin"
    name = written.parser if written else None
    return None if name is None or name in _registry(field) or setup.gives(plugin) else name


def _missing(setup: EngineSetup, field: str, example: str) -> SpecRefusal:
    whole = field.removesuffix(".parser")
    described = (
        f"models of family {setup.shape.family}" if setup.shape else "this model, which the catalogue does not know"
    )
    return SpecRefusal(
        field=field,
        value="(not written)",
        reason=EngineReason.PARSER_MISSING,
        because=f"there is no default for {described}",
        remedy=f"write the parser that the model's card names, for instance {example}, or remove {whole}",
    )


def _registry(field: str) -> Sequence[str]:
    return parsers.TOOLS if field == TOOLS else parsers.REASONING


def _nearest(name: str, field: str) -> str | None:
    return next(iter(difflib.get_close_matches(name, _registry(field), n=1)), None)

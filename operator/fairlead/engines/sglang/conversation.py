"""Tool calls, reasoning and the chat template: the flags of their fields, and what SGLang 0.5.23 would refuse."""

import difflib
from collections.abc import Sequence
from typing import Final

from fairlead.engines import family_parsers
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import parsers, release
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.engine_launch import ConfigMapFile
from fairlead.fleet.findings import SpecRefusal, SpecWarning

TOOLS: Final = "spec.engine.tools.parser"
REASONING: Final = "spec.engine.reasoning.parser"
FOLDER: Final = "/etc/fairlead/chat-template"
FILE: Final = "template.jinja"
"""By its ending SGLang tells a Jinja template from its own JSON form."""


def tools(setup: EngineSetup) -> tuple[str, ...]:
    """With a parser the model may call tools; there is no switch beside it."""
    parser = tool_parser(setup)
    return () if parser is None else ("--tool-call-parser", parser)


def reasoning(setup: EngineSetup) -> tuple[str, ...]:
    """The parser that separates the reasoning from the text of the reply."""
    parser = reasoning_parser(setup)
    return () if parser is None else ("--reasoning-parser", parser)


def template(setup: EngineSetup) -> tuple[str, ...]:
    """A path, or the name of one of its own templates."""
    found = setup.engine.chat_template
    if found is None:
        return ()
    return ("--chat-template", f"{FOLDER}/{FILE}" if isinstance(found, ConfigMapKey) else found)


def files(setup: EngineSetup) -> tuple[ConfigMapFile, ...]:
    """The template as a file, if a ConfigMap holds it."""
    found = setup.engine.chat_template
    return (ConfigMapFile(source=found, folder=FOLDER, name=FILE),) if isinstance(found, ConfigMapKey) else ()


def inline_template(setup: EngineSetup) -> str | None:
    """The beginning of a template that stands in the spec; a brace tells it from a path, as conversion does."""
    found = setup.engine.chat_template
    return found.strip()[:40] if isinstance(found, str) and "{" in found else None


def tool_parser(setup: EngineSetup) -> str | None:
    """The one in the spec, else the family's; None if the spec has no `tools`."""
    written = setup.engine.tools
    return None if written is None else written.parser or family_parsers.of(setup.shape, parsers.OF_TOOLS)


def reasoning_parser(setup: EngineSetup) -> str | None:
    """The one in the spec, else the family's; None if the spec has no `reasoning`."""
    written = setup.engine.reasoning
    return None if written is None else written.parser or family_parsers.of(setup.shape, parsers.OF_REASONING)


def tool_parser_unknown(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/server_args.py: _tool_call_parser_choices`; argparse ends the start with "invalid choice"."""
    return _unknown(setup, TOOLS)


def reasoning_parser_unknown(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/server_args.py: _reasoning_parser_choices`; argparse ends the start with "invalid choice"."""
    return _unknown(setup, REASONING)


def tool_parser_missing(setup: EngineSetup) -> SpecRefusal | None:
    """A field that would say nothing to the engine."""
    if setup.engine.tools is None or tool_parser(setup) is not None:
        return None
    return _missing(setup, TOOLS)


def reasoning_parser_missing(setup: EngineSetup) -> SpecRefusal | None:
    """A field that would say nothing to the engine."""
    if setup.engine.reasoning is None or reasoning_parser(setup) is not None:
        return None
    return _missing(setup, REASONING)


def tool_parser_doubtful(setup: EngineSetup) -> SpecWarning | None:
    """The registry of another release, or of an image of one's own, may have more parsers."""
    return _doubtful(setup, TOOLS)


def reasoning_parser_doubtful(setup: EngineSetup) -> SpecWarning | None:
    """The same of reasoning."""
    return _doubtful(setup, REASONING)


def _unknown(setup: EngineSetup, field: str) -> SpecRefusal | None:
    name = _stranger(setup, field)
    if name is None or not release.is_whole(setup.engine):
        return None
    return SpecRefusal(
        field=field,
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because=f"SGLang {release.RELEASE} has no parser of this name and would end; its names are not vLLM's",
        remedy=_nearest(name, field) or f"write one of {', '.join(_registry(field))}",
    )


def _doubtful(setup: EngineSetup, field: str) -> SpecWarning | None:
    name = _stranger(setup, field)
    if name is None or release.is_whole(setup.engine):
        return None
    return SpecWarning(
        field=field,
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because=f"SGLang {release.RELEASE} has no parser of this name; another release or an image of your own may",
        remedy=_nearest(name, field) or "watch the first start: an unknown parser ends it",
    )


def _stranger(setup: EngineSetup, field: str) -> str | None:
    """A name in the spec that the registry lacks."""
    written: Tools | Reasoning | None = setup.engine.tools if field == TOOLS else setup.engine.reasoning
    name = written.parser if written else None
    return None if name is None or name in _registry(field) else name


def _missing(setup: EngineSetup, field: str) -> SpecRefusal:
    whole = field.removesuffix(".parser")
    shape = setup.shape
    described = f"models of family {shape.family}" if shape else "this model, which the catalogue does not know"
    return SpecRefusal(
        field=field,
        value="(not written)",
        reason=EngineReason.PARSER_MISSING,
        because=f"there is no default for {described}",
        remedy=f"write SGLang's parser for this model, or {parsers.AUTO}, by which it guesses from the chat template; "
        f"or remove {whole}",
    )


def _registry(field: str) -> Sequence[str]:
    return parsers.TOOLS if field == TOOLS else parsers.REASONING


def _nearest(name: str, field: str) -> str | None:
    near = difflib.get_close_matches(name, _registry(field), n=1)
    return f"did you mean {near[0]}?" if near else None

"""Tool calls, reasoning and the chat template in vLLM 0.32: its parsers, and the flags of these fields."""

from typing import Final

from fairlead.engines import extra_args, spec_conversation
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_conversation import ParserTable
from fairlead.engines.vllm import parsers, release
from fairlead.fleet.findings import SpecRefusal

_CARD: Final = "write the parser that the model's card names, for instance"
TOOLS: Final = ParserTable(
    field=spec_conversation.TOOLS,
    engine=f"vLLM {release.RELEASE}",
    names=parsers.TOOLS,
    families=parsers.OF_TOOLS,
    is_whole=release.is_whole,
    advice=f"{_CARD} hermes",
    plugin="--tool-parser-plugin",
)
REASONING: Final = ParserTable(
    field=spec_conversation.REASONING,
    engine=f"vLLM {release.RELEASE}",
    names=parsers.REASONING,
    families=parsers.OF_REASONING,
    is_whole=release.is_whole,
    advice=f"{_CARD} deepseek_r1",
    plugin="--reasoning-parser-plugin",
)


def unknown_tool_parser(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "invalid tool call parser: X (chose from { ... })" without spec.engine.tools; without
    `--enable-auto-tool-choice` vLLM ignores the name."""
    return _unknown(setup, TOOLS, "--tool-call-parser") if setup.gives("--enable-auto-tool-choice") else None


def unknown_reasoning_parser(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Reasoning parser 'X' not found" without spec.engine.reasoning."""
    return _unknown(setup, REASONING, "--reasoning-parser")


def _unknown(setup: EngineSetup, table: ParserTable, flag: str) -> SpecRefusal | None:
    name = setup.value(flag)
    if table.written(setup) is not None or name is None or name in ("", "None", *table.names):
        return None
    if table.plugin is not None and setup.gives(table.plugin):
        return None
    return SpecRefusal(
        field=extra_args.FIELD,
        value=f"{flag} {name}",
        reason=EngineReason.PARSER_UNKNOWN,
        because=f"{table.engine} has no parser of this name and would fail to start",
        remedy=table.guess(name) or table.advice,
    )


def tools(setup: EngineSetup) -> tuple[str, ...]:
    """`--enable-auto-tool-choice` lets the model choose; a call that the client requires needs only the parser."""
    written, parser = setup.engine.tools, TOOLS.chosen(setup)
    if written is None or parser is None:
        return ()
    return (*(("--enable-auto-tool-choice",) if written.auto else ()), "--tool-call-parser", parser)


def reasoning(setup: EngineSetup) -> tuple[str, ...]:
    """Name the parser that separates reasoning from the reply's text."""
    parser = REASONING.chosen(setup)
    return () if parser is None else ("--reasoning-parser", parser)


def template(setup: EngineSetup) -> tuple[str, ...]:
    """A path or the text itself; vLLM opens what it can, and takes anything else for the text."""
    found = spec_conversation.template(setup)
    return () if found is None else ("--chat-template", found)

"""Tool calls, reasoning and the chat template in SGLang 0.5.23: its parsers, and the flags of these fields."""

from typing import Final

from fairlead.engines import spec_conversation
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang import parsers, release
from fairlead.engines.spec_conversation import ParserTable

_GUESSED: Final = f"write SGLang's parser for this model, or {parsers.AUTO}, by which it guesses from the chat template"
TOOLS: Final = ParserTable(
    field=spec_conversation.TOOLS,
    engine=f"SGLang {release.RELEASE}",
    names=parsers.TOOLS,
    families=parsers.OF_TOOLS,
    is_whole=release.is_whole,
    advice=_GUESSED,
)
REASONING: Final = ParserTable(
    field=spec_conversation.REASONING,
    engine=f"SGLang {release.RELEASE}",
    names=parsers.REASONING,
    families=parsers.OF_REASONING,
    is_whole=release.is_whole,
    advice=_GUESSED,
)


def tools(setup: EngineSetup) -> tuple[str, ...]:
    """With a parser the model may call tools; there is no separate switch."""
    parser = TOOLS.chosen(setup)
    return () if parser is None else ("--tool-call-parser", parser)


def reasoning(setup: EngineSetup) -> tuple[str, ...]:
    """Name the parser that separates reasoning from the reply's text."""
    parser = REASONING.chosen(setup)
    return () if parser is None else ("--reasoning-parser", parser)


def template(setup: EngineSetup) -> tuple[str, ...]:
    """A path, or the name of one of SGLang's own templates."""
    found = spec_conversation.template(setup)
    return () if found is None else ("--chat-template", found)

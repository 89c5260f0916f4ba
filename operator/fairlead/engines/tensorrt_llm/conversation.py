"""Tool calls, reasoning and the chat template in TensorRT-LLM: its parsers, and the options of these fields."""

from typing import Final

from fairlead.engines import spec_conversation
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.spec_conversation import ParserTable
from fairlead.engines.tensorrt_llm import parsers, release

_GUESSED: Final = (
    f"write TensorRT-LLM's parser for this model, or {parsers.AUTO}, by which it ends its start if it has none for it"
)
TOOLS: Final = ParserTable(
    field=spec_conversation.TOOLS,
    engine=f"TensorRT-LLM {release.RELEASE}",
    names=parsers.TOOLS,
    families=parsers.OF_TOOLS,
    is_whole=release.is_whole,
    advice=_GUESSED,
)
REASONING: Final = ParserTable(
    field=spec_conversation.REASONING,
    engine=f"TensorRT-LLM {release.RELEASE}",
    names=parsers.REASONING,
    families=parsers.OF_REASONING,
    is_whole=release.is_whole,
    advice=_GUESSED,
)


def tools(setup: EngineSetup) -> tuple[str, ...]:
    """With a parser the model may call tools; there is no separate switch, and no key in the file."""
    parser = TOOLS.chosen(setup)
    return () if parser is None else ("--tool_parser", parser)


def template(setup: EngineSetup) -> tuple[str, ...]:
    """A path; text would be subject to the parser's escapes, which was not tried."""
    found = spec_conversation.template(setup)
    return () if found is None else ("--chat_template", found)

"""Tool calls, reasoning and the chat template as every engine has them: parsers by name, and a template as a file.

Each engine brings two tables of parsers; everything else is shared.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.engines import family_parsers
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.family_parsers import FamilyParser
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import DesiredEngine
from fairlead.fleet.engine_launch import ConfigMapFile
from fairlead.fleet.findings import SpecRefusal, SpecWarning

TOOLS: Final = "spec.engine.tools"
REASONING: Final = "spec.engine.reasoning"
FOLDER: Final = "/etc/fairlead/chat-template"
FILE: Final = "template.jinja"
"""Some engines tell a Jinja template from other forms by this extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserTable:
    """One of an engine's two lists of parsers: for tool calls or for reasoning."""

    field: str
    """`TOOLS` or `REASONING`."""
    engine: str
    """The engine and its release, as users know them."""
    names: Sequence[str]
    families: Sequence[FamilyParser]
    is_whole: Callable[[DesiredEngine], bool]
    """Whether the engine's image holds nothing but this release, and so no other parsers."""
    advice: str
    """What to do where there is no default."""
    plugin: str | None = None
    """The flag that loads custom parsers."""

    def chosen(self, setup: EngineSetup) -> str | None:
        """The spec's parser, else the family's; None if the spec lacks the field."""
        written = self.written(setup)
        return None if written is None else written.parser or family_parsers.of(setup.shape, self.families)

    def written(self, setup: EngineSetup) -> Tools | Reasoning | None:
        """Return the field of the spec."""
        return setup.engine.tools if self.field == TOOLS else setup.engine.reasoning

    def stranger(self, setup: EngineSetup) -> str | None:
        """Return a name in the spec that the list lacks; with a plugin any name may be valid."""
        written = self.written(setup)
        name = written.parser if written else None
        if self.plugin is not None and setup.gives(self.plugin):
            return None
        return None if name in self.names else name

    def guess(self, name: str) -> str | None:
        """Return a question that suggests the closest name."""
        near = difflib.get_close_matches(name, self.names, n=1)
        return f"did you mean {near[0]}?" if near else None


def template(setup: EngineSetup) -> str | None:
    """Return the path in the pod of a template from a ConfigMap, else what the spec says: a path, or the text."""
    found = setup.engine.chat_template
    return f"{FOLDER}/{FILE}" if isinstance(found, ConfigMapKey) else found


def files(setup: EngineSetup) -> tuple[ConfigMapFile, ...]:
    """Mount the template, if a ConfigMap holds it."""
    found = setup.engine.chat_template
    return (ConfigMapFile(source=found, folder=FOLDER, name=FILE),) if isinstance(found, ConfigMapKey) else ()


def parser_unknown(setup: EngineSetup, table: ParserTable) -> SpecRefusal | None:
    """Refuse a name with which the engine would not start."""
    name = table.stranger(setup)
    if name is None or not table.is_whole(setup.engine):
        return None
    return SpecRefusal(
        field=f"{table.field}.parser",
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because=f"{table.engine} has no parser of this name and would fail to start",
        remedy=table.guess(name) or f"write one of {', '.join(table.names)}",
    )


def parser_doubtful(setup: EngineSetup, table: ParserTable) -> SpecWarning | None:
    """Warn of an unknown name where another release or a custom image may have it."""
    name = table.stranger(setup)
    if name is None or table.is_whole(setup.engine):
        return None
    return SpecWarning(
        field=f"{table.field}.parser",
        value=name,
        reason=EngineReason.PARSER_UNKNOWN,
        because=f"{table.engine} has no parser of this name; another release or an image of your own may have one",
        remedy=table.guess(name) or "watch the first start: an unknown parser ends it",
    )


def parser_missing(setup: EngineSetup, table: ParserTable) -> SpecRefusal | None:
    """Refuse a field without a parser, if the family has no default."""
    if table.written(setup) is None or table.chosen(setup) is not None:
        return None
    described = (
        f"models of family {setup.shape.family}" if setup.shape else "this model, which the catalogue does not know"
    )
    return SpecRefusal(
        field=f"{table.field}.parser",
        value="(not written)",
        reason=EngineReason.PARSER_MISSING,
        because=f"there is no default for {described}",
        remedy=f"{table.advice}, or remove {table.field}",
    )

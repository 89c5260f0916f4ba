"""Chat template, and the parsers that find tool calls and reasoning in the model's text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Tool calls that the engine parses from the model's text."""

    parser: str | None = None
    """The engine's own name for a parser; None: that of the model's family."""
    auto: bool = True
    """Whether the model may choose to call a tool when a client requires none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """Reasoning that the engine separates from the answer."""

    parser: str | None = None
    """The engine's own name for a parser; None: that of the model's family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMapKey:
    """One key of a ConfigMap, by name."""

    name: str
    key: str


ChatTemplateSource = str | ConfigMapKey
"""The template's text or its path in the container, as the engine gets it, or the ConfigMap key that holds it."""

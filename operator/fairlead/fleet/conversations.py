"""How a conversation is written for the model, and what the engine reads out of the model's text: calls, reasoning."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Tool calls that the engine reads out of what the model writes."""

    parser: str | None = None
    """By the engine's own name; nothing: the one of the model's family."""
    auto: bool = True
    """Whether the model may choose to call a tool when a client requires none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """Reasoning that the engine separates from the answer."""

    parser: str | None = None
    """By the engine's own name; nothing: the one of the model's family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMapKey:
    """One key of a ConfigMap, by name."""

    name: str
    key: str


ChatTemplateSource = str | ConfigMapKey
"""The template's text or its path inside the container, either as the engine is given it; or where it is kept."""

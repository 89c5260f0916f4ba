"""What a router knows of the model it serves."""

from dataclasses import dataclass

from fairlead.routing.adapter_split import NO_ADAPTERS, AdapterSplit


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """One base model and its adapters."""

    names: tuple[str, ...] = ()
    """Names that clients may use, the base model first; if empty, any name is let through."""
    adapters: frozenset[str] = frozenset()
    """Names of LoRA adapters."""
    versions: AdapterSplit = NO_ADAPTERS
    """Adapters that come and go, and their versions."""
    adapter_slots: int | None = None
    """Adapters that can take part in one step of an engine; None if unknown."""
    max_context_tokens: int | None = None
    """Tokens of prompt and reply together; None if unknown."""

    @property
    def base(self) -> str:
        """The model of a request that names none."""
        return self.names[0] if self.names else ""

"""What a router knows of the model behind it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """One base model and its adapters."""

    names: tuple[str, ...] = ()
    """Clients ask for one of these, the base model first; none: any name is let through."""
    adapters: frozenset[str] = frozenset()
    """Those of the names that are LoRA adapters."""
    max_context_tokens: int | None = None
    """Prompt and reply together; nothing where it is not known."""

    @property
    def base(self) -> str:
        """Who asks for no name asks for this one."""
        return self.names[0] if self.names else ""

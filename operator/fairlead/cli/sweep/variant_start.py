"""How each variant of the engine starts: the given command, the variant's flags, and caches of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.cli.sweep import target as targets
from fairlead.cli.sweep.target import SweepTarget
from fairlead.fleet.sweeps import EngineVariant

_NAMES: Final = "--served-model-name"


@dataclass(frozen=True, slots=True)
class VariantStart:
    """One way to start the engine of a sweep."""

    target: SweepTarget
    variant: EngineVariant
    caches: Path

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments after the program's name."""
        own, kind = self.target.words, self.target.kind
        return ("serve", self._model, *own, *kind.added(own), *self._changed, *self._narrow)

    @property
    def environment(self) -> dict[str, str]:
        """The given environment, and what a sweep needs: the first start has empty caches, whatever else ran here."""
        kind = self.target.kind
        own = {name: str(self.caches / folder) for name, folder in kind.caches.items()}
        return {**self.target.environment, **kind.environment(self.variant), **own}

    @property
    def served_name(self) -> str:
        """The model's name in requests."""
        named = any(word.partition("=")[0] == _NAMES for word in self.target.words)
        return self.target.serve_arguments.names[0] if named else self._model

    @property
    def _changed(self) -> tuple[str, ...]:
        """The variant's flags; a draft is a folder with its configuration."""
        kind, draft = self.target.kind, self.target.drafts.get(self.variant)
        if draft is None:
            return kind.flags(self.variant)
        place = self.caches.with_suffix(f".{self.variant}")
        folder = targets.model_folder(place, draft, self.target.sizing.shape.vocab)
        return kind.drafting(self.variant, str(folder))

    @property
    def _narrow(self) -> tuple[str, ...]:
        """FP8 weights are multiplied by 16-bit activations only, never by wider ones."""
        wide = self.variant is EngineVariant.FP8 and not self.target.limits.sixteen_bit
        return self.target.kind.flags(EngineVariant.BFLOAT16) if wide else ()

    @property
    def _model(self) -> str:
        """The given model, or a folder with the configuration given for it."""
        if self.target.config_json is None:
            return self.target.serve_arguments.model
        place = self.caches.with_suffix(".model")
        return str(targets.model_folder(place, self.target.config_json, self.target.sizing.shape.vocab))

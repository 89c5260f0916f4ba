"""How each variant of the engine is started: the command as given, what the variant adds, and caches of its own."""

from dataclasses import dataclass
from pathlib import Path

from fairlead.cli.sweep import target as targets
from fairlead.cli.sweep.target import SweepTarget
from fairlead.simulator.sweep.measurements import EngineVariant


@dataclass(frozen=True, slots=True)
class VariantStart:
    """One way to start the engine of a sweep."""

    target: SweepTarget
    variant: EngineVariant
    caches: Path

    @property
    def words(self) -> tuple[str, ...]:
        """After the program's name."""
        own, kind = self.target.words, self.target.kind
        return ("serve", self._model, *own, *kind.added(own), *kind.flags(self.variant), *self._narrow)

    @property
    def environment(self) -> dict[str, str]:
        """As given, and what a sweep needs: the first start finds its caches empty, whatever else ran here."""
        kind = self.target.kind
        own = {name: str(self.caches / folder) for name, folder in kind.caches.items()}
        return {**self.target.environment, **kind.environment(self.variant), **own}

    @property
    def served_name(self) -> str:
        """What requests call the model."""
        first = self.target.served.names[0]
        return self._model if first == self.target.served.model else first

    @property
    def _narrow(self) -> tuple[str, ...]:
        """FP8 weights are multiplied by 16-bit activations, and by no wider ones."""
        wide = self.variant is EngineVariant.FP8 and not self.target.limits.sixteen_bit
        return self.target.kind.flags(EngineVariant.BFLOAT16) if wide else ()

    @property
    def _model(self) -> str:
        """The model as given, or a folder with the configuration that was given for it."""
        if self.target.config_json is None:
            return self.target.served.model
        place = self.caches.with_suffix(".model")
        return str(targets.model_folder(place, self.target.config_json, self.target.question.shape.vocab))

"""How each variant of the engine is started: the command as given, what the variant adds, and caches of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.cli import vllm_check
from fairlead.cli.sweep import target as targets
from fairlead.cli.sweep.target import SweepTarget
from fairlead.simulator.sweep.measurements import EngineVariant

NGRAM: Final = '{"method":"ngram","num_speculative_tokens":3,"prompt_lookup_max":3,"prompt_lookup_min":1}'
FLAGS: Final[Mapping[EngineVariant, tuple[str, ...]]] = {
    EngineVariant.AS_GIVEN: (),
    EngineVariant.NGRAM: ("--speculative-config", NGRAM),
    EngineVariant.FP8: ("--quantization", "fp8"),
    EngineVariant.BFLOAT16: ("--dtype", "bfloat16"),
    EngineVariant.SLEEP: ("--enable-sleep-mode",),
}
_LOAD: Final = "--load-format"
_CACHES: Final[Mapping[str, str]] = {
    "VLLM_CACHE_ROOT": "vllm",
    "TRITON_CACHE_DIR": "triton",
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "CUDA_CACHE_PATH": "cuda",
}
"""The first start finds them empty, whatever else ran on this machine."""
_OUTPUT: Final[Mapping[str, str]] = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "INFO",
    "PYTHONUNBUFFERED": "1",
    "PYTHONPATH": vllm_check.QUIET["PYTHONPATH"],
}
"""Phases of a start are read from its log as they come."""


@dataclass(frozen=True, slots=True)
class VariantStart:
    """One way to start the engine of a sweep."""

    target: SweepTarget
    variant: EngineVariant
    caches: Path

    @property
    def words(self) -> tuple[str, ...]:
        """After `vllm`: without weights, unless the command says how to load them."""
        own = self.target.words
        dummy = () if any(word.startswith(_LOAD) for word in own) else (_LOAD, "dummy")
        return ("serve", self._model, *own, *dummy, *FLAGS[self.variant], *self._narrow)

    @property
    def environment(self) -> dict[str, str]:
        """As given, and what a sweep needs."""
        own = {name: str(self.caches / folder) for name, folder in _CACHES.items()}
        awake = {"VLLM_SERVER_DEV_MODE": "1"} if self.variant is EngineVariant.SLEEP else {}
        return {**self.target.environment, **_OUTPUT, **own, **awake}

    @property
    def served_name(self) -> str:
        """What requests call the model."""
        first = self.target.served.names[0]
        return self._model if first == self.target.served.model else first

    @property
    def _narrow(self) -> tuple[str, ...]:
        """FP8 weights are multiplied by 16-bit activations, and by no wider ones."""
        wide = self.variant is EngineVariant.FP8 and not self.target.limits.sixteen_bit
        return FLAGS[EngineVariant.BFLOAT16] if wide else ()

    @property
    def _model(self) -> str:
        """The model as given, or a folder with the configuration that was given for it."""
        if self.target.config_json is None:
            return self.target.served.model
        place = self.caches.with_suffix(".model")
        return str(targets.model_folder(place, self.target.config_json, self.target.question.shape.vocab))

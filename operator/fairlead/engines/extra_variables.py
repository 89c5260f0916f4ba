"""Which environment variables users may not set: those owned by a field, and those that break what we rely on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal

CACHE_REMEDY: Final = "set spec.storage.cache; Fairlead chooses the folders in it"
_IMAGE: Final = "remove it; build it into an image of your own and name that in spec.engine.image"


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRule:
    """Variables that users may not set, and what to do instead."""

    names: tuple[str, ...]
    reason: EngineReason = EngineReason.VARIABLE_RESERVED
    because: str
    remedy: str


OF_THE_HUB: Final = (
    VariableRule(
        names=("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
        reason=EngineReason.VARIABLE_OWNED,
        because="spec.model.tokenSecret owns it",
        remedy="set spec.model.tokenSecret, which keeps the token out of the pod's text",
    ),
    VariableRule(
        names=("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"),
        reason=EngineReason.VARIABLE_OWNED,
        because="Fairlead sets it by the schemes of the sources",
        remedy="remove it; without an hf:// source the engine never contacts the hub",
    ),
)
"""For every engine that reads a model through the hub's own library."""
OF_THE_POD: Final = (
    VariableRule(
        names=("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        because="Kubernetes chooses the GPUs of a pod; another list hides them, or shows those of another pod",
        remedy="remove it; spec.parallelism says how many GPUs a replica has, spec.accelerator which",
    ),
    VariableRule(
        names=("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PATH"),
        because="the engine would load libraries or code that its image does not contain",
        remedy=_IMAGE,
    ),
    VariableRule(
        names=("MASTER_ADDR", "MASTER_PORT", "RANK", "LOCAL_RANK", "WORLD_SIZE"),
        because="a replica is one pod, and the engine would wait for other processes",
        remedy="remove it; spec.parallelism spreads a replica over its GPUs",
    ),
)
"""For every Python engine on NVIDIA's driver."""


def by_name(rules: Iterable[VariableRule]) -> Mapping[str, VariableRule]:
    """Index rules by variable."""
    return MappingProxyType({name: rule for rule in rules for name in rule.names})


def refusals(setup: EngineSetup, rules: Mapping[str, VariableRule]) -> tuple[SpecRefusal, ...]:
    """Refuse every extra variable that is owned or reserved; its value may be a secret and is never shown."""
    named = (*dict(setup.engine.extra_env), *(each.name for each in setup.engine.env_from))
    return tuple(
        SpecRefusal(
            field="spec.engine.env",
            value=name,
            reason=rules[name].reason,
            because=rules[name].because,
            remedy=rules[name].remedy,
        )
        for name in named
        if name in rules
    )

"""The engines this operator can describe; another one is a module beside this and a line in `ENGINES`."""

from types import MappingProxyType
from typing import Final

from fairlead.engines.emulator import EmulatorEngine
from fairlead.engines.engine import EngineDescription
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.findings import SpecRefusal

ENGINES: Final[MappingProxyType[EngineKind, EngineDescription]] = MappingProxyType(
    {EngineKind.VLLM: VllmEngine(), EngineKind.SIMULATED: EmulatorEngine()}
)


def describe(kind: str) -> EngineDescription | SpecRefusal:
    """The engine of this name, or why there is none."""
    known = next((one for one in EngineKind if one == kind), None)
    if known is None:
        return _refusal(
            kind, EngineReason.UNKNOWN_ENGINE, f"there are {', '.join(EngineKind)}", f"write {EngineKind.VLLM}"
        )
    return ENGINES.get(known) or _refusal(
        kind,
        EngineReason.ENGINE_NOT_SUPPORTED,
        f"this release of Fairlead cannot start {known} yet",
        f"write {EngineKind.VLLM}, or {EngineKind.SIMULATED} to try without a GPU",
    )


def _refusal(kind: str, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field="spec.engine.kind", value=kind, reason=reason, because=because, remedy=remedy)

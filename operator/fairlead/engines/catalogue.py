"""The engines this operator can describe; a new one is a folder beside this module and a row in `ENGINES`."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from fairlead.engines import emulator
from fairlead.engines.engine import EngineDescription
from fairlead.engines.http_api import HttpApi
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang.engine import SglangEngine
from fairlead.engines.tensorrt_llm.engine import TensorRtEngine
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.image_pull import ImagePull

ENGINES: Final[MappingProxyType[EngineKind, EngineDescription]] = MappingProxyType(
    {
        EngineKind.VLLM: VllmEngine(),
        EngineKind.SGLANG: SglangEngine(),
        EngineKind.TENSORRT_LLM: TensorRtEngine(),
        EngineKind.SIMULATED: emulator.VLLM,
        EngineKind.SIMULATED_SGLANG: emulator.SGLANG,
        EngineKind.SIMULATED_TENSORRT_LLM: emulator.TENSORRT_LLM,
    }
)
DEFAULT: Final = EngineKind.VLLM
"""The kind for a spec that names none."""
NO_IMAGES: Final = MappingProxyType[EngineKind, str]({})
WITHOUT_SECRETS: Final = ImagePull()
_KINDS: Final = MappingProxyType({(one.is_fairleads, one.program): kind for kind, one in ENGINES.items()})
PRIORITY_HEADERS: Final = frozenset(one.api.priority_header for one in ENGINES.values() if one.api.priority_header)
HIDDEN_ROUTES: Final = frozenset().union(*(one.api.hidden for one in ENGINES.values()))
"""Routes of any kind that are not for clients."""
HOT_ADAPTERS: Final = next(one.api.hot_adapters for one in ENGINES.values() if one.api.hot_adapters is not None)
"""What the loader in an engine's pod calls: one kind loads adapters while it runs, so pods need not name theirs."""
HEADERS_OF_IDS: Final = tuple(
    sorted({start for one in ENGINES.values() for start in one.api.never_from_clients.headers})
)
"""How headers begin that no client may send to an engine of any kind."""


def releases(
    own_image: str | None = None,
    cpu_images: Mapping[EngineKind, str] = NO_IMAGES,
    pull: ImagePull = WITHOUT_SECRETS,
) -> Mapping[EngineKind, EngineRelease]:
    """Return the default release of each kind.

    `own_image` is the name of Fairlead's image in this installation, and `pull` how it is pulled; `cpu_images` are
    those of CPU builds. Kinds without an engine are never started, since `describe` refuses them.
    """
    found: dict[EngineKind, EngineRelease] = {}
    for kind in EngineKind:
        engine = ENGINES.get(kind)
        found[kind] = EngineRelease(version="0", image=f"{kind.lower()}:0") if engine is None else engine.release
        if own_image is not None and engine is not None and engine.is_fairleads:
            found[kind] = replace(found[kind], image=own_image, pull=pull)
        if kind in cpu_images:
            found[kind] = replace(found[kind], cpu_image=cpu_images[kind])
    return MappingProxyType(found)


def api(kind: str) -> HttpApi:
    """Return the HTTP API of a kind of engine; for a kind that is not described, that of the default."""
    return next((one.api for name, one in ENGINES.items() if name == kind), ENGINES[DEFAULT].api)


def kind_of(words: list[str]) -> EngineKind | None:
    """Return the kind that these words of a container start; None if this release of Fairlead knows no such kind."""
    emulates = words[:1] == [emulator.COMMAND] and emulator.BEFORE_REAL in words
    start = words.index(emulator.BEFORE_REAL) + 1 if emulates else 0
    return _KINDS.get((emulates, words[start])) if start < len(words) else None


def describe(kind: str) -> EngineDescription | SpecRefusal:
    """Return the engine of this name, or why there is none."""
    name = next((one for one in EngineKind if one == kind), None)
    if name is None:
        return _refusal(
            kind, EngineReason.UNKNOWN_ENGINE, f"there are {', '.join(EngineKind)}", f"write {EngineKind.VLLM}"
        )
    return ENGINES.get(name) or _refusal(
        kind,
        EngineReason.ENGINE_NOT_SUPPORTED,
        f"this release of Fairlead cannot start {name} yet",
        f"write {EngineKind.VLLM}, or {EngineKind.SIMULATED} to try without a GPU",
    )


def _refusal(kind: str, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field="spec.engine.kind", value=kind, reason=reason, because=because, remedy=remedy)

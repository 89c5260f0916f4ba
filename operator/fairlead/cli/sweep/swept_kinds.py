"""The engine kinds that can be swept."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.sweep import SweptEngine
from fairlead.fleet.desired_state import EngineKind

KINDS: Final[Mapping[EngineKind, SweptEngine]] = MappingProxyType(
    {kind: engine.sweep for kind, engine in ENGINES.items() if engine.sweep is not None}
)

"""The engine kinds that can be swept."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fairlead.cli.sweep.sglang_kind import SglangKind
from fairlead.cli.sweep.swept_kind import SweptKind
from fairlead.cli.sweep.vllm_kind import VllmKind
from fairlead.fleet.desired_state import EngineKind

KINDS: Final[Mapping[EngineKind, SweptKind]] = MappingProxyType(
    {EngineKind.VLLM: VllmKind(), EngineKind.SGLANG: SglangKind()}
)

"""Inputs of the tests of TensorRT-LLM: the plain setup of tests.engines.setups, for this kind."""

from dataclasses import replace
from typing import Any, Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm.engine import TensorRtEngine
from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.desired_state import Adapter, DesiredEngine, EngineKind, ModelSource, SourceScheme
from tests.engines.setups import H100, VOLUME, setup_of

TENSORRT: Final = TensorRtEngine()
ENGINE: Final = DesiredEngine(
    kind=EngineKind.TENSORRT_LLM, version="1.4.0rc1", image="nvcr.io/nvidia/tensorrt-llm/release:1.4.0rc1"
)
BUCKET: Final = ModelSource(scheme=SourceScheme.S3, location="models/chat")
METHOD: Final = "spec.engine.speculation.method"
WEIGHTS: Final = "spec.engine.quantization.weights"
KV: Final = "spec.engine.quantization.kvCache"
EXTRA: Final = "spec.engine.extraArgs"
RefusedRow = tuple[EngineSetup, str, str, EngineReason, str]
"""A setup, and field, value, reason, and words of because or remedy of its refusal."""


def setup_with(**changed: Any) -> EngineSetup:  # noqa: ANN401 - any setting
    """The plain setup, with these settings of the engine."""
    return setup_of(replace(ENGINE, **changed), on=H100)


def extra(*arguments: str, **changed: Any) -> EngineSetup:  # noqa: ANN401 - any setting
    """With extra arguments."""
    return setup_with(extra_args=arguments, **changed)


def adapter(name: str = "de", source: ModelSource = VOLUME, rank: int = 16) -> tuple[Adapter, ...]:
    """One adapter."""
    return (Adapter(name=name, source=source, rank=rank),)


def on_processor() -> EngineSetup:
    """On CPU, which the schema refuses first."""
    plain = setup_with()
    return replace(
        plain, revision=replace(plain.revision, product="CPU", cpu=CpuResources(cores=4, memory_bytes=1 << 33))
    )

"""Inputs of the tests of SGLang: the plain setup of tests.engines.setups, for this kind, and its variants."""

from dataclasses import replace
from typing import Any, Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.engines.sglang.engine import SglangEngine
from fairlead.fleet.desired_state import (
    Adapter,
    DesiredEngine,
    EngineKind,
    ModelSource,
    SourceScheme,
)
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from tests.engines import setups
from tests.engines.setups import (
    H100,
    VOLUME,
    setup_of,
)

SGLANG: Final = SglangEngine()
ENGINE: Final = DesiredEngine(kind=EngineKind.SGLANG, version="0.5.23", image="example.com/own-sglang:1")
RELEASED: Final = replace(ENGINE, image="registry.example.com:5000/lmsysorg/sglang:v0.5.23-cu130@sha256:0")
"""An image that can contain nothing but the release."""
MODEL: Final = setups.HUB


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """The refusals of a setup."""
    return SGLANG.refusals(setup)


def warnings(setup: EngineSetup) -> tuple[SpecWarning, ...]:
    """The warnings of a setup."""
    return SGLANG.warnings(setup)


def renamed(setup: EngineSetup, name: str) -> EngineSetup:
    """The same, with the model served under another name."""
    return replace(setup, revision=replace(setup.revision, model=replace(setup.revision.model, served_name=name)))


WEIGHTS: Final = "spec.engine.quantization.weights"
METHOD: Final = "spec.engine.speculation.method"
EXTRA: Final = "spec.engine.extraArgs"
BUCKET: Final = ModelSource(scheme=SourceScheme.S3, location="models/chat")
Row = tuple[EngineSetup, str, str, Why, str]
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

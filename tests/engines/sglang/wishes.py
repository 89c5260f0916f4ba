"""What stories about SGLang start from: the plain wish of tests.engines.setups, for this kind."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang.engine import SglangEngine
from fairlead.fleet.desired_state import DesiredEngine, EngineKind
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from tests.engines import setups

SGLANG: Final = SglangEngine()
ENGINE: Final = DesiredEngine(kind=EngineKind.SGLANG, version="0.5.23", image="example.com/own-sglang:1")
RELEASED: Final = replace(ENGINE, image="registry.example.com:5000/lmsysorg/sglang:v0.5.23-cu130@sha256:0")
"""Nothing but the release can be in this image."""
MODEL: Final = setups.HUB


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """What is said no to."""
    return SGLANG.refusals(setup)


def warnings(setup: EngineSetup) -> tuple[SpecWarning, ...]:
    """What is warned of."""
    return SGLANG.warnings(setup)


def renamed(setup: EngineSetup, name: str) -> EngineSetup:
    """The same, with the model served under another name."""
    return replace(setup, wanted=replace(setup.wanted, model=replace(setup.wanted.model, served_name=name)))

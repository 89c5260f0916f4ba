"""What an engine refuses of the configurations that sizing considers: what admission refuses is not proposed."""

from dataclasses import replace

from fairlead.engines.engine import EngineDescription
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import (
    DesiredEngine,
    DesiredModel,
    DesiredRevision,
    ModelSource,
    Parallelism,
    SourceScheme,
)
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing.sizing_input import EngineObjection, SizingInput


def of(setup: EngineSetup, engine: EngineDescription) -> EngineObjection:
    """Object to what the engine refuses of a configuration and not of the setup, whose own refusals are reported."""
    return _objection(setup, engine, frozenset(engine.refusals(setup)))


def of_plan(shape: ModelShape, engine: EngineDescription) -> EngineObjection:
    """Object to all that the engine refuses; whatever a plan does not choose is left to its defaults."""
    revision = DesiredRevision(
        namespace="",
        name="",
        model=DesiredModel(source=ModelSource(scheme=SourceScheme.HUB, location=shape.name), served_name=shape.name),
        engine=DesiredEngine(kind=engine.kind, version=engine.release.version, image=engine.release.image),
        product="",
        gpus_per_replica=1,
        parallelism=Parallelism(),
    )
    return _objection(EngineSetup(revision=revision, shape=shape), engine, frozenset())


def _objection(setup: EngineSetup, engine: EngineDescription, reported: frozenset[SpecRefusal]) -> EngineObjection:
    def objection(sizing: SizingInput) -> str | None:
        refused = engine.refusals(_changed(setup, sizing))
        return next((refusal.because for refusal in refused if refusal not in reported), None)

    return objection


def _changed(setup: EngineSetup, sizing: SizingInput) -> EngineSetup:
    """Return the setup with the configuration's model, GPUs, formats and lengths; a processor keeps its own."""
    revision, settings = setup.revision, setup.engine
    context = settings.max_context_tokens if sizing.context == setup.context_tokens else sizing.context
    settings = replace(
        settings,
        weights=settings.weights if sizing.weights is setup.weights else sizing.weights or WeightFormat.NONE,
        kv=sizing.kv,
        max_sequences=sizing.max_sequences,
        max_context_tokens=context,
    )
    revision = replace(
        revision,
        engine=settings,
        product=revision.product if sizing.accelerator.is_cpu else sizing.accelerator.product,
        parallelism=sizing.parallelism,
        gpus_per_replica=max(revision.gpus_per_replica, sizing.parallelism.gpus),
    )
    return replace(setup, revision=revision, shape=sizing.shape, accelerator=sizing.accelerator)

"""What every engine warns of alike: facts of the spec and of Kubernetes, of no engine's source."""

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.desired_state import SourceScheme
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.plurals import count


def idle_gpus(setup: EngineSetup) -> SpecWarning | None:
    """GPUs a replica holds and does not use."""
    used, held = setup.wanted.parallelism.gpus, setup.wanted.gpus_per_replica
    if used >= held:
        return None
    return SpecWarning(
        field="spec.accelerator.count",
        value=str(held),
        reason=EngineReason.SLOWER,
        because=f"parallelism uses {used} of {count(held, 'GPU')}, and no other pod can use the rest",
        remedy=f"write {used}, or more parallelism",
    )


def foreign_code(setup: EngineSetup) -> SpecWarning | None:
    """Code of the model's repository runs with the pod's rights."""
    source = setup.wanted.model.source
    if not setup.engine.trust_remote_code or source.scheme is not SourceScheme.HUB:
        return None
    pinned = source.revision is not None
    return SpecWarning(
        field="spec.engine.trustRemoteCode",
        value="true",
        reason=EngineReason.RISKY,
        because="Python code from the model's repository runs in the pod"
        + ("" if pinned else ", and any later commit there changes it"),
        remedy="read that code" if pinned else "read that code and set spec.model.revision to the commit you read",
    )

"""Warnings that engines share: facts of the spec and of Kubernetes, or the same fact in the source of several
engines."""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.accelerators import ADA
from fairlead.fleet.desired_state import SourceScheme
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import KvFormat

MEDIA_DOMAINS: Final = "--allowed-media-domains"
TEXT_ONLY: Final = "--language-model-only"
"""Arguments that vLLM and SGLang share."""


def idle_gpus(setup: EngineSetup) -> SpecWarning | None:
    """GPUs that a replica holds but does not use."""
    used, held = setup.revision.parallelism.gpus, setup.revision.gpus_per_replica
    if used >= held:
        return None
    return SpecWarning(
        field="spec.accelerator.count",
        value=str(held),
        reason=EngineReason.SLOWER,
        because=f"parallelism uses {used} of {count(held, 'GPU')}, and no other pod can use the others",
        remedy=f"write {used}, or more parallelism",
    )


def foreign_code(setup: EngineSetup) -> SpecWarning | None:
    """Code from the model's repository runs with the pod's permissions."""
    source = setup.revision.model.source
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


def coarse_cache(setup: EngineSetup) -> SpecWarning | None:
    """fp8_e5m2 keeps two mantissa bits of each value."""
    if setup.engine.kv is not KvFormat.FP8_E5M2:
        return None
    newer = setup.accelerator is not None and setup.accelerator.capability >= ADA
    return SpecWarning(
        field="spec.engine.quantization.kvCache",
        value=KvFormat.FP8_E5M2,
        reason=EngineReason.RISKY,
        because="it keeps two mantissa bits per value, which hurts the quality of answers, first with long contexts",
        remedy="write fp8E4M3, which this GPU supports" if newer else "check answers on your own prompts",
    )


def context_beyond_the_model(setup: EngineSetup, unless: str) -> SpecWarning | None:
    """The variable turns off the engine's refusal, not the model's limit."""
    tokens, shape = setup.engine.max_context_tokens, setup.shape
    if not setup.switched_on(unless) or tokens is None or shape is None or tokens <= shape.positions:
        return None
    return SpecWarning(
        field="spec.engine.context.maxTokens",
        value=str(tokens),
        reason=EngineReason.RISKY,
        because=f"{shape.name} was made for {count(shape.positions, 'token')}; above that, answers degrade or the "
        "engine fails",
        remedy=f"write {shape.positions} or less",
    )


def media_from_anywhere(setup: EngineSetup) -> SpecWarning | None:
    """A request may name an image, a video or a sound by its URL, and the engine's pod fetches it."""
    shape = setup.shape
    if shape is None or shape.vision is None or setup.gives(MEDIA_DOMAINS, TEXT_ONLY):
        return None
    return SpecWarning(
        field="spec.engine.extraArgs",
        value=f"{MEDIA_DOMAINS}: absent",
        reason=EngineReason.RISKY,
        because="clients choose URLs of images, and the engine fetches them from any address that its pod reaches",
        remedy=f"add {MEDIA_DOMAINS} with the hosts of images, or {TEXT_ONLY}, or restrict the pods' egress",
    )


def token_without_hub(setup: EngineSetup) -> SpecWarning | None:
    """The token is Hugging Face's; adapters that are loaded at runtime may come from there too."""
    token = setup.revision.model.token_secret
    if token is None or weight_paths.uses_hub(setup.revision) or setup.engine.lora is not None:
        return None
    return SpecWarning(
        field="spec.model.tokenSecret",
        value=token.name,
        reason=EngineReason.RISKY,
        because="only hf:// sources are read with this token, and there is none",
        remedy="remove it; for s3:// set engine.env or placement.serviceAccountName, for oci:// "
        "placement.imagePullSecrets",
    )


def adapter_not_pinned(setup: EngineSetup, engine: str) -> SpecWarning | None:
    """An engine that takes an adapter's repository name but no revision."""
    for index, adapter in enumerate(setup.engine.adapters):
        if adapter.source.scheme is SourceScheme.HUB and adapter.source.revision is not None:
            return SpecWarning(
                field=f"spec.engine.adapters[{index}].revision",
                value=adapter.source.revision,
                reason=EngineReason.RISKY,
                because=f"{engine} always downloads an adapter's newest revision and ignores this one",
                remedy="put that revision on a volume or in an image and name it by pvc:// or oci://",
            )
    return None

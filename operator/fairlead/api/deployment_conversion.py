"""Conversion of an InferenceDeployment into the values that other packages use; fills in defaults that need code."""

import re
from collections.abc import Mapping
from typing import Final

from fairlead.api import amounts, canary_conversion, pod_conversion, routing_conversion
from fairlead.api.conversation import ChatTemplate as ChatTemplateSpec
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.engine import Engine, EnvVariable
from fairlead.api.engine import Lora as LoraSpec
from fairlead.api.engine import Speculation as SpeculationSpec
from fairlead.api.lifecycle import Canary, GatewayRef, Rollout, Router
from fairlead.api.model import Model, ModelShape
from fairlead.api.object_reader import ParsedObject
from fairlead.api.pods import Accelerator
from fairlead.api.value_mapping import value
from fairlead.fleet.accelerators import CPU, CpuResources
from fairlead.fleet.container_resources import ContainerResources
from fairlead.fleet.conversations import ChatTemplateSource, ConfigMapKey
from fairlead.fleet.desired_state import (
    NO_RESOURCE,
    WITHOUT_GPU,
    Adapter,
    DesiredDrain,
    DesiredEngine,
    DesiredModel,
    DesiredRevision,
    DesiredRollout,
    DesiredSpeculation,
    EngineKind,
    EngineRelease,
    EnvFrom,
    ModelSource,
    Parallelism,
    RolloutStrategy,
    SecretKey,
    SourceScheme,
    SpeculationMethod,
    Storage,
)
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, GatewayReference
from fairlead.fleet.lora_slots import LoraSlots
from fairlead.fleet.pod_metadata import PodMetadata
from fairlead.fleet.policies import ReplicaBounds

DEFAULT_TOKENS: Final = 3
"""Draft tokens if the spec sets none: on most models one more costs more than its acceptance saves."""

KEPT_PER_SLOT: Final = 4
"""Adapters kept in main memory per slot, if the spec sets no number: a few megabytes each."""

_RELEASE_TAG: Final = re.compile(r"v?([0-9]+\.[0-9]+[.0-9a-z]*)(-.*)?")
"""A tag of the engines' projects: 1.4.0rc1, v0.32.0, v0.32.0-cu129."""

_SHAPE_NAMES: Final = {
    "layers": "layers",
    "hidden_size": "hidden",
    "attention_heads": "heads",
    "kv_heads": "kv_heads",
    "head_size": "head_dim",
    "intermediate_size": "intermediate",
    "vocabulary_size": "vocab",
    "max_position": "positions",
    "parameters": "parameters",
    "experts": "experts",
    "experts_per_token": "experts_per_token",
}
"""Field names of the API, and the matching names in `fleet.shapes`."""


def deployment(
    written: ParsedObject[InferenceDeploymentSpec], releases: Mapping[EngineKind, EngineRelease]
) -> DesiredDeployment:
    """Convert a whole InferenceDeployment."""
    spec = written.spec
    parallelism, cpu = value(spec.parallelism, Parallelism), _cpu(spec.accelerator)
    revision = DesiredRevision(
        namespace=written.namespace,
        name=written.name,
        model=_model(spec.model, written.name),
        engine=_engine(spec.engine, releases, on_cpu=cpu is not None),
        product=spec.accelerator.product,
        gpus_per_replica=parallelism.gpus if cpu is None else 0,
        parallelism=parallelism,
        resource=spec.accelerator.resource if cpu is None else NO_RESOURCE,
        cpu=cpu,
        resources=value(spec.resources, ContainerResources),
        placement=pod_conversion.placement(spec.placement),
        pod_metadata=value(spec.pod_metadata, PodMetadata),
        storage=_storage(spec),
    )
    return DesiredDeployment(
        revision=revision,
        replicas=_replicas(spec),
        rollout=_rollout(spec.rollout),
        drain=value(spec.drain, DesiredDrain),
        hung_replicas=spec.repair.hung_replicas,
        fit_check=spec.fit_check,
        pre_pull=spec.pre_pull,
        router=_gateway(spec.gateway, written.namespace) if spec.gateway else _own_router(spec.router or Router()),
    )


def source(text: str, revision: str | None = None) -> ModelSource:
    """Parse the location of the weights."""
    scheme, found, location = text.partition("://")
    if not found:
        return ModelSource(scheme=SourceScheme.PATH, location=text, revision=revision)
    return ModelSource(scheme=SourceScheme(scheme), location=location, revision=revision)


def _replicas(spec: InferenceDeploymentSpec) -> int | ReplicaBounds:
    if spec.scaling is None:
        return 1 if spec.replicas is None else spec.replicas
    policy = spec.scaling.policy
    return ReplicaBounds(
        least=spec.scaling.min_replicas, most=spec.scaling.max_replicas, policy=policy.name if policy else None
    )


def _model(model: Model, name: str) -> DesiredModel:
    return DesiredModel(
        source=source(model.source, model.revision),
        served_name=model.served_name or name,
        token_secret=value(model.token_secret, SecretKey) if model.token_secret else None,
        shape=_shape(model.shape or ModelShape()),
    )


def _shape(shape: ModelShape) -> tuple[tuple[str, int], ...]:
    stated = shape.model_dump(exclude_none=True)
    return tuple((_SHAPE_NAMES[field], number) for field, number in stated.items())


def _cpu(spec: Accelerator) -> CpuResources | None:
    """CPU resources; with product CPU, the rules of the schema require both numbers.

    At least one byte: no model fits into that either, and a node's memory can be divided by it.
    """
    if spec.product != CPU or spec.cores is None or spec.memory is None:
        return None
    return CpuResources(cores=spec.cores, memory_bytes=max(1, amounts.size(spec.memory)))


def _engine(engine: Engine, releases: Mapping[EngineKind, EngineRelease], *, on_cpu: bool) -> DesiredEngine:
    """Copy whole groups of fields whose names match those of `DesiredEngine`; a new field there needs no line here."""
    release = releases[engine.kind]
    version = engine.version or _version(engine, release.image_for(on_cpu=on_cpu)) or release.version
    return value(
        engine,
        DesiredEngine,
        version=version,
        image=engine.image or release.image_for(on_cpu=on_cpu).replace(release.version, version),
        weights=engine.quantization.weights,
        kv=engine.quantization.kv_cache,
        prefix_caching=engine.prefix_caching.enabled,
        host_memory_bytes=amounts.maybe_size(engine.prefix_caching.host_memory) or None,
        speculation=_speculation(engine.speculation),
        sleeps=engine.sleep.enabled,
        max_context_tokens=engine.context.max_tokens,
        adapters=tuple(
            Adapter(name=one.name, source=source(one.source, one.revision), rank=one.rank) for one in engine.adapters
        ),
        lora=_lora(engine.lora, releases[EngineKind.SIMULATED]) if engine.lora else None,
        chat_template=_chat_template(engine.chat_template) if engine.chat_template else None,
        extra_env=tuple((one.name, one.value) for one in engine.env if one.value is not None),
        env_from=tuple(found for one in engine.env if (found := env_from_of(one)) is not None),
        **dict(engine.batching),
    )


def _version(engine: Engine, released: str) -> str | None:
    """The version in the tag of the spec's image, if that is the project's own or a mirror's copy of it.

    Other images may count their versions differently; so does Fairlead's own, which holds the simulated engines.
    """
    if engine.image is None or engine.kind in WITHOUT_GPU:
        return None
    (name, tag), (own, _) = _name_and_tag(engine.image), _name_and_tag(released)
    found = _RELEASE_TAG.fullmatch(tag) if name == own else None
    return found[1] if found else None


def _name_and_tag(image: str) -> tuple[str, str]:
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return name, tag


def _speculation(spec: SpeculationSpec) -> DesiredSpeculation:
    """With method off the other fields are dropped: they must not change the revision."""
    if spec.method is SpeculationMethod.OFF:
        return DesiredSpeculation()
    learnt = spec.method is SpeculationMethod.MTP
    return value(
        spec,
        DesiredSpeculation,
        draft=source(spec.draft.source, spec.draft.revision) if spec.draft else None,
        tokens=spec.tokens or (0 if learnt else DEFAULT_TOKENS),
    )


def _lora(spec: LoraSpec, own: EngineRelease) -> LoraSlots:
    """The simulated engine's image is the operator's own, which holds the loader too."""
    return value(
        spec,
        LoraSlots,
        cpu_slots=spec.cpu_slots or KEPT_PER_SLOT * spec.slots,
        loader_image=own.image,
        loader_pull=own.pull,
        claim=spec.claim_name,
    )


def _chat_template(spec: ChatTemplateSpec) -> ChatTemplateSource | None:
    """Text and path go to the same flag: like us, the engine tells them apart by a brace."""
    if spec.config_map is not None:
        return value(spec.config_map, ConfigMapKey)
    return spec.inline or spec.path


def env_from_of(variable: EnvVariable) -> EnvFrom | None:
    """Where a variable's value is read from; None if the value is given directly."""
    if variable.value_from is None:
        return None
    in_secret = variable.value_from.secret_key_ref
    ref = in_secret or variable.value_from.config_map_key_ref
    if ref is None:
        return None
    return EnvFrom(name=variable.name, object_name=ref.name, key=ref.key, from_secret=in_secret is not None)


def _storage(spec: InferenceDeploymentSpec) -> Storage:
    cache = spec.storage.cache
    return Storage(
        cache_claim=cache.claim_name if cache else None,
        cache_folder=cache.sub_path if cache else None,
        shared_memory_bytes=amounts.maybe_size(spec.storage.shared_memory),
        mounts=pod_conversion.mounts(spec.storage),
    )


def _rollout(spec: Rollout) -> DesiredRollout:
    tried = spec.strategy is RolloutStrategy.CANARY
    surge = spec.max_surge
    if surge is None:
        surge = int(spec.strategy is RolloutStrategy.SURGE or (tried and spec.max_unavailable == 0))
    missing = int(spec.strategy is RolloutStrategy.REPLACE or (tried and surge == 0))
    return value(
        spec,
        DesiredRollout,
        max_surge=surge,
        max_unavailable=missing if spec.max_unavailable is None else spec.max_unavailable,
        canary=canary_conversion.of_deployment(spec.canary or Canary()) if tried else None,
    )


def _own_router(router: Router) -> DeploymentRouter:
    pods = routing_conversion.pods(router, router.replicas)
    return DeploymentRouter(routing=routing_conversion.routing(router, router.tenants), pods=pods)


def _gateway(spec: GatewayRef, namespace: str) -> GatewayReference:
    return GatewayReference(namespace=spec.namespace or namespace, name=spec.name)

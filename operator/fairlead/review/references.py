"""Which other objects an object names, and the refusal if one of them does not exist."""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from fairlead.api import deployment_conversion
from fairlead.api.evaluation import EvaluationSpec
from fairlead.api.kinds import DEPLOYMENT, EVALUATION, GATEWAY, POLICY
from fairlead.fleet.adapters import ServedAdapter
from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import DesiredEngine, DesiredRevision, SecretKey, SourceScheme
from fairlead.fleet.findings import FindingReason, SpecRefusal
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, DesiredGateway, RoutingSettings
from fairlead.fleet.model_routes import EXTERNAL
from fairlead.fleet.mounts import MountedKind
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.objects import router_secrets
from fairlead.review import route_targets
from fairlead.review.context import ObjectKey, ReviewContext

_MOUNTED: Final = {
    MountedKind.CONFIG_MAP: "configMapName",
    MountedKind.SECRET: "secretName",
    MountedKind.CLAIM: "claimName",
}
_TEMPLATE: Final = "spec.engine.chatTemplate.configMap"


class ReferenceReason(FindingReason):
    """Why a reference is refused."""

    NOT_FOUND = "NotFound"
    KEY_MISSING = "KeyMissing"


class Reference(NamedTuple):
    """One object that another one names, and the field that names it."""

    field: str
    key: ObjectKey


def of_deployment(deployment: DesiredDeployment) -> Iterator[Reference]:
    """Yield its policy and its gateway, and all objects that its pods would wait for."""
    revision = deployment.revision
    if not isinstance(deployment.router, DeploymentRouter):
        yield Reference(
            "spec.gateway.name", ObjectKey(GATEWAY.name, deployment.router.namespace, deployment.router.name)
        )
    for field, kind, name in (
        *_fleet(deployment),
        *_sources(revision),
        *_pods(revision),
        *_configured(revision.engine),
    ):
        yield Reference(field, ObjectKey(kind, revision.namespace, name))


def entries(deployment: DesiredDeployment) -> Iterator[tuple[Reference, str]]:
    """Yield every entry of a Secret or ConfigMap that pods would wait for; values are never read."""
    revision = deployment.revision
    if token := revision.model.token_secret:
        yield Reference("spec.model.tokenSecret.key", ObjectKey("Secret", revision.namespace, token.name)), token.key
    for one in revision.engine.env_from:
        kind = "Secret" if one.from_secret else "ConfigMap"
        yield Reference("spec.engine.env", ObjectKey(kind, revision.namespace, one.object_name)), one.key
    for number, mount in enumerate(revision.storage.mounts):
        if mount.inside and mount.kind is not MountedKind.CLAIM:
            key = ObjectKey(str(mount.kind), revision.namespace, mount.name)
            yield Reference(f"spec.storage.mounts[{number}].subPath", key), mount.inside
    if isinstance(template := revision.engine.chat_template, ConfigMapKey):
        place = Reference(f"{_TEMPLATE}.key", ObjectKey("ConfigMap", revision.namespace, template.name))
        yield place, template.key
    if isinstance(deployment.router, DeploymentRouter):
        for field, secret in _secrets(deployment.router.routing):
            yield Reference(f"spec.router.{field}", ObjectKey("Secret", revision.namespace, secret.name)), secret.key


def entries_of_gateway(gateway: DesiredGateway) -> Iterator[tuple[Reference, str]]:
    """Yield every entry of a Secret that its routers read; they run without it, as its volumes are optional."""
    home = gateway.reference.namespace
    for field, secret in _secrets(gateway.routing):
        yield Reference(f"spec.{field}", ObjectKey("Secret", home, secret.name)), secret.key
    for number, one in enumerate(gateway.routes.externals):
        if one.key is not None:
            key = ObjectKey("Secret", home, one.key.name)
            yield Reference(f"spec.external[{number}].keySecret.key", key), one.key.key


def needed(some: Iterable[tuple[Reference, str]]) -> Mapping[ObjectKey, frozenset[str]]:
    """Return the names of these entries, by object."""
    found: dict[ObjectKey, set[str]] = {}
    for reference, entry in some:
        found.setdefault(reference.key, set()).add(entry)
    return {key: frozenset(some) for key, some in found.items()}


def incomplete(
    some: Iterable[tuple[Reference, str]], present: Mapping[ObjectKey, frozenset[str]]
) -> tuple[SpecRefusal, ...]:
    """Refuse each of these entries that an existing object lacks."""
    return tuple(
        _incomplete(reference, entry, present[reference.key])
        for reference, entry in some
        if reference.key in present and entry not in present[reference.key]
    )


def of_gateway(gateway: DesiredGateway) -> Iterator[Reference]:
    """Yield the deployments its models lead to, and the Secrets that its routers read."""
    for number, route in enumerate(gateway.routes.routes):
        for field, target in route_targets.of(route):
            if not target.startswith(EXTERNAL):
                namespace, _, name = target.partition("/")
                yield Reference(f"spec.models[{number}].{field}", ObjectKey(DEPLOYMENT.name, namespace, name))
    yield from secrets_of_gateway(gateway)


def secrets_of_gateway(gateway: DesiredGateway) -> Iterator[Reference]:
    """Yield the Secrets with keys of its tenants and of other APIs, with certificates and with addresses."""
    home = gateway.reference.namespace
    for field, secret in _secret_names(gateway.routing):
        yield Reference(f"spec.{field}", ObjectKey("Secret", home, secret))
    for number, one in enumerate(gateway.routes.externals):
        if one.key is not None:
            yield Reference(f"spec.external[{number}].keySecret.name", ObjectKey("Secret", home, one.key.name))


def of_policy(policy: ScalingPolicy, namespace: str) -> Iterator[Reference]:
    """Yield the Secrets with the token and the CA of its Prometheus."""
    prometheus = policy.prometheus
    for field, secret in (("tokenSecret", prometheus.token), ("caSecret", prometheus.ca)) if prometheus else ():
        if secret:
            yield Reference(f"spec.metrics.prometheus.{field}.name", ObjectKey("Secret", namespace, secret.name))


def of_evaluation(spec: EvaluationSpec, namespace: str) -> Iterator[Reference]:
    """Yield where its items are, and the Secrets with which they are fetched, run or judged."""
    items = spec.items
    if items.config_map:
        yield Reference("spec.items.configMap.name", ObjectKey("ConfigMap", namespace, items.config_map.name))
    if claim := items.persistent_volume_claim:
        field = "spec.items.persistentVolumeClaim.claimName"
        yield Reference(field, ObjectKey("PersistentVolumeClaim", namespace, claim.claim_name))
    if items.source:
        if token := items.source.token_secret:
            yield Reference("spec.items.source.tokenSecret.name", ObjectKey("Secret", namespace, token.name))
        for number, secret in enumerate(items.source.image_pull_secrets):
            field = f"spec.items.source.imagePullSecrets[{number}].name"
            yield Reference(field, ObjectKey("Secret", namespace, secret.name))
    if spec.scorer.judge is not None and (key := spec.scorer.judge.key_secret):
        yield Reference("spec.scorer.judge.keySecret.name", ObjectKey("Secret", namespace, key.name))
    for number, secret in enumerate(spec.runner.image_pull_secrets):
        yield Reference(f"spec.runner.imagePullSecrets[{number}].name", ObjectKey("Secret", namespace, secret.name))
    for number, one in enumerate(spec.runner.env):
        if (found := deployment_conversion.env_from_of(one)) is not None:
            kind = "Secret" if found.from_secret else "ConfigMap"
            yield Reference(f"spec.runner.env[{number}].valueFrom", ObjectKey(kind, namespace, found.object_name))


def of_adapter(adapter: ServedAdapter) -> Iterator[Reference]:
    """Yield its deployment, the claims with its versions, and the evaluation that judges a new one."""
    yield Reference("spec.deployment", ObjectKey(DEPLOYMENT.name, adapter.namespace, adapter.deployment))
    for number, one in enumerate(adapter.editions):
        if one.source.scheme is SourceScheme.CLAIM:
            claim = one.source.location.partition("/")[0]
            field = f"spec.versions[{number}].source"
            yield Reference(field, ObjectKey("PersistentVolumeClaim", adapter.namespace, claim))
    if adapter.canary is not None and adapter.canary.quality is not None:
        name = adapter.canary.quality.evaluation
        yield Reference("spec.canary.quality.evaluation", ObjectKey(EVALUATION.name, adapter.namespace, name))


def lost(references: Iterable[Reference], context: ReviewContext) -> tuple[SpecRefusal, ...]:
    """Refuse every object that does not exist, if the context knows which do."""
    return () if context.objects is None else absent(references, context.objects)


def absent(references: Iterable[Reference], present: Container[ObjectKey]) -> tuple[SpecRefusal, ...]:
    """Refuse every reference to an object that is not in `present`."""
    return tuple(_lost(one) for one in references if one.key not in present)


NamedObjects = Iterator[tuple[str, str, str]]
"""Field, kind and name."""


def _fleet(deployment: DesiredDeployment) -> NamedObjects:
    if isinstance(deployment.replicas, ReplicaBounds) and deployment.replicas.policy:
        yield "spec.scaling.policy.name", POLICY.name, deployment.replicas.policy
    if (canary := deployment.rollout.canary) and canary.quality:
        yield "spec.rollout.canary.quality.evaluation", EVALUATION.name, canary.quality.evaluation
    if isinstance(deployment.router, DeploymentRouter):
        for field, secret in _secret_names(deployment.router.routing):
            yield f"spec.router.{field}", "Secret", secret


def _secret_names(routing: RoutingSettings) -> Iterator[tuple[str, str]]:
    """Yield each Secret once for every field that names it."""
    seen = set()
    for field, secret in _secrets(routing):
        named = field.removesuffix(".key") + ".name" if field.endswith(".key") else field
        if (named, secret.name) not in seen:
            seen.add((named, secret.name))
            yield named, secret.name


def _secrets(routing: RoutingSettings) -> Iterator[tuple[str, SecretKey]]:
    """Yield every value that routers read, and its field below the router's own; a certificate has two of one name."""
    for number, tenant in enumerate(routing.tenants):
        yield from ((f"tenants[{number}].keys[{place}].key", key) for place, key in enumerate(tenant.keys))
    if routing.cache.redis_url:
        yield "cache.redis.urlSecret.key", routing.cache.redis_url
    if routing.connections.tls_secret:
        for entry in (router_secrets.CERTIFICATE, router_secrets.PRIVATE_KEY):
            yield "connections.tls.secretName", SecretKey(name=routing.connections.tls_secret, key=entry)
    if routing.connections.engine_ca:
        yield "connections.engineTls.caSecret.key", routing.connections.engine_ca
    if routing.oidc and routing.oidc.ca:
        yield "oidc.caSecret.key", routing.oidc.ca


def _sources(revision: DesiredRevision) -> NamedObjects:
    """Yield sources' claims: a pvc:// source begins with its claim."""
    engine = revision.engine
    sources = [("spec.model.source", revision.model.source)]
    sources += [("spec.engine.speculation.draft.source", engine.speculation.draft)] if engine.speculation.draft else []
    sources += [(f"spec.engine.adapters[{place}].source", one.source) for place, one in enumerate(engine.adapters)]
    for field, source in sources:
        if source.scheme is SourceScheme.CLAIM:
            yield field, "PersistentVolumeClaim", source.location.partition("/")[0]
    if revision.model.token_secret:
        yield "spec.model.tokenSecret.name", "Secret", revision.model.token_secret.name


def _pods(revision: DesiredRevision) -> NamedObjects:
    if revision.engine.lora is not None and revision.engine.lora.claim:
        yield "spec.engine.lora.claimName", "PersistentVolumeClaim", revision.engine.lora.claim
    if revision.storage.cache_claim:
        yield "spec.storage.cache.claimName", "PersistentVolumeClaim", revision.storage.cache_claim
    for place, mount in enumerate(revision.storage.mounts):
        yield f"spec.storage.mounts[{place}].{_MOUNTED[mount.kind]}", str(mount.kind), mount.name
    for place, name in enumerate(revision.placement.pull_secrets):
        yield f"spec.placement.imagePullSecrets[{place}].name", "Secret", name


def _configured(engine: DesiredEngine) -> NamedObjects:
    """Yield the objects that the kubelet reads when a pod starts."""
    for one in engine.env_from:
        yield "spec.engine.env", "Secret" if one.from_secret else "ConfigMap", one.object_name
    if isinstance(engine.chat_template, ConfigMapKey):
        yield f"{_TEMPLATE}.name", "ConfigMap", engine.chat_template.name


def _lost(reference: Reference) -> SpecRefusal:
    key = reference.key
    return SpecRefusal(
        field=reference.field,
        value=key.name,
        reason=ReferenceReason.NOT_FOUND,
        because=f"there is no {key.kind} {key.name} in namespace {key.namespace}",
        remedy=f"create it first, or name one of this namespace: kubectl get {key.kind.lower()} -n {key.namespace}",
    )


def _incomplete(reference: Reference, entry: str, there: frozenset[str]) -> SpecRefusal:
    key = reference.key
    return SpecRefusal(
        field=reference.field,
        value=entry,
        reason=ReferenceReason.KEY_MISSING,
        because=f"{key.kind} {key.name} has no such key; it has {', '.join(sorted(there)) or 'none'}",
        remedy=f"add the key to {key.kind} {key.name}, or name one it has",
    )

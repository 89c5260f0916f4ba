"""Validation rules of an InferenceDeployment that need its own fields alone."""

from typing import Any, Final

from fairlead.api import canary_steps
from fairlead.api.conversation import ChatTemplate
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.engine import Adapter, Batching, Draft, Engine, EnvValueFrom, EnvVariable, Lora, Speculation
from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.lifecycle import Canary, CanaryStep, Rollout, Scaling
from fairlead.api.model import Model
from fairlead.api.pods import Toleration, TolerationOperator
from fairlead.fleet.desired_state import SLEEPING, EngineKind, RolloutStrategy, SpeculationMethod

_WITH_DRAFT: Final = (SpeculationMethod.DRAFT_MODEL, SpeculationMethod.EAGLE3)
_SLEEPING: Final = [str(kind) for kind in EngineKind if kind in SLEEPING]


def _may_miss(rollout: Rollout) -> bool:
    """Whether a replica may be unavailable, by `max_unavailable` or else by the strategy."""
    if rollout.max_unavailable is None:
        return rollout.strategy is RolloutStrategy.CANARY
    return rollout.max_unavailable > 0


def _revision_of(on: type[Any]) -> FieldRule[Any]:
    return FieldRule[Any](
        on=on,
        field="revision",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.revision) || self.source.startsWith('hf://')",
        holds=lambda it: it.revision is None or it.source.startswith("hf://"),
        because="only hf:// sources have revisions",
        remedy="remove revision; with oci:// put the tag or digest into source, with s3:// and pvc:// the path",
    )


_WHOLE: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[InferenceDeploymentSpec](
        on=InferenceDeploymentSpec,
        field="replicas",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!(has(self.replicas) && has(self.scaling))",
        holds=lambda it: it.replicas is None or it.scaling is None,
        because="replicas and scaling cannot both decide the number of replicas",
        remedy="remove scaling to set the number yourself (or with kubectl scale, an HPA, KEDA), or remove replicas "
        "to let Fairlead scale",
    ),
    FieldRule[InferenceDeploymentSpec](
        on=InferenceDeploymentSpec,
        field="router",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!(has(self.router) && has(self.gateway))",
        holds=lambda it: it.router is None or it.gateway is None,
        because="a deployment is served by its own router or through a gateway, not both",
        remedy="remove router (the gateway has these settings for all its deployments), or remove gateway",
    ),
)
_ENGINE: Final[tuple[FieldRule[Any], ...]] = (
    *(_revision_of(on) for on in (Model, Draft, Adapter)),
    FieldRule[Lora](
        on=Lora,
        field="cpuSlots",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.cpuSlots) || self.cpuSlots >= (has(self.slots) ? self.slots : 8)",
        holds=lambda it: it.cpu_slots is None or it.cpu_slots >= it.slots,
        because="cpuSlots counts the adapters of the slots too, so it cannot be smaller than slots",
        remedy="raise cpuSlots to at least slots, or remove it for four times slots",
    ),
    FieldRule[Speculation](
        on=Speculation,
        field="draft",
        fault=FieldErrorReason.REQUIRED,
        cel="!(self.method in ['draftModel', 'eagle3']) || has(self.draft)",
        holds=lambda it: it.method not in _WITH_DRAFT or it.draft is not None,
        because="methods draftModel and eagle3 need a draft model",
        remedy="set draft.source, for instance hf://yuhuili/EAGLE3-LLaMA3.1-Instruct-8B, or use method ngram",
    ),
    FieldRule[Speculation](
        on=Speculation,
        field="draft",
        fault=FieldErrorReason.FORBIDDEN,
        cel="self.method != 'ngram' || !has(self.draft)",
        holds=lambda it: it.method is not SpeculationMethod.NGRAM or it.draft is None,
        because="method ngram takes draft tokens from the prompt and loads no draft model",
        remedy="remove draft, or use method draftModel or eagle3",
    ),
    FieldRule[Speculation](
        on=Speculation,
        field="lookupMin",
        fault=FieldErrorReason.FORBIDDEN,
        cel="self.method in ['ngram', 'off'] || !(has(self.lookupMin) || has(self.lookupMax))",
        holds=lambda it: (
            it.method in (SpeculationMethod.NGRAM, SpeculationMethod.OFF)
            or (it.lookup_min is None and it.lookup_max is None)
        ),
        because="lookupMin and lookupMax belong to method ngram",
        remedy="remove both, or use method ngram",
    ),
    FieldRule[Speculation](
        on=Speculation,
        field="lookupMin",
        fault=FieldErrorReason.INVALID,
        cel="!(has(self.lookupMin) && has(self.lookupMax)) || self.lookupMin <= self.lookupMax",
        holds=lambda it: it.lookup_min is None or it.lookup_max is None or it.lookup_min <= it.lookup_max,
        because="lookupMin must not exceed lookupMax ({lookupMax})",
        remedy="lower lookupMin or raise lookupMax",
    ),
    FieldRule[Engine](
        on=Engine,
        field="sleep.enabled",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.sleep) || !has(self.sleep.enabled) || !self.sleep.enabled || !has(self.kind) || "
        f"self.kind in {_SLEEPING}",
        holds=lambda it: not it.sleep.enabled or it.kind in SLEEPING,
        because="engines of this kind cannot be put to sleep",
        remedy="remove sleep, or use kind vLLM",
    ),
    FieldRule[ChatTemplate](
        on=ChatTemplate,
        field="inline",
        fault=FieldErrorReason.INVALID,
        cel="(has(self.inline) ? 1 : 0) + (has(self.path) ? 1 : 0) + (has(self.configMap) ? 1 : 0) == 1",
        holds=lambda it: [it.inline, it.path, it.config_map].count(None) == 2,
        because="a chat template comes from exactly one of inline, path and configMap",
        remedy="keep one of them, or remove chatTemplate to use the model's own",
    ),
    FieldRule[Batching](
        on=Batching,
        field="maxBatchedTokens",
        fault=FieldErrorReason.INVALID,
        cel="!(has(self.maxBatchedTokens) && has(self.maxSequences)) || self.maxBatchedTokens >= self.maxSequences",
        holds=lambda it: (
            it.max_batched_tokens is None or it.max_sequences is None or it.max_batched_tokens >= it.max_sequences
        ),
        because="maxBatchedTokens must not be below maxSequences ({maxSequences}): each running request needs a token "
        "a step",
        remedy="raise maxBatchedTokens (2048 or more is usual) or lower maxSequences",
    ),
    FieldRule[EnvVariable](
        on=EnvVariable,
        field="value",
        fault=FieldErrorReason.INVALID,
        cel="has(self.value) != has(self.valueFrom)",
        holds=lambda it: (it.value is None) != (it.value_from is None),
        because="a variable has either value or valueFrom",
        remedy='keep one of them; for an empty variable write value: ""',
    ),
    FieldRule[EnvValueFrom](
        on=EnvValueFrom,
        field="secretKeyRef",
        fault=FieldErrorReason.INVALID,
        cel="has(self.secretKeyRef) != has(self.configMapKeyRef)",
        holds=lambda it: (it.secret_key_ref is None) != (it.config_map_key_ref is None),
        because="valueFrom reads either secretKeyRef or configMapKeyRef",
        remedy="keep one of them",
    ),
)
_CANARY: Final[tuple[FieldRule[Any], ...]] = (
    *canary_steps.step_rules(Canary, CanaryStep, "new revision"),
    FieldRule[Canary](
        on=Canary,
        field="steps",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.steps) || self.steps.filter(step, has(step.replicas)).map(step, step.replicas).isSorted()",
        holds=lambda it: (found := [one.replicas for one in it.steps if one.replicas]) == sorted(found),
        because="the replicas of a canary must not shrink from step to step",
        remedy="order the steps by replicas",
    ),
    *canary_steps.LIMIT_RULES,
)
_RUNNING: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[Toleration](
        on=Toleration,
        field="value",
        fault=FieldErrorReason.FORBIDDEN,
        cel="self.operator != 'Exists' || !has(self.value)",
        holds=lambda it: it.operator is not TolerationOperator.EXISTS or it.value is None,
        because="operator Exists compares no value",
        remedy="remove value, or use operator Equal",
    ),
    FieldRule[Toleration](
        on=Toleration,
        field="key",
        fault=FieldErrorReason.REQUIRED,
        cel="self.operator != 'Equal' || has(self.key)",
        holds=lambda it: it.operator is not TolerationOperator.EQUAL or it.key is not None,
        because="operator Equal compares the value of a key",
        remedy="set key, or use operator Exists to tolerate every taint",
    ),
    FieldRule[Rollout](
        on=Rollout,
        field="canary",
        fault=FieldErrorReason.INVALID,
        cel="self.strategy == 'Canary' || !has(self.canary)",
        holds=lambda it: it.strategy is RolloutStrategy.CANARY or it.canary is None,
        because="only strategy Canary has steps and gates",
        remedy="use strategy Canary, or remove canary",
    ),
    FieldRule[Rollout](
        on=Rollout,
        field="maxSurge",
        fault=FieldErrorReason.FORBIDDEN,
        cel="self.strategy != 'Replace' || !has(self.maxSurge) || self.maxSurge == 0",
        holds=lambda it: it.strategy is not RolloutStrategy.REPLACE or not it.max_surge,
        because="strategy Replace reuses the GPUs of the replica it stops and never starts an extra one",
        remedy="remove maxSurge, or use strategy Surge if there are spare GPUs",
    ),
    FieldRule[Rollout](
        on=Rollout,
        field="maxUnavailable",
        fault=FieldErrorReason.INVALID,
        cel="self.strategy != 'Replace' || !has(self.maxUnavailable) || self.maxUnavailable > 0",
        holds=lambda it: it.strategy is not RolloutStrategy.REPLACE or it.max_unavailable != 0,
        because="strategy Replace stops a replica before the new one starts, so one must be allowed to be unavailable",
        remedy="set maxUnavailable to 1 or more, or use strategy Surge if there are spare GPUs",
    ),
    FieldRule[Rollout](
        on=Rollout,
        field="maxSurge",
        fault=FieldErrorReason.INVALID,
        cel="self.strategy == 'Replace' || !has(self.maxSurge) || self.maxSurge > 0 || "
        "(has(self.maxUnavailable) ? self.maxUnavailable > 0 : self.strategy == 'Canary')",
        holds=lambda it: it.strategy is RolloutStrategy.REPLACE or it.max_surge != 0 or _may_miss(it),
        because="with maxSurge 0 and maxUnavailable 0 no replica can be replaced",
        remedy="set maxSurge to 1 (needs spare GPUs), or use strategy Replace",
    ),
    *_CANARY,
    FieldRule[Scaling](
        on=Scaling,
        field="minReplicas",
        fault=FieldErrorReason.INVALID,
        cel="self.minReplicas <= self.maxReplicas",
        holds=lambda it: it.min_replicas <= it.max_replicas,
        because="minReplicas must not exceed maxReplicas ({maxReplicas})",
        remedy="raise maxReplicas or lower minReplicas",
    ),
    FieldRule[Scaling](
        on=Scaling,
        field="minReplicas",
        fault=FieldErrorReason.INVALID,
        cel="self.minReplicas > 0 || has(self.policy)",
        holds=lambda it: it.min_replicas > 0 or it.policy is not None,
        because="minReplicas 0 needs a policy that says when the last replica may be removed",
        remedy="name a policy with idle.scaleToZero, or set minReplicas to 1",
    ),
)
RULES: Final = (*_WHOLE, *_ENGINE, *_RUNNING)

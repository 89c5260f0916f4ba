"""Validation rules of a gateway or a policy that need its own fields alone."""

from typing import Any, Final

from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.gateway import Cascade, Fallback, InferenceGatewaySpec, ModelRoute, When
from fairlead.api.policy import Metrics, MetricsSource, Schedule
from fairlead.fleet.gateways import EVERY_NAMESPACE
from fairlead.fleet.model_routes import AnswerCheck, RouteStrategy

_VALUES: Final = ("difficulty", "minPromptTokens", "maxPromptTokens", "minOutputTokens", "maxOutputTokens")
_FLAGS: Final = ("structuredOutput", "tools", "tenants", "tasks", "expression")


def _ordered(low: int | None, high: int | None) -> bool:
    return low is None or high is None or low <= high


def _belongs(field: str, strategy: RouteStrategy, given: str, what: str) -> FieldRule[Any]:
    """Return the rule of a union's member: required by its strategy, refused with the others."""
    return FieldRule[Any](
        on=ModelRoute,
        field=field,
        fault=FieldErrorReason.INVALID,
        cel=f"(self.strategy == '{strategy}') == ({given})",
        holds=lambda it: (it.strategy is strategy) == bool(getattr(it, field)),
        because=f"{field} belongs to strategy {strategy}, which needs it",
        remedy=f"set strategy to {strategy} together with {what}, or remove {field} and choose another strategy",
    )


def _measure(field: str, name: str, check: AnswerCheck, example: str) -> FieldRule[Any]:
    """Return the rule of a validator's threshold: required by its validator, refused with the others."""
    return FieldRule[Any](
        on=Cascade,
        field=field,
        fault=FieldErrorReason.INVALID,
        cel=f"(self.validator == '{check}') == has(self.{field})",
        holds=lambda it: (it.validator is check) == (getattr(it, name) is not None),
        because=f"{field} belongs to validator {check}, which needs it",
        remedy=f"set validator to {check} together with {field}, for instance {example}, or remove {field}",
    )


_POLICY: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[Schedule](
        on=Schedule,
        field="minReplicas",
        fault=FieldErrorReason.INVALID,
        cel="!(has(self.minReplicas) && has(self.maxReplicas)) || self.minReplicas <= self.maxReplicas",
        holds=lambda it: _ordered(it.min_replicas, it.max_replicas),
        because="minReplicas must not exceed maxReplicas ({maxReplicas})",
        remedy="raise maxReplicas or lower minReplicas",
    ),
    FieldRule[Schedule](
        on=Schedule,
        field="minReplicas",
        fault=FieldErrorReason.REQUIRED,
        cel="has(self.minReplicas) || has(self.maxReplicas)",
        holds=lambda it: it.min_replicas is not None or it.max_replicas is not None,
        because="a schedule without bounds changes nothing",
        remedy="set minReplicas, maxReplicas or both",
    ),
    FieldRule[Metrics](
        on=Metrics,
        field="prometheus",
        fault=FieldErrorReason.INVALID,
        cel="(self.source == 'Prometheus') == has(self.prometheus)",
        holds=lambda it: (it.source is MetricsSource.PROMETHEUS) == (it.prometheus is not None),
        because="prometheus belongs to source Prometheus, which needs its address",
        remedy="set source to Prometheus together with prometheus.url, or remove prometheus",
    ),
)
_ROUTES: Final[tuple[FieldRule[Any], ...]] = (
    _belongs("weighted", RouteStrategy.WEIGHTED, "has(self.weighted) && size(self.weighted) > 0", "its deployments"),
    _belongs("rules", RouteStrategy.RULES, "has(self.rules) && size(self.rules) > 0", "its lines"),
    _belongs("cascade", RouteStrategy.CASCADE, "has(self.cascade)", "its deployments and validator"),
    FieldRule[ModelRoute](
        on=ModelRoute,
        field="deployment",
        fault=FieldErrorReason.REQUIRED,
        cel="!(self.strategy in ['Single', 'Rules']) || has(self.deployment)",
        holds=lambda it: it.strategy not in (RouteStrategy.SINGLE, RouteStrategy.RULES) or it.deployment is not None,
        because="strategy Single needs a deployment, and so does Rules for requests that match no rule",
        remedy="set deployment to the name of an InferenceDeployment, or to namespace/name",
    ),
    FieldRule[ModelRoute](
        on=ModelRoute,
        field="deployment",
        fault=FieldErrorReason.FORBIDDEN,
        cel="self.strategy in ['Single', 'Rules'] || !has(self.deployment)",
        holds=lambda it: it.strategy in (RouteStrategy.SINGLE, RouteStrategy.RULES) or it.deployment is None,
        because="strategies Weighted and Cascade name their deployments themselves",
        remedy="remove deployment, or use strategy Single",
    ),
    FieldRule[ModelRoute](
        on=ModelRoute,
        field="weighted",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.weighted) || size(self.weighted) == 0 || self.weighted.exists(one, one.weight > 0)",
        holds=lambda it: not it.weighted or any(one.weight for one in it.weighted),
        because="with every weight 0 no deployment gets requests",
        remedy="give one deployment a weight above 0",
    ),
    _measure("minConfidence", "min_confidence", AnswerCheck.CONFIDENCE, '"0.70"'),
    _measure("pattern", "pattern", AnswerCheck.PATTERN, "^[A-Z]{2}[0-9]{4}$"),
    _measure("minCharacters", "min_characters", AnswerCheck.MIN_LENGTH, "40"),
    FieldRule[Cascade](
        on=Cascade,
        field="refusalWords",
        fault=FieldErrorReason.INVALID,
        cel="self.validator == 'NoRefusal' || !has(self.refusalWords) || size(self.refusalWords) == 0",
        holds=lambda it: it.validator is AnswerCheck.NO_REFUSAL or not it.refusal_words,
        because="refusalWords are used only by validator NoRefusal",
        remedy="set validator to NoRefusal, or remove refusalWords",
    ),
    FieldRule[Cascade](
        on=Cascade,
        field="deployments",
        fault=FieldErrorReason.INVALID,
        cel="self.deployments.all(one, self.deployments.exists_one(other, other == one))",
        holds=lambda it: len(set(it.deployments)) == len(it.deployments),
        because="a second try at the same deployment gives the same answer",
        remedy="name each deployment once",
    ),
    FieldRule[Fallback](
        on=Fallback,
        field="deployments",
        fault=FieldErrorReason.INVALID,
        cel="self.deployments.all(one, self.deployments.exists_one(other, other == one))",
        holds=lambda it: len(set(it.deployments)) == len(it.deployments),
        because="a deployment that could not answer is not tried twice",
        remedy="name each of them once",
    ),
    FieldRule[When](
        on=When,
        field="minPromptTokens",
        fault=FieldErrorReason.INVALID,
        cel="!(has(self.minPromptTokens) && has(self.maxPromptTokens)) || self.minPromptTokens <= self.maxPromptTokens",
        holds=lambda it: _ordered(it.min_prompt_tokens, it.max_prompt_tokens),
        because="minPromptTokens must not exceed maxPromptTokens ({maxPromptTokens}), or the rule never matches",
        remedy="raise maxPromptTokens or lower minPromptTokens",
    ),
    FieldRule[When](
        on=When,
        field="minOutputTokens",
        fault=FieldErrorReason.INVALID,
        cel="!(has(self.minOutputTokens) && has(self.maxOutputTokens)) || self.minOutputTokens <= self.maxOutputTokens",
        holds=lambda it: _ordered(it.min_output_tokens, it.max_output_tokens),
        because="minOutputTokens must not exceed maxOutputTokens ({maxOutputTokens}), or the rule never matches",
        remedy="raise maxOutputTokens or lower minOutputTokens",
    ),
    FieldRule[When](
        on=When,
        field="difficulty",
        fault=FieldErrorReason.REQUIRED,
        cel=" || ".join(f"has(self.{name})" for name in (*_VALUES, *_FLAGS)),
        holds=lambda it: it != When(),
        because="a rule without a condition always matches and hides those below it",
        remedy="name at least one condition, or make its deployment the model's own deployment",
    ),
)
_GATEWAY: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[InferenceGatewaySpec](
        on=InferenceGatewaySpec,
        field="allowedNamespaces",
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.allowedNamespaces) || !('{EVERY_NAMESPACE}' in self.allowedNamespaces) || "
        "size(self.allowedNamespaces) == 1",
        holds=lambda it: EVERY_NAMESPACE not in it.allowed_namespaces or len(it.allowed_namespaces) == 1,
        because="* lets every namespace join, so other names beside it have no effect",
        remedy="remove *, or all the others",
    ),
)
RULES: Final = (*_POLICY, *_ROUTES, *_GATEWAY)

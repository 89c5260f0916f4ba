"""Validation rules across the fields of an evaluation."""

from typing import Any, Final

from fairlead.api.evaluation import EvaluationScorer, EvaluationSpec, ScorerType
from fairlead.api.evaluation_items import EvaluationItems, SourceItems
from fairlead.api.evaluation_runner import EvaluationRunner, HarnessApi
from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.fleet.evaluation_runners import RunnerKind

_TEXTS: Final = (ScorerType.EXACT, ScorerType.ONE_OF, ScorerType.CONTAINS, ScorerType.REGEX)
_NAMES: Final = ", ".join(_TEXTS)


def _belongs(field: str, type_: ScorerType, remedy: str) -> FieldRule[Any]:
    return FieldRule[Any](
        on=EvaluationScorer,
        field=field,
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!has(self.{field}) || (has(self.type) && self.type == '{type_}')",
        holds=lambda it: getattr(it, field) is None or it.type is type_,
        because=f"{field} belongs to scorer {type_}",
        remedy=remedy,
    )


def _of_scheme(field: str, name: str, scheme: str, remedy: str) -> FieldRule[Any]:
    return FieldRule[Any](
        on=SourceItems,
        field=field,
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!has(self.{field}) || self.url.startsWith('{scheme}')",
        holds=lambda it: not getattr(it, name) or it.url.startswith(scheme),
        because=f"{field} belongs to an {scheme} source",
        remedy=remedy,
    )


_IS: Final = "(has(self.type) ? self.type : 'BuiltIn')"
OWNED: Final = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "HOME", "NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
"""Environment variables that the operator sets in a runner's container, besides those that begin with FAIRLEAD_."""


def _of_runners(field: str, name: str, kinds: tuple[RunnerKind, ...]) -> FieldRule[Any]:
    """Return a rule for a field that only these runners read; its default value is allowed with every runner."""
    names, words = [one.value for one in kinds], " and ".join(one.value for one in kinds)
    usual = EvaluationRunner()
    given = {
        "command": "self.command.size() > 0",
        "args": "self.args.size() > 0",
        "env": "self.env.size() > 0",
        "imagePullSecrets": "self.imagePullSecrets.size() > 0",
        "api": f"self.api != '{HarnessApi.CHAT}'",
        "deadline": "self.deadline != '1h'",
        "resources": "((has(self.resources.cpu) && self.resources.cpu != '500m') || "
        "(has(self.resources.memory) && string(self.resources.memory) != '2Gi'))",
    }.get(field, "true")
    return FieldRule[EvaluationRunner](
        on=EvaluationRunner,
        field=field,
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!(has(self.{field}) && {given}) || {_IS} in {names}",
        holds=lambda it: getattr(it, name) == getattr(usual, name) or it.type in kinds,
        because=f"{field} belongs to runner {words}",
        remedy=f"remove {field}, or set type to {names[-1]}",
    )


_PODS: Final = (RunnerKind.LM_EVAL, RunnerKind.JOB)
_RUNNER_RULES: Final[tuple[FieldRule[Any], ...]] = (
    _of_runners("image", "image", _PODS),
    _of_runners("command", "command", (RunnerKind.JOB,)),
    _of_runners("args", "args", (RunnerKind.JOB,)),
    _of_runners("env", "env", _PODS),
    _of_runners("imagePullSecrets", "image_pull_secrets", _PODS),
    _of_runners("resources", "resources", _PODS),
    _of_runners("deadline", "deadline", _PODS),
    _of_runners("task", "task", (RunnerKind.LM_EVAL,)),
    _of_runners("api", "api", (RunnerKind.LM_EVAL,)),
    _of_runners("metric", "metric", (RunnerKind.LM_EVAL,)),
    FieldRule[EvaluationRunner](
        on=EvaluationRunner,
        field="image",
        fault=FieldErrorReason.REQUIRED,
        cel=f"{_IS} == 'BuiltIn' || has(self.image)",
        holds=lambda it: it.type is RunnerKind.BUILT_IN or it.image is not None,
        because="this runner runs a program in a pod",
        remedy="set image to the image that contains it",
    ),
    FieldRule[EvaluationRunner](
        on=EvaluationRunner,
        field="task",
        fault=FieldErrorReason.REQUIRED,
        cel=f"{_IS} != 'LmEval' || has(self.task)",
        holds=lambda it: it.type is not RunnerKind.LM_EVAL or it.task is not None,
        because="runner LmEval runs one task of the harness",
        remedy="set task to its name, for instance support",
    ),
    FieldRule[EvaluationRunner](
        on=EvaluationRunner,
        field="env",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!has(self.env) || self.env.all(one, !one.name.startsWith('FAIRLEAD_') && !(one.name in {list(OWNED)}))",
        holds=lambda it: not any(one.name.startswith("FAIRLEAD_") or one.name in OWNED for one in it.env),
        because="Fairlead sets this variable itself",
        remedy="remove it, or give yours another name",
    ),
    FieldRule[EvaluationSpec](
        on=EvaluationSpec,
        field="scorer",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.scorer) || !has(self.runner) || !has(self.runner.type) || self.runner.type == 'BuiltIn' || "
        "((!has(self.scorer.type) || self.scorer.type == 'Exact') && !has(self.scorer.tolerance) && "
        "!has(self.scorer.field) && !has(self.scorer.choices) && !has(self.scorer.judge) && "
        "(!has(self.scorer.ignoreCase) || !self.scorer.ignoreCase))",
        holds=lambda it: it.runner.type is RunnerKind.BUILT_IN or it.scorer == EvaluationScorer(),
        because="this runner scores the answers itself",
        remedy="remove scorer, or set runner.type to BuiltIn",
    ),
    FieldRule[EvaluationSpec](
        on=EvaluationSpec,
        field="items",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.runner) || !has(self.runner.type) || self.runner.type != 'LmEval' || "
        "!has(self.items.source) || !self.items.source.url.startsWith('hf://')",
        holds=lambda it: (
            it.runner.type is not RunnerKind.LM_EVAL
            or it.items.source is None
            or not it.items.source.url.startswith("hf://")
        ),
        because="a task of the harness is a folder with its YAML file, but only one file is read from a hub",
        remedy="put both into a ConfigMap, a volume or an image",
    ),
)
RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[EvaluationItems](
        on=EvaluationItems,
        field="configMap",
        fault=FieldErrorReason.INVALID,
        cel="(has(self.configMap) ? 1 : 0) + (has(self.persistentVolumeClaim) ? 1 : 0) "
        "+ (has(self.source) ? 1 : 0) == 1",
        holds=lambda it: [it.config_map, it.persistent_volume_claim, it.source].count(None) == 2,
        because="items come from exactly one of configMap, persistentVolumeClaim and source",
        remedy="keep one of them, for instance configMap: {name: questions, key: items.jsonl}",
    ),
    _of_scheme("revision", "revision", "hf://", "remove revision, and end an oci:// source with its tag or digest"),
    _of_scheme("tokenSecret", "token_secret", "hf://", "remove tokenSecret, and name imagePullSecrets for a registry"),
    _of_scheme("endpoint", "endpoint", "hf://", "remove endpoint, and write the registry's host in the url"),
    FieldRule[SourceItems](
        on=SourceItems,
        field="imagePullSecrets",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.imagePullSecrets) || self.imagePullSecrets.size() == 0 || self.url.startsWith('oci://')",
        holds=lambda it: not it.image_pull_secrets or it.url.startswith("oci://"),
        because="imagePullSecrets belongs to an oci:// source",
        remedy="remove imagePullSecrets, and name tokenSecret for a hub",
    ),
    _belongs("tolerance", ScorerType.NUMBER, "remove tolerance, or set type to Number"),
    _belongs("field", ScorerType.JSON_FIELD, "remove field, or set type to JSONField"),
    _belongs("choices", ScorerType.CHOICE, "remove choices, or set type to Choice"),
    _belongs("judge", ScorerType.JUDGE, "remove judge, or set type to Judge"),
    FieldRule[EvaluationScorer](
        on=EvaluationScorer,
        field="judge",
        fault=FieldErrorReason.REQUIRED,
        cel="!has(self.type) || self.type != 'Judge' || has(self.judge)",
        holds=lambda it: it.type is not ScorerType.JUDGE or it.judge is not None,
        because="scorer Judge asks a model which answer is better",
        remedy="set judge to its url and model",
    ),
    FieldRule[EvaluationScorer](
        on=EvaluationScorer,
        field="field",
        fault=FieldErrorReason.REQUIRED,
        cel="!has(self.type) || self.type != 'JSONField' || has(self.field)",
        holds=lambda it: it.type is not ScorerType.JSON_FIELD or it.field is not None,
        because="scorer JSONField compares one field of the answer",
        remedy="set field to its path, for instance city.name",
    ),
    FieldRule[EvaluationScorer](
        on=EvaluationScorer,
        field="ignoreCase",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.ignoreCase) || !self.ignoreCase || !has(self.type) || self.type in "
        f"[{', '.join(f'{one.value!r}' for one in _TEXTS)}]",
        holds=lambda it: not it.ignore_case or it.type in _TEXTS,
        because=f"only {_NAMES} compare letter case",
        remedy=f"remove ignoreCase, or set type to one of {_NAMES}",
    ),
    *_RUNNER_RULES,
)

"""The rules between the fields of an evaluation."""

from typing import Any, Final

from fairlead.api.evaluation import EvaluationScorer, ScorerType
from fairlead.api.evaluation_items import EvaluationItems, SourceItems
from fairlead.api.field_rule import FieldErrorReason, FieldRule

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
        because=f"only {_NAMES} compare letters",
        remedy=f"remove ignoreCase, or set type to one of {_NAMES}",
    ),
)

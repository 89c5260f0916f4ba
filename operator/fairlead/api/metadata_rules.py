"""Validation rules of labels and annotations, of pods and of the Service: Kubernetes' syntax, and Fairlead's keys."""

import re
from typing import Any, Final

from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.pod_metadata import PodMetadata
from fairlead.api.traffic import Service

_NAME: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_KEY: Final = f"({_DOMAIN}/)?{_NAME}"
_VALUE: Final = f"({_NAME})?"
_OURS: Final = ("fairlead.dev/", "app.kubernetes.io/", "pod-template-hash")
"""How keys of labels begin that the pods' Deployments select or set."""
_OUR_ANNOTATIONS: Final = "fairlead.dev/"

_FREE: Final = " && ".join(f"!key.startsWith('{one}')" for one in _OURS)


def _is_label(key: str, text: str) -> bool:
    return re.fullmatch(_KEY, key) is not None and re.fullmatch(_VALUE, text) is not None


def _named(part: type[PodMetadata | Service], because: str) -> FieldRule[Any]:
    """Annotations have names that Kubernetes accepts."""
    return FieldRule[Any](
        on=part,
        field="annotations",
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.annotations) || self.annotations.all(key, key.matches('^{_KEY}$'))",
        holds=lambda it: all(re.fullmatch(_KEY, key) for key in it.annotations),
        because=because,
        remedy="write NAME or domain/NAME, the name of at most 63 letters, digits and - _ . with a letter or digit at "
        "both ends",
    )


def _free(part: type[PodMetadata | Service]) -> FieldRule[Any]:
    """No annotation is one of ours."""
    return FieldRule[Any](
        on=part,
        field="annotations",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!has(self.annotations) || self.annotations.all(key, !key.startsWith('{_OUR_ANNOTATIONS}'))",
        holds=lambda it: not any(key.startswith(_OUR_ANNOTATIONS) for key in it.annotations),
        because="annotations of fairlead.dev are records of Fairlead",
        remedy="remove it, or use a key of your own",
    )


RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[PodMetadata](
        on=PodMetadata,
        field="labels",
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.labels) || self.labels.all(key, key.matches('^{_KEY}$') && "
        f"self.labels[key].matches('^{_VALUE}$'))",
        holds=lambda it: all(_is_label(key, text) for key, text in it.labels.items()),
        because="Kubernetes refuses a pod with such a label",
        remedy="write NAME or domain/NAME: at most 63 letters, digits and - _ . with a letter or digit at both ends; "
        "values likewise, or empty",
    ),
    _named(PodMetadata, "Kubernetes refuses a pod with an annotation of such a name"),
    _named(Service, "Kubernetes refuses a Service with an annotation of such a name, and no router would be reachable"),
    FieldRule[PodMetadata](
        on=PodMetadata,
        field="labels",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!has(self.labels) || self.labels.all(key, {_FREE})",
        holds=lambda it: not any(key.startswith(_OURS) for key in it.labels),
        because="Fairlead finds its pods by labels of fairlead.dev and app.kubernetes.io, and Kubernetes by "
        "pod-template-hash",
        remedy="remove it, or use a key of your own",
    ),
    _free(PodMetadata),
    _free(Service),
)

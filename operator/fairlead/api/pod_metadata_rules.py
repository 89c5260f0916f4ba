"""Validation rules of labels and annotations: what Kubernetes would refuse on every pod, and what Fairlead sets."""

import re
from typing import Any, Final

from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.pod_metadata import PodMetadata

_NAME: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_KEY: Final = f"({_DOMAIN}/)?{_NAME}"
_VALUE: Final = f"({_NAME})?"
_OURS: Final = ("fairlead.dev/", "app.kubernetes.io/", "pod-template-hash")
"""How keys of labels begin that the pods' Deployments select or set."""
_OUR_ANNOTATIONS: Final = "fairlead.dev/"


def _is_label(key: str, text: str) -> bool:
    return re.fullmatch(_KEY, key) is not None and re.fullmatch(_VALUE, text) is not None


_FREE: Final = " && ".join(f"!key.startsWith('{one}')" for one in _OURS)
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
    FieldRule[PodMetadata](
        on=PodMetadata,
        field="annotations",
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.annotations) || self.annotations.all(key, key.matches('^{_KEY}$'))",
        holds=lambda it: all(re.fullmatch(_KEY, key) for key in it.annotations),
        because="Kubernetes refuses a pod with an annotation of such a name",
        remedy="write NAME or domain/NAME, the name of at most 63 letters, digits and - _ . with a letter or digit at "
        "both ends",
    ),
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
    FieldRule[PodMetadata](
        on=PodMetadata,
        field="annotations",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!has(self.annotations) || self.annotations.all(key, !key.startsWith('{_OUR_ANNOTATIONS}'))",
        holds=lambda it: not any(key.startswith(_OUR_ANNOTATIONS) for key in it.annotations),
        because="annotations of fairlead.dev are records of Fairlead",
        remedy="remove it, or use a key of your own",
    ),
)

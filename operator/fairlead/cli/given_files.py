"""The files that a command plays, argument by argument: each deployment has the policies of its own argument."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from fairlead.api import kinds
from fairlead.cli import foreign_documents
from fairlead.cluster import documents
from fairlead.cluster.documents import YamlDocument
from fairlead.review import admission, gateway_review, policies
from fairlead.review.context import ObjectKey, ReviewContext

Part = Sequence[YamlDocument]
"""The documents of one argument: of a file, or of all files of a folder."""


def read(paths: Sequence[str]) -> list[Part]:
    """Read each argument; raises `ValueError` for an unreadable document."""
    parts: list[Part] = [list(documents.read([path])) for path in paths]
    for one in chain.from_iterable(parts):
        if one.problem:
            raise ValueError(f"{one.place}: {one.problem}")
    return parts


def placed(parts: Sequence[Part], namespace: str) -> list[Part]:
    """Return them with this namespace for objects of ours that name none, as `kubectl apply --namespace` does."""
    return [[_placed(one, namespace) for one in part] for part in parts]


def policies_of(parts: Sequence[Part]) -> list[ObjectKey]:
    """The keys of all policies, in order."""
    return [key for part in parts for key, _ in _policies(part)]


def check(parts: Sequence[Part], context: ReviewContext) -> None:
    """Refuse unknown kinds, policies that admission refuses, and two objects of one name where it is open which counts.

    It is clear if each is in an argument of its own beside the deployments that name it.
    """
    first: dict[ObjectKey, tuple[Part, YamlDocument]] = {}
    for part, one in ((each, one) for each in parts for one in each):
        _check_alone(one, context)
        for key in _keys(one):
            before, there = first.setdefault(key, (part, one))
            apart = before is not part and _deploys(before) and _deploys(part)
            if there is not one and not apart:
                raise ValueError(
                    f"{one.place}: a second {key.kind} {key.namespace}/{key.name}; the first is in {there.place}; "
                    "keep one, or write each into a file with its deployment"
                )


def own_context(part: Part, parts: Sequence[Part], context: ReviewContext) -> ReviewContext:
    """Return the context for deployments of one argument; names that others define differently are not known to it."""
    defined = Counter(key for each in parts for key in {key for one in each for key in _keys(one)})
    mine = {key for one in part for key in _keys(one)}
    open_ones = {key for key, times in defined.items() if times > 1 and key not in mine}
    return replace(
        context,
        policies=_without(context.policies, open_ones) | dict(_policies(part)),
        gateways=_without(context.gateways, open_ones) | dict(_gateways(part)),
    )


def repeated_names(parts: Sequence[Part]) -> frozenset[str]:
    """Names that several deployments have, so that a table has to add their places."""
    names = Counter(name_of(one) for part in parts for one in part if is_deployment(one))
    return frozenset(name for name, times in names.items() if times > 1)


def is_deployment(one: YamlDocument) -> bool:
    """Whether it is an InferenceDeployment."""
    return kind_of(one) == kinds.DEPLOYMENT.name


def kind_of(one: YamlDocument) -> str | None:
    """Return the kind as written."""
    kind = one.content.get("kind") if isinstance(one.content, dict) else None
    return kind if isinstance(kind, str) else None


def name_of(one: YamlDocument) -> str:
    """Return the name as written; empty if there is none."""
    metadata = one.content.get("metadata") if isinstance(one.content, dict) else None
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _placed(one: YamlDocument, namespace: str) -> YamlDocument:
    metadata = one.content.get("metadata") if isinstance(one.content, dict) else None
    if kind_of(one) not in admission.KINDS or not isinstance(metadata, dict) or metadata.get("namespace"):
        return one
    assert isinstance(one.content, dict)
    return replace(one, content=one.content | {"metadata": metadata | {"namespace": namespace}})


def _deploys(part: Part) -> bool:
    return any(is_deployment(one) for one in part)


def _check_alone(one: YamlDocument, context: ReviewContext) -> None:
    """Deployments are reviewed when they are read, and gateways are not played."""
    unknown = kind_of(one) not in admission.KINDS and not foreign_documents.is_foreign(one.content)
    if unknown or kind_of(one) == kinds.POLICY.name:
        refusals = admission.review(one.content, context).refusals
        if refusals:
            raise ValueError(f"{one.place}: {refusals[0].sentence}")


def _policies(part: Part) -> Iterator[tuple[ObjectKey, Any]]:
    yield from (found for one in part if (found := policies.read(one.content)))


def _gateways(part: Part) -> Iterator[tuple[ObjectKey, Any]]:
    yield from (found for one in part if (found := gateway_review.read(one.content)))


def _keys(one: YamlDocument) -> Iterator[ObjectKey]:
    yield from (key for key, _ in (*_policies([one]), *_gateways([one])))


def _without(objects: Mapping[ObjectKey, Any], keys: set[ObjectKey]) -> dict[ObjectKey, Any]:
    return {key: value for key, value in objects.items() if key not in keys}

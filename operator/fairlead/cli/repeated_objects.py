"""Objects of one kind and name in one file: `kubectl apply` applies both, and the second replaces the first."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from fairlead.cluster.documents import YamlDocument
from fairlead.fleet.findings import SpecRefusal
from fairlead.review.result import AdmissionReason, Review


def refused(
    reviews: Iterable[tuple[YamlDocument, Review | None]],
) -> Iterator[tuple[YamlDocument, Review | None]]:
    """Yield all reviews, with a refusal for each object that an earlier document of the same file has too."""
    first: dict[tuple[str, str, object, str], str] = {}
    for document, review in reviews:
        if review is None or not review.name:
            yield document, review
            continue
        place = first.setdefault(
            (document.file, review.kind, _namespace(document.content), review.name), document.place
        )
        yield document, review if place == document.place else _repeating(review, place)


def _namespace(content: Any) -> object:  # noqa: ANN401  # any YAML
    """Return the namespace as written: what stands for none depends on who applies it."""
    metadata = content.get("metadata") if isinstance(content, dict) else None
    found = metadata.get("namespace") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


def _repeating(review: Review, place: str) -> Review:
    refusal = SpecRefusal(
        field="metadata.name",
        value=review.name,
        reason=AdmissionReason.REPEATED,
        because=f"{place} has this kind and name too; once applied, this one would replace it",
        remedy="rename one of them, or remove it",
    )
    return replace(review, refusals=(*review.refusals, refusal))

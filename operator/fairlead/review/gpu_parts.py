"""Whether a replica on a slice of a GPU gets the one that its product names, and can work on it. Pure."""

from collections.abc import Iterator

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredRevision
from fairlead.fleet.findings import SpecRefusal
from fairlead.objects import engine_placement
from fairlead.review.result import AdmissionReason


def refusals(revision: DesiredRevision) -> Iterator[SpecRefusal]:
    """Refuse what no engine on a slice could do."""
    if revision.engine.kind not in WITHOUT_GPU:
        yield from _another_slice(revision)
        yield from _joined_slices(revision)


def _another_slice(revision: DesiredRevision) -> Iterator[SpecRefusal]:
    """A replica computes on what its resource names, and would be sized and priced as what its product does."""
    product, resource = engine_placement.gpu_product(revision), revision.resource
    requested = engine_placement.slice_named(resource)
    whole, named = engine_placement.request_of(product)
    if requested and engine_placement.slice_named(named) != requested:
        yield SpecRefusal(
            field="spec.accelerator.resource",
            value=resource,
            reason=AdmissionReason.PART_DIFFERS,
            because=f"it requests another slice of a GPU than {product}",
            remedy=f"write {named}, and {whole} as the product",
        )


def _joined_slices(revision: DesiredRevision) -> Iterator[SpecRefusal]:
    """A process sees one slice, whatever its pod has, so it finds no second one for its next rank."""
    product, parallelism = engine_placement.gpu_product(revision), revision.parallelism
    for degree, number in (("tensor", parallelism.tensor), ("pipeline", parallelism.pipeline)):
        if number > 1 and "-MIG-" in product:
            yield SpecRefusal(
                field=f"spec.parallelism.{degree}",
                value=str(number),
                reason=AdmissionReason.PARTS_JOINED,
                because=f"slices of a GPU such as {product} cannot compute one model together",
                remedy="remove it, and name a slice or a GPU that holds the whole model",
            )

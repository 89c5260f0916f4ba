"""Whether the slice of a GPU that a replica requests is the one that its product names. Pure."""

from collections.abc import Iterator

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredRevision
from fairlead.fleet.findings import SpecRefusal
from fairlead.objects import engine_placement
from fairlead.review.result import AdmissionReason


def refusals(wanted: DesiredRevision) -> Iterator[SpecRefusal]:
    """A replica computes on what its resource names, and would be sized and priced as what its product does."""
    product, resource = engine_placement.gpu_product(wanted), wanted.resource
    requested = engine_placement.slice_named(resource)
    whole, named = engine_placement.request_of(product)
    if requested and engine_placement.slice_named(named) != requested and wanted.engine.kind not in WITHOUT_GPU:
        yield SpecRefusal(
            field="spec.accelerator.resource",
            value=resource,
            reason=AdmissionReason.PART_DIFFERS,
            because=f"it requests another slice of a GPU than {product}",
            remedy=f"write {named}, and {whole} as the product",
        )

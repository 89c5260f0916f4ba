"""Fields that this release reads but does not act on: refused if serving depends on them, else warned of. Pure.

A field that is accepted silently is a promise; until a release keeps it, the finding says what to write instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.model_routes import EXTERNAL, ModelRoute
from fairlead.review.result import AdmissionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbuiltFeature:
    """What routers of this release do not do with a route."""

    used: Callable[[ModelRoute], Iterator[tuple[str, str]]]
    """Returns the fields that request it, and their values."""
    because: str
    remedy: str


def _copied_outside(route: ModelRoute) -> Iterator[tuple[str, str]]:
    if route.shadow is not None and route.shadow.target.startswith(EXTERNAL):
        yield "shadow.deployment", route.shadow.target


UNBUILT: Final = (
    UnbuiltFeature(
        used=_copied_outside,
        because="an external API would bill every copy, and no tenant pays for copies, so routers send it none",
        remedy="name a deployment here, or give the API a small weight in weighted to try it on real requests",
    ),
)
"""Remove an entry once routers support its feature; then the field's description must say so, too."""


def of_gateway(gateway: DesiredGateway) -> Iterator[SpecRefusal]:
    """Refuse everything that its routes request and its routers would not do."""
    for number, route in enumerate(gateway.routes.routes):
        for feature in UNBUILT:
            for field, value in feature.used(route):
                yield SpecRefusal(
                    field=f"spec.models[{number}].{field}",
                    value=value,
                    reason=AdmissionReason.NOT_AVAILABLE,
                    because=feature.because,
                    remedy=feature.remedy,
                )

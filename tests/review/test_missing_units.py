"""An amount without its unit is warned of: Kubernetes takes 64 as 64 bytes, and 8000 as 8000 cores."""

from typing import Any

import pytest

from fairlead.review import admission
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, deployment, gateway

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def warned(**spec: Any) -> list[str]:  # noqa: ANN401  # any field of a spec
    """The warnings about units."""
    found = admission.review(deployment(**spec), OFFLINE)
    assert found.refusals == ()
    return [one.sentence for one in found.warnings if one.reason is AdmissionReason.UNIT_MISSING]


def test_memory_without_a_unit_is_bytes() -> None:
    (found,) = warned(resources={"limits": {"memory": "64"}})
    assert found == (
        "spec.resources.limits.memory: 64: this is less than 1 MiB: a number without a unit counts bytes; "
        "write the unit, for instance 64Gi"
    )


def test_thousandths_without_a_unit_are_whole_cores() -> None:
    (found,) = warned(resources={"requests": {"cpu": "8000"}})
    assert found == (
        "spec.resources.requests.cpu: 8000: a number without a unit counts whole cores, and no node has so many; "
        "write 8000m for 8 cores"
    )


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"storage": {"sharedMemory": "8"}}, "spec.storage.sharedMemory"),
        ({"resources": {"requests": {"ephemeral-storage": "100"}}}, "spec.resources.requests.ephemeral-storage"),
        ({"router": {"resources": {"requests": {"memory": "512"}}}}, "spec.router.resources.requests.memory"),
    ],
)
def test_it_holds_for_every_amount(spec: dict[str, Any], field: str) -> None:
    (found,) = warned(**spec)
    assert found.startswith(f"{field}: ")


def test_routers_of_a_gateway_are_reviewed_too() -> None:
    found = admission.review(gateway(resources={"limits": {"cpu": "2000"}}), OFFLINE).warnings
    assert [one.remedy for one in found if one.field == "spec.resources.limits.cpu"] == ["write 2000m for 2 cores"]


def test_amounts_with_units_and_few_cores_are_not_warned_of() -> None:
    amounts = {"cpu": "192", "memory": "1Mi", "ephemeral-storage": "100Gi"}
    assert warned(resources={"requests": amounts}, storage={"sharedMemory": "1Gi"}) == []
    assert warned(resources={"requests": {"ephemeral-storage": "0"}}, storage={"sharedMemory": "0"}) == []
    assert warned(gateway={"name": "company"}) == []

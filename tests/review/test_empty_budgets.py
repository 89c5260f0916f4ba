"""A tenant's budget of 0: each of its requests is refused, though people mean no limit by it."""

from typing import Any

from fairlead.review import admission
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, Object, deployment, gateway


def shop(**fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any field of a tenant
    """Tenants of a router, one of them with these fields."""
    named = {"name": "shop", "keys": [{"name": "chat-keys", "key": "shop"}]} | fields
    return {"tenants": [{"name": "bank", "keys": [{"name": "chat-keys", "key": "bank"}]}, named]}


def empty(given: Object) -> list[tuple[str, str]]:
    """Each budget that is warned of, and its value."""
    every = admission.review(given, CONTEXT).warnings
    return [(one.field, one.because) for one in every if one.reason is AdmissionReason.NOTHING_TO_SPEND]


def test_a_budget_of_0_is_warned_of_at_both_kinds_of_routers() -> None:
    because = "it pays for nothing: each request of tenant shop that has a price gets 429"
    for nothing in ("0", "0.00"):
        tenants = shop(budget={"maxCost": nothing})
        assert empty(deployment(router=tenants)) == [("spec.router.tenants[1].budget.maxCost", because)]
        assert empty(gateway(**tenants)) == [("spec.tenants[1].budget.maxCost", because)]


def test_one_that_pays_for_something_or_only_counts_is_not() -> None:
    assert empty(gateway(**shop(budget={"maxCost": "0.01"}))) == []
    assert empty(gateway(**shop(budget={"maxCost": "0"}, enforcement="Shadow"))) == []
    assert empty(gateway(**shop())) == []

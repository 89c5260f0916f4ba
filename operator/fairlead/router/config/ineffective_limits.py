"""Limits in a router's configuration that have no effect, although the file suggests protection. Pure."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from fairlead.router.config.settings import RouterConfig

_SHOWN: Final = 3


def warnings(settings: RouterConfig, tenants_with_keys: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each: tenants without a key, models that are not served, budgets without a price."""
    yield from _without_keys(settings, tenants_with_keys)
    yield from _unserved_models(settings)
    yield from _unpriced_budgets(settings)


def _without_keys(settings: RouterConfig, tenants_with_keys: Collection[str]) -> Iterator[str]:
    named = settings.key_places or settings.tenant_keys
    if settings.routing.tenants and not tenants_with_keys and named and settings.routing.oidc is None:
        yield "no key of any tenant could be read: every request gets 401; create the keys"


def _unserved_models(settings: RouterConfig) -> Iterator[str]:
    models = set(settings.models)
    for tenant in settings.routing.tenants:
        if models and (strange := sorted(tenant.models - models)):
            served = ", ".join(sorted(models))
            yield f"tenant {tenant.name}: models: {', '.join(strange)}: not served here; served: {served}"


def _unpriced_budgets(settings: RouterConfig) -> Iterator[str]:
    tenant = next((one.name for one in settings.routing.tenants if one.budget is not None), None)
    unpriced = [one.target for one in settings.served if one.price_per_hour is None]
    if tenant is None or not unpriced:
        return
    of = f" for {', '.join(unpriced[:_SHOWN])}{_more(unpriced)}" if settings.is_gateway else ""
    remedy = "add its GPU's price to the chart's value products" if settings.rendered_from else "set pricePerHour"
    yield (
        f"tenant {tenant}: budget: no price is known{of}, so requests there cost nothing and the budget refuses none; "
        f"{remedy}"
    )


def _more(found: Sequence[str]) -> str:
    return f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""

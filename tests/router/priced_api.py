"""A gateway whose only model is an external API with prices, for a tenant with a budget."""

from pathlib import Path

from tests.router.gateways import single, written
from tests.router.test_costs import PRICES, budget, tenants
from tests.router.test_external_apis import outside


def before(address: str, folder: Path, amount: str) -> Path:
    """Write the configuration; the tenant `shop` may spend the amount."""
    return written(
        folder,
        [],
        [single("chat", "external/big")],
        [outside(address, folder, prices=PRICES)],
        tenants=tenants(folder, shop=budget(amount)),
    )

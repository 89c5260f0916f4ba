"""What the dispatchers of one router share of its tenants, so that their limits hold over all of them together."""

from fairlead.routing.accounts import Account, Accounts
from fairlead.routing.fair_queue import TenantQueue


class Tenancy:
    """The accounts of one router, and the queues that wait for one of a tenant's requests to end."""

    __slots__ = ("accounts", "parked")

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.parked: dict[Account, list[TenantQueue]] = {}
        """Queues set aside because their tenant's concurrency is used up; they return when one of its requests ends, at
        any dispatcher."""

"""What the dispatchers of one router share of its tenants, so that their limits hold over all of them together."""

from fairlead.routing.accounts import Accounts
from fairlead.routing.parked_queues import ParkedQueues


class Tenancy:
    """The accounts of one router, and the queues that wait for one of a tenant's requests to end."""

    __slots__ = ("accounts", "parked")

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.parked = ParkedQueues()

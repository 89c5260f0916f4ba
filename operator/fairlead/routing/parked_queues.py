"""Queues set aside because their tenant's concurrency is used up, at all dispatchers of one router."""

from collections.abc import Collection

from fairlead.routing.accounts import Account
from fairlead.routing.fair_queue import FairQueue, TenantQueue


class ParkedQueues(dict[Account, list[TenantQueue]]):
    """By tenant; they return when one of its requests ends, at any dispatcher."""

    def park(self, account: Account, queue: TenantQueue) -> None:
        """Set a queue aside until one of its tenant's requests ends."""
        lines = self.setdefault(account, [])
        if queue not in lines:
            lines.append(queue)

    def unpark(self, account: Account) -> None:
        """Put the tenant's queues back, because one of its requests ended."""
        for queue in self.pop(account, ()):
            queue.queue.put_back(queue)

    def forget(self, own: Collection[FairQueue]) -> None:
        """Remove queues of these bands, which are about to be replaced."""
        for account, lines in list(self.items()):
            others = [queue for queue in lines if queue.queue not in own]
            if others:
                self[account] = others
            else:
                del self[account]

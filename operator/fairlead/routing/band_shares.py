"""What each tenant of one band has waiting in all lanes that share a limit, and who has most of it for its weight.

A tenant counts with all that it has: otherwise one that fills the long lane would take places and bytes from others in
the interactive lane, where it has few.
"""

from collections.abc import Callable, Iterator, Sequence

from fairlead.routing.accounts import Account
from fairlead.routing.fair_queue import FairQueue, TenantShare
from fairlead.routing.routing_request import RoutingRequest


class BandShares:
    """The queues of one band, one in each lane."""

    __slots__ = ("_queues",)

    def __init__(self, queues: Sequence[FairQueue]) -> None:
        self._queues = queues

    @property
    def waiting(self) -> int:
        """Waiting requests of all its tenants."""
        return sum(queue.waiting for queue in self._queues)

    @property
    def bytes(self) -> int:
        """Of all waiting requests' bodies."""
        return sum(queue.bytes for queue in self._queues)

    def part(self, account: Account) -> float:
        """Return the waiting requests of this tenant and one more, per unit of its weight."""
        return (sum(share.waiting for share in self._of(account)) + 1) / account.tenant.weight

    def longest(self) -> tuple[float, RoutingRequest] | None:
        """Return the largest number of waiting requests per unit of weight, and the newest request of that tenant."""
        found = self._most(_waiting)
        if found is None:
            return None
        part, account = found
        lines = (queue for share in self._of(account) for queue in share.lines.values() if queue.requests)
        return part, max((next(reversed(queue.requests)) for queue in lines), key=_queued_at)

    def part_of_bytes(self, request: RoutingRequest) -> float:
        """Return the bytes of this request and of its tenant's waiting ones, per unit of its weight."""
        account = request.account
        return (sum(share.bytes for share in self._of(account)) + request.body_bytes) / account.tenant.weight

    def bytes_beyond(self, part: float) -> float:
        """Return the bytes that tenants have beyond this many per unit of their weight."""
        return sum(max(size - part * account.tenant.weight, 0.0) for account, size in self._sums(_bytes).items())

    def largest(self) -> tuple[float, RoutingRequest] | None:
        """Return the largest number of waiting bytes per unit of weight, and that tenant's largest request; the newest
        of equals."""
        found = self._most(_bytes)
        if found is None:
            return None
        part, account = found
        lines = (queue for share in self._of(account) for queue in share.lines.values())
        return part, max((request for queue in lines for request in queue.requests), key=_size_and_time)

    def _of(self, account: Account) -> Iterator[TenantShare]:
        return (share for queue in self._queues if (share := queue.shares.get(account)) is not None)

    def _sums(self, what: Callable[[TenantShare], int]) -> dict[Account, int]:
        """Return what each tenant has of this in all lanes together."""
        sums: dict[Account, int] = {}
        for queue in self._queues:
            for account, share in queue.shares.items():
                sums[account] = sums.get(account, 0) + what(share)
        return sums

    def _most(self, what: Callable[[TenantShare], int]) -> tuple[float, Account] | None:
        """Return the tenant that has most of this per unit of its weight, and how much; None if nobody has any."""
        parts = {account: found / account.tenant.weight for account, found in self._sums(what).items() if found}
        if not parts:
            return None
        most = max(parts, key=parts.__getitem__)
        return parts[most], most


def _waiting(share: TenantShare) -> int:
    return share.waiting


def _bytes(share: TenantShare) -> int:
    return share.bytes


def _queued_at(request: RoutingRequest) -> float:
    return request.queued_at


def _size_and_time(request: RoutingRequest) -> tuple[int, float]:
    return request.body_bytes, request.queued_at

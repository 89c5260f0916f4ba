"""Which of several routers keeps a tenant's rates: rendezvous hashing over those that are ready."""

from collections.abc import Collection
from hashlib import blake2b


def rate_owner(tenant: str, routers: Collection[str]) -> str | None:
    """Return the router that keeps this tenant's rates; a router that comes or goes moves only its own tenants."""
    return max(routers, key=lambda name: (_weight(tenant, name), name), default=None)


def _weight(tenant: str, name: str) -> bytes:
    return blake2b(f"{tenant}\n{name}".encode(), digest_size=8).digest()

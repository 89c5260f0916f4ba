"""The OpenID issuer whose tokens identify the tenant of a request, and the claims of each tenant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.tenants import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """The issuer of the tokens, their audience, and the claim that names a tenant."""

    issuer: str
    """Exactly as in the claim `iss`."""
    audiences: frozenset[str]
    """A token must be for one of these."""
    tenant_claim: str = "sub"
    keys_url: str | None = None
    """URL of its public keys; None: taken from its OpenID configuration."""
    ca: SecretKey | None = None
    """Authority that must have signed its certificate; None: one that the system trusts."""


class SharedClaim(NamedTuple):
    """A claim value that two tenants have."""

    value: str
    first: str
    place: int
    """Position of the second tenant."""


def claims_of(tenant: Tenant) -> frozenset[str]:
    """Return the claim values that identify this tenant."""
    return tenant.claims or frozenset({tenant.name})


def tenants_by_claim(tenants: Iterable[Tenant]) -> dict[str, str]:
    """Return each value with its tenant's name; if two tenants have it, the first."""
    found: dict[str, str] = {}
    for one in tenants:
        for value in claims_of(one):
            found.setdefault(value, one.name)
    return found


def shared_claims(tenants: Iterable[Tenant]) -> Iterator[SharedClaim]:
    """Yield every value that a second tenant has: such requests would have no clear tenant."""
    owners: dict[str, str] = {}
    for place, one in enumerate(tenants):
        for value in sorted(claims_of(one)):
            if value in owners:
                yield SharedClaim(value, owners[value], place)
            else:
                owners[value] = one.name
